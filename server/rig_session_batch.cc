// What a session does with messages; how it takes turns is in rig_session.cc.
#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/batch_codec.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/names.h"
#include "server/rig_session.h"
#include "server/session_registry.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr size_t kMaxProducerBytes = 128;
constexpr size_t kMaxExamples = 8;
/// An ack, a read, and the look that finds nothing else to do.
constexpr int kStepsOfAck = 3;

absl::Status SeqStatus(absl::StatusCode code, std::string_view text, uint64_t seq,
                       uint64_t expected) {
  v1::ErrorDetail detail;
  detail.set_field("batch.seq");
  detail.set_value(absl::StrFormat("%u", seq));
  detail.set_bound(absl::StrFormat("%u", expected));
  detail.set_next_step(absl::StrFormat("send batch %u next", expected));
  return WithDetail(
      absl::Status(code, absl::StrFormat("batch.seq = %u, expected %u: %s", seq, expected, text)),
      detail);
}

absl::Status SchemaStatus(const std::string& sent, const std::string& stored) {
  v1::ErrorDetail detail;
  detail.set_field("hello.schema_hash");
  detail.set_value(sent.substr(0, kMaxNameBytes));
  detail.set_bound(stored);
  detail.set_next_step("read the rig with GetRig and compare channels, units and their order");
  return WithDetail(
      absl::FailedPreconditionError(
          "hello.schema_hash is not the rig's: the producer speaks of other channels"),
      detail);
}

/// Why a batch is not on disk; OK where it is.
absl::Status StatusOf(const store::AppendedBatch& appended) {
  if (!appended.outcome.ok()) return appended.outcome.status();
  const uint64_t seq = appended.batch.seq;
  switch (appended.outcome->result) {
    case store::AppendResult::kCommitted:
    case store::AppendResult::kDuplicate:
      return absl::OkStatus();
    case store::AppendResult::kGap:
      return SeqStatus(absl::StatusCode::kOutOfRange, "batches are missing", seq,
                       appended.outcome->next_seq);
    case store::AppendResult::kConflict:
      return SeqStatus(absl::StatusCode::kDataLoss, "this batch is on disk with other content", seq,
                       appended.outcome->next_seq);
  }
  return absl::InternalError("unknown outcome of an append");
}

}  // namespace

template <typename Change>
void RigSession::Count(const Change& change) {
  {
    base::MutexLock lock(mutex_);
    change(&ledger_);
  }
  run_ledger_->Apply(change);
  context_.totals.Apply(change);
}

size_t RigSession::EmptyInbox() {
  inbox_.clear();
  return std::exchange(inbox_bytes_, 0);
}

/// Ends the stream for a fault of its own, once what the store has is on disk.
void RigSession::Fail(absl::Status status) {
  size_t dropped = 0;
  {
    base::MutexLock lock(mutex_);
    end_.Update(status);
    dropped = EmptyInbox();
    AskForTurn();
  }
  account_.Release(dropped);
}

void RigSession::Handle(const Inbound& inbound) {
  const absl::Status status = Receive(inbound);
  if (!status.ok()) Fail(status);
  // Those of a batch that the store gets are given back once it is on disk.
  const bool is_stored =
      status.ok() && inbound.request->message().has_batch() && !refused_.has_value();
  if (!is_stored) account_.Release(inbound.bytes);
}

absl::Status RigSession::Receive(const Inbound& inbound) {
  const v1::StreamRequest& message = inbound.request->message();
  if (!rig_.has_value()) {
    if (message.has_hello()) return Greet(message.hello());
    return InvalidField("message", message.has_batch() ? "batch" : "nothing", "hello",
                        "the first message of a stream is Hello");
  }
  if (message.has_batch()) {
    AcceptBatch(inbound);
    return absl::OkStatus();
  }
  return InvalidField("message", message.has_hello() ? "hello" : "nothing", "batch",
                      "every message after Hello is a batch");
}

