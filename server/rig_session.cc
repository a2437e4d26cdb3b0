#include "server/rig_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "server/names.h"
#include "server/session_registry.h"
#include "server/status.h"

namespace parallax::server {
namespace {

/// Steps of one turn before another session gets the thread.
constexpr int kStepsPerTurn = 16;
/// To hand over a batch of up to so many bytes would delay its ack more than to validate and encode
/// it here (ADR 0021).
constexpr size_t kHandledAtOnceBytes = size_t{64} * 1024;

size_t ApproximateBytes(const v1::StreamRequest& request) {
  size_t bytes = sizeof(v1::StreamRequest) + request.hello().ByteSizeLong();
  for (const v1::ChannelSamples& column : request.batch().columns()) {
    bytes += sizeof(v1::ChannelSamples) + column.quality().size() +
             sizeof(double) * static_cast<size_t>(column.value_size()) +
             sizeof(int64_t) * static_cast<size_t>(column.delta_time_ns_size());
  }
  return bytes;
}

absl::Status NoRoom(size_t bytes, const IngestOptions& options) {
  return base::FieldStatus(
      absl::StatusCode::kResourceExhausted,
      {.field = "message",
       .value = absl::StrFormat("%u bytes", bytes),
       .bound = absl::StrFormat("<= %u bytes while others wait",
                                options.max_bytes / options.max_streams),
       .next_step = "connect again and resume, send smaller batches, or raise ingest.max_bytes"},
      "message, in memory,");
}

}  // namespace

RigSession::RigSession(const IngestContext& context, StreamSink& sink, const std::string& caller)
    : context_(context),
      sink_(sink),
      account_(context.budget, caller),
      last_heard_(context.clock.Now()) {}

void RigSession::RunTurn() { RunTurn(May::kBlock, kStepsPerTurn); }

NextRead RigSession::OnMessage(StreamRequestPool::Handle request) {
  const size_t bytes = ApproximateBytes(request->message());
  // Without the lock, as whatever may give others room: they take theirs.
  if (!account_.Take(bytes)) {
    Fail(NoRoom(bytes, context_.options));
    return NextRead::kWait;
  }
  const bool is_small = request->message().has_batch() && bytes <= kHandledAtOnceBytes;
  bool accepted = false;
  bool at_once = false;
  NextRead next = NextRead::kWait;
  {
    base::MutexLock lock(mutex_);
    // Else the producer keeps what was never acked and sends it again elsewhere.
    accepted = !closed_ && !abandoned_ && !draining_ && end_.ok();
    if (accepted) {
      last_heard_ = context_.clock.Now();
      inbox_.push_back({std::move(request), absl::ToUnixNanos(last_heard_), bytes});
      inbox_bytes_ += bytes;
      at_once = is_small && !has_turn_;
      if (at_once) {
        has_turn_ = true;
      } else {
        AskForTurn();
      }
      read_waits_ = !MayReadOn();
      next = read_waits_ ? NextRead::kWait : NextRead::kStart;
    }
  }
  if (!accepted) account_.Release(bytes);
  if (at_once) RunTurn(May::kNotBlock, kStepsPerTurn);
  return next;
}

void RigSession::OnInputEnd() {
  base::MutexLock lock(mutex_);
  input_ended_ = true;
  AskForTurn();
}

void RigSession::OnWritten(bool ok) {
  base::MutexLock lock(mutex_);
  write_in_flight_ = false;
  if (!ok) {
    abandoned_ = true;
    end_.Update(absl::CancelledError("the producer's connection is gone"));
  }
  AskForTurn();
}

void RigSession::OnPeerGone() { EndNow(absl::CancelledError("the producer cancelled the stream")); }

void RigSession::Refuse(absl::Status status) { EndNow(std::move(status)); }

void RigSession::TakenOver() {
  EndNow(absl::AbortedError("another stream of this producer took over"));
}

void RigSession::ExpireIfIdle(absl::Time now, absl::Duration idle_timeout) {
  {
    base::MutexLock lock(mutex_);
    last_heard_ = std::min(last_heard_, now);  // a clock that was set back must not keep it
    // Silence that we asked for by not reading is not the producer's.
    if (now - last_heard_ < idle_timeout || read_waits_ || !in_store_.empty()) return;
  }
  EndNow(absl::UnavailableError(absl::StrFormat("no message for %s; connect again and resume",
                                                absl::FormatDuration(idle_timeout))));
}

void RigSession::EndNow(absl::Status status) {
  base::MutexLock lock(mutex_);
  abandoned_ = true;
  end_.Update(status);
  AskForTurn();
}

void RigSession::OnStoreHasRoom() {
  base::MutexLock lock(mutex_);
  store_has_room_ = true;
  AskForTurn();
}

void RigSession::OnRoom() {
  base::MutexLock lock(mutex_);
  held_back_ = false;
  AskForTurn();
}

void RigSession::Drain() {
  base::MutexLock lock(mutex_);
  draining_ = true;
  AskForTurn();
}

void RigSession::AskForTurn() {
  if (has_turn_ || closed_) return;
  has_turn_ = true;
  context_.workers.Post(shared_from_this());
}

bool RigSession::MayReadOn() {
  const bool has_room =
      inbox_.size() + in_store_.size() + (append_waits_ ? 1 : 0) < context_.options.credit &&
      inbox_bytes_ < context_.options.max_inbox_bytes;
  if (!has_room || held_back_) return false;
  held_back_ = !account_.MayRead(weak_from_this());
  return !held_back_;
}

/// Nothing is left to commit or to say.
bool RigSession::IsOver() const {
  const bool takes_no_more = !end_.ok() || ((input_ended_ || draining_) && inbox_.empty());
  return takes_no_more && !append_waits_ && in_store_.empty() && !write_in_flight_ && !ack_due_;
}

/// Counting a refusal waits for the store, and the end of a stream is logged.
bool RigSession::NextMayBlock() const {
  return !closed_ && (refused_.has_value() || abandoned_ || IsOver());
}

/// A turn now would do no more than that, and perhaps ask for the next message.
bool RigSession::OnlyAckIsDue() const {
  return end_.ok() && !input_ended_ && !draining_ && inbox_.empty() && !append_waits_;
}

RigSession::Step RigSession::NextStep(Inbound* inbound) {
  if (closed_) return Step::kNothing;
  if (refused_.has_value()) return Step::kRefuse;
  if (abandoned_ && write_in_flight_) {
    if (std::exchange(cancel_sent_, true)) return Step::kNothing;
    return Step::kCancelWrite;
  }
  if (abandoned_ || IsOver()) {
    closed_ = true;
    return Step::kClose;
  }
  if (ack_due_ && !write_in_flight_) {
    ack_due_ = false;
    write_in_flight_ = true;
    return Step::kAck;
  }
  if (read_waits_ && end_.ok() && !draining_ && MayReadOn()) {
    read_waits_ = false;
    return Step::kRead;
  }
  if (append_waits_) return std::exchange(store_has_room_, false) ? Step::kAppend : Step::kNothing;
  // Hello is answered before anything else is sent.
  if (inbox_.empty() || !end_.ok()) return Step::kNothing;
  *inbound = std::move(inbox_.front());
  inbox_.pop_front();
  inbox_bytes_ -= inbound->bytes;
  return Step::kMessage;
}

void RigSession::RunTurn(May may, int steps) {
  for (int i = 0; i < steps; ++i) {
    Step step;
    Inbound inbound;
    {
      base::MutexLock lock(mutex_);
      if (may == May::kNotBlock && NextMayBlock()) break;
      step = NextStep(&inbound);
      if (step == Step::kNothing) {
        has_turn_ = false;
        return;
      }
    }
    TakeStep(step, inbound);
  }
  context_.workers.Post(shared_from_this());
}

void RigSession::TakeStep(Step step, const Inbound& inbound) {
  switch (step) {
    case Step::kNothing:
      return;
    case Step::kCancelWrite:
      return sink_.CancelWrite();
    case Step::kRefuse:
      return RecordRefusal();
    case Step::kAck:
      return SendAck();
    case Step::kRead:
      return sink_.ReadNext();
    case Step::kAppend:
      return Append();
    case Step::kMessage:
      return Handle(inbound);
    case Step::kClose:
      return Close();
  }
}

void RigSession::Close() {
  absl::Status status;
  Ledger ledger;
  size_t dropped = 0;
  {
    base::MutexLock lock(mutex_);
    status = end_;
    if (status.ok() && draining_) {
      status = absl::UnavailableError("the daemon is draining; connect again later");
    }
    ledger = ledger_;
    dropped = EmptyInbox();
  }
  // Before the stream ends: whoever sees that finds nothing of it waiting.
  account_.Release(dropped);
  if (rig_.has_value()) {
    context_.observer.OnEnded(RunNameOf(run_.rig, run_.run), producer_, ledger, status);
  }
  sink_.Close(status);
}

}  // namespace parallax::server