absl::Status RigSession::Greet(const v1::Hello& hello) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("hello.run", hello.run()));
  PARALLAX_RETURN_IF_ERROR(CheckText("hello.producer_id", hello.producer_id(), kMaxProducerBytes));
  if (hello.producer_id().empty()) {
    return InvalidField("hello.producer_id", "", "1 to 128 bytes");
  }
  // Before anything is read, so that a refusal does not tell which rigs there are.
  PARALLAX_RETURN_IF_ERROR(sink_.CheckRig(name.rig));
  PARALLAX_ASSIGN_OR_RETURN(store::RigRow rig, context_.store.GetRig(name.rig));
  if (const std::string stored = signal::SchemaHash(rig.rig); stored != hello.schema_hash()) {
    return SchemaStatus(hello.schema_hash(), stored);
  }
  PARALLAX_ASSIGN_OR_RETURN(const store::StreamState state,
                            OpenStream({.rig = name.rig,
                                        .run = name.run,
                                        .producer_id = hello.producer_id(),
                                        .epoch = hello.epoch()}));
  PARALLAX_ASSIGN_OR_RETURN(run_ledger_,
                            context_.registry.LedgerOfRun(context_.store, name.rig, name.run));
  rig_ = std::move(rig);
  run_ = {.rig = name.rig, .run = name.run};
  channels_ = signal::ListChannels(rig_->rig);
  stream_ = state.stream;
  producer_ = hello.producer_id();
  expected_seq_ = state.next_seq;
  context_.observer.OnOpened(hello.run(), producer_, state.next_seq);
  SendWelcome(state.next_seq);
  return absl::OkStatus();
}

absl::StatusOr<store::StreamState> RigSession::OpenStream(const store::StreamKey& key) {
  // The store refuses a producer of an older epoch; only then may a newcomer end the other stream.
  PARALLAX_ASSIGN_OR_RETURN(const store::StreamState state, context_.store.OpenStream(key));
  PARALLAX_ASSIGN_OR_RETURN(
      const std::shared_ptr<RigSession> former,
      context_.registry.TakeOver({key.rig, key.run, key.producer_id}, shared_from_this()));
  if (former == nullptr || former.get() == this) return state;
  former->TakenOver();
  return context_.store.OpenStream(key);  // what the former stream had queued counts by now
}

void RigSession::SendWelcome(uint64_t resume_from_seq) {
  v1::StreamResponse response;
  v1::Welcome* welcome = response.mutable_welcome();
  welcome->set_resume_from_seq(resume_from_seq);
  welcome->set_credit(context_.options.credit);
  *welcome->mutable_server_time() = TimestampFromUnixNs(absl::ToUnixNanos(context_.clock.Now()));
  {
    base::MutexLock lock(mutex_);
    durable_seq_ = resume_from_seq;
    write_in_flight_ = true;
  }
  sink_.Send(std::move(response));
}

void RigSession::SendAck() {
  v1::StreamResponse response;
  v1::Ack* ack = response.mutable_ack();
  acked_unix_ns_.clear();
  {
    base::MutexLock lock(mutex_);
    ack->set_seq(durable_seq_ - 1);
    *ack->mutable_ledger() = LedgerToProto(ledger_);
    for (v1::ErrorDetail& example : examples_) {
      *ack->add_rejected_examples() = std::move(example);
    }
    examples_.clear();
    acked_unix_ns_.swap(unacked_unix_ns_);
  }
  const int64_t now_unix_ns = absl::ToUnixNanos(context_.clock.Now());
  for (const int64_t then_unix_ns : acked_unix_ns_) {
    context_.observer.OnAcked(absl::Nanoseconds(now_unix_ns - then_unix_ns));
  }
  sink_.Send(std::move(response));
}

void RigSession::AcceptBatch(const Inbound& inbound) {
  // Of the thread, not of the session: there are few threads, and a session may be idle for days.
  thread_local signal::SampleBatch batch;
  thread_local store::BatchEncoder encoder;
  const v1::SampleBatch& wire = inbound.request->message().batch();
  BatchTally tally{.received = CountSamples(wire)};
  const auto refuse = [&](const char* reason, absl::Status status) {
    Count([&](Ledger* ledger) {
      CountReceived(tally, ledger);
      CountRefused(tally, reason, ledger);
    });
    refused_ = {.reason = reason, .samples = tally.received, .status = std::move(status)};
  };
  if (wire.seq() > expected_seq_) {
    return refuse(
        store::kOutOfSequence,
        SeqStatus(absl::StatusCode::kOutOfRange, "batches are missing", wire.seq(), expected_seq_));
  }
  if (absl::Status status = ReadBatch(wire, &batch); !status.ok()) {
    return refuse(store::kMalformedBatch, std::move(status));
  }
  if (absl::Status status = signal::AdmitBatch(channels_, &batch, &tally.rejected); !status.ok()) {
    return refuse(store::kMalformedBatch, AtField(std::move(status), "batch"));
  }
  if (tally.rejected.Total() > 0) AddExamples(wire);
  pending_ = {.batch = encoder.Encode(batch, tally.rejected), .bytes = inbound.bytes};
  pending_->batch.stream = stream_;
  pending_->batch.received_unix_ns = inbound.received_unix_ns;
  if (wire.seq() == expected_seq_) ++expected_seq_;
  Append();
}

void RigSession::AddExamples(const v1::SampleBatch& wire) {
  std::vector<v1::ErrorDetail> examples = RejectedExamples(channels_, wire, kMaxExamples);
  base::MutexLock lock(mutex_);
  for (v1::ErrorDetail& example : examples) {
    if (examples_.size() < kMaxExamples) examples_.push_back(std::move(example));
  }
}

void RigSession::RecordRefusal() {
  const Refused refused = *std::exchange(refused_, std::nullopt);
  // Where even this fails the store is broken or full, which its own calls tell.
  if (refused.samples > 0) {
    (void)context_.store.RecordRefusal(stream_, refused.reason, refused.samples);
  }
  Fail(refused.status);
}

bool RigSession::TryAppendOnce() {
  const BatchTally tally = TallyOf(pending_->batch);
  {
    base::MutexLock lock(mutex_);
    in_store_.push_back(pending_->bytes);
  }
  // Counted first: the store may tell of it before TryAppend returns.
  Count([&](Ledger* ledger) { CountReceived(tally, ledger); });
  if (context_.store.TryAppend(pending_->batch, shared_from_this())) return true;
  Count([&](Ledger* ledger) { UncountReceived(tally, ledger); });
  base::MutexLock lock(mutex_);
  in_store_.pop_back();
  return false;
}

void RigSession::Append() {
  bool taken = TryAppendOnce();
  if (!taken) {
    {
      base::MutexLock lock(mutex_);
      store_has_room_ = false;
    }
    // Room may have come between the refusal and now, with nobody to tell: look once more.
    context_.gate.Wait(weak_from_this());
    taken = TryAppendOnce();
  }
  if (taken) pending_.reset();
  base::MutexLock lock(mutex_);
  append_waits_ = !taken;
}

void RigSession::OnAppended(std::span<store::AppendedBatch> batches) {
  Count([&](Ledger* ledger) {
    for (const store::AppendedBatch& appended : batches) CountAppended(appended, ledger);
  });
  size_t bytes = 0;
  bool at_once = false;
  {
    base::MutexLock lock(mutex_);
    for (const store::AppendedBatch& appended : batches) {
      bytes += in_store_.front();
      in_store_.pop_front();
      NoteAppended(appended);
    }
    if (!end_.ok()) bytes += EmptyInbox();
    // To wake a worker for an ack would make it wait for a processor.
    at_once = !has_turn_ && OnlyAckIsDue();
    if (at_once) {
      has_turn_ = true;
    } else {
      AskForTurn();
    }
  }
  account_.Release(bytes);
  if (at_once) RunTurn(May::kNotBlock, kStepsOfAck);
  context_.gate.WakeAll();
  if (context_.commits == nullptr) return;
  // Last: their ack does not wait for whoever looks at them.
  const auto end = std::remove_if(batches.begin(), batches.end(), [](const auto& appended) {
    return !appended.outcome.ok() || appended.outcome->result != store::AppendResult::kCommitted;
  });
  if (end != batches.begin()) context_.commits->OnCommitted(run_, {batches.begin(), end});
}

void RigSession::NoteAppended(const store::AppendedBatch& appended) {
  const absl::Status status = StatusOf(appended);
  end_.Update(status);
  if (!status.ok()) return;
  durable_seq_ = std::max(durable_seq_, appended.outcome->next_seq);
  ack_due_ = true;
  // A producer that reads no acks may not fill memory: the longest waits are kept.
  if (unacked_unix_ns_.size() < context_.options.credit) {
    unacked_unix_ns_.push_back(appended.batch.received_unix_ns);
  }
}

}  // namespace parallax::server
