#include "client/lib/stream_writer.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/ledger.h"
#include "client/lib/status.h"
#include "parallax/v1/ingest.grpc.pb.h"

namespace parallax::client {
namespace {

constexpr absl::Duration kStallCheckPeriod = absl::Milliseconds(200);

/// Statuses of a link or a daemon that may be well again in a moment.
bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:        // restarting, draining, unreachable
    case absl::StatusCode::kDeadlineExceeded:   // stalled
    case absl::StatusCode::kCancelled:          // our own cancel of a stalled stream
    case absl::StatusCode::kResourceExhausted:  // disk full, until there is room
    case absl::StatusCode::kOutOfRange:         // a gap: the next Welcome says where to resume
    case absl::StatusCode::kInternal:           // how gRPC reports a reset link
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

}  // namespace

/// One attempt at the stream. All methods but the callbacks need the owner's mutex.
class StreamWriter::Connection final
    : public grpc::ClientBidiReactor<v1::StreamRequest, v1::StreamResponse> {
 public:
  explicit Connection(StreamWriter& owner) : owner_(owner) {}

  void Start(v1::IngestService::Stub& stub) {
    *hello_.mutable_hello() = owner_.options_.hello;
    stub.async()->Stream(&context_, this);
    AddHold();  // writes start outside of callbacks until the server has ended the stream
    StartRead(&response_);
    StartWrite(&hello_);
    StartCall();
  }

  bool can_write() const { return !writing_ && !writes_done_ && !reading_ended_; }

  void Send(Request request) {
    in_flight_ = std::move(request);
    writing_ = true;
    StartWrite(in_flight_.get());
  }

  void EndWrites() {
    writes_done_ = true;
    StartWritesDone();
  }

  void Cancel() { context_.TryCancel(); }

  /// The status once the stream is over.
  const std::optional<absl::Status>& result() const { return result_; }

 private:
  void OnReadDone(bool ok) override {
    {
      base::MutexLock lock(owner_.mutex_);
      if (!ok) {
        reading_ended_ = true;
      } else if (response_.has_welcome()) {
        owner_.OnWelcome(response_.welcome());
      } else if (response_.has_ack()) {
        owner_.OnAck(response_.ack());
      }
      if (ok) owner_.Pump();
      owner_.changed_.NotifyAll();
    }
    if (ok) {
      StartRead(&response_);
    } else {
      RemoveHold();
    }
  }

  void OnWriteDone(bool ok) override {
    base::MutexLock lock(owner_.mutex_);
    writing_ = false;
    in_flight_.reset();
    if (ok) owner_.Pump();
  }

  void OnDone(const grpc::Status& status) override {
    base::MutexLock lock(owner_.mutex_);
    result_ = FromGrpc(status);
    owner_.changed_.NotifyAll();
  }

  StreamWriter& owner_;
  grpc::ClientContext context_;
  v1::StreamRequest hello_;
  v1::StreamResponse response_;
  Request in_flight_;
  // All below belong to the owner's mutex.
  bool writing_ = true;  // Hello
  bool writes_done_ = false;
  bool reading_ended_ = false;
  std::optional<absl::Status> result_;
};

StreamWriter::StreamWriter(std::shared_ptr<grpc::Channel> channel, StreamOptions options,
                           const base::Clock& clock, Sleeper& sleeper)
    : channel_(std::move(channel)),
      options_(std::move(options)),
      clock_(clock),
      sleeper_(sleeper),
      supervisor_([this] { Supervise(); }) {}

StreamWriter::~StreamWriter() {
  {
    base::MutexLock lock(mutex_);
    abandoned_ = true;
    if (connection_ != nullptr) connection_->Cancel();
    changed_.NotifyAll();
  }
  if (supervisor_.joinable()) supervisor_.join();
}

absl::Status StreamWriter::Write(v1::SampleBatch batch) {
  auto request = std::make_shared<v1::StreamRequest>();
  *request->mutable_batch() = std::move(batch);
  const uint64_t seq = request->batch().seq();
  base::MutexLock lock(mutex_);
  if (seq != next_write_seq_) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch seq = %d, must be %d", seq, next_write_seq_));
  }
  const size_t capacity = std::max<size_t>(options_.max_unacked, 1);
  while (failure_.ok() && unacked_.size() >= capacity) changed_.Wait(mutex_);
  if (!failure_.ok()) return failure_;
  ++next_write_seq_;
  if (seq < skip_below_seq_) {
    first_unacked_seq_ = next_send_seq_ = seq + 1;
    ++summary_.skipped_batches;
    return absl::OkStatus();
  }
  unacked_.push_back(std::move(request));
  Pump();
  changed_.NotifyAll();
  return absl::OkStatus();
}

absl::StatusOr<StreamSummary> StreamWriter::Finish() {
  {
    base::MutexLock lock(mutex_);
    finishing_ = true;
    waiting_since_ = clock_.Now();
    Pump();
    changed_.NotifyAll();
    while (!ended_) changed_.Wait(mutex_);
  }
  supervisor_.join();
  base::MutexLock lock(mutex_);
  if (!failure_.ok()) return failure_;
  return summary_;
}

void StreamWriter::Supervise() {
  Backoff backoff(options_.backoff, options_.seed, 0);
  while (true) {
    {
      base::MutexLock lock(mutex_);
      while (unacked_.empty() && !finishing_ && !abandoned_) changed_.Wait(mutex_);
      // A producer that has nothing to say, or nothing more to say, needs no connection.
      if (abandoned_ || unacked_.empty()) break;
    }
    const absl::Status status = RunConnection();
    absl::Duration wait;
    {
      base::MutexLock lock(mutex_);
      if (!failure_.ok() || abandoned_) break;
      if (status.ok() && finishing_ && unacked_.empty()) break;
      ++failures_;
      const bool ended_early = status.ok();  // the daemon ended a stream that was not done
      if (!ended_early && (!MayPass(status) || failures_ >= options_.max_attempts)) {
        Fail(status);
        break;
      }
      if (failures_ >= options_.max_attempts) {
        Fail(absl::UnavailableError("the daemon keeps ending the stream early"));
        break;
      }
      wait = backoff.After(failures_);
    }
    sleeper_.Sleep(wait);
  }
  base::MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

absl::Status StreamWriter::RunConnection() {
  const std::unique_ptr<v1::IngestService::Stub> stub = v1::IngestService::NewStub(channel_);
  Connection connection(*this);
  base::MutexLock lock(mutex_);
  welcomed_ = false;
  waiting_since_ = clock_.Now();
  connection_ = &connection;
  ++summary_.connections;
  connection.Start(*stub);
  bool stalled = false;
  while (!connection.result().has_value()) {
    changed_.WaitFor(mutex_, kStallCheckPeriod);
    if (connection.result().has_value() || stalled || !(Stalled() || abandoned_)) continue;
    stalled = true;
    connection.Cancel();
  }
  connection_ = nullptr;
  AddLedger();
  if (stalled) {
    return absl::DeadlineExceededError(absl::StrFormat(
        "no answer on the stream for %s", absl::FormatDuration(options_.stall_timeout)));
  }
  return *connection.result();
}

bool StreamWriter::Stalled() const {
  const bool answer_due = !welcomed_ || next_send_seq_ > first_unacked_seq_ || finishing_;
  return answer_due && clock_.Now() - waiting_since_ >= options_.stall_timeout;
}

void StreamWriter::Pump() {
  if (connection_ == nullptr || !connection_->can_write() || !welcomed_) return;
  const uint64_t in_flight = next_send_seq_ - first_unacked_seq_;
  if (in_flight < unacked_.size() && in_flight < credit_) {
    if (in_flight == 0) waiting_since_ = clock_.Now();
    ++next_send_seq_;
    connection_->Send(unacked_[in_flight]);
  } else if (finishing_ && unacked_.empty()) {
    connection_->EndWrites();
  }
}

void StreamWriter::OnWelcome(const v1::Welcome& welcome) {
  waiting_since_ = clock_.Now();
  credit_ = std::max<uint32_t>(welcome.credit(), 1);
  const uint64_t resume = welcome.resume_from_seq();
  if (resume < first_unacked_seq_) {
    Fail(absl::DataLossError(absl::StrFormat(
        "the daemon asks for batch %d of producer %s, though it said that all before "
        "%d are on disk",
        resume, options_.hello.producer_id(), first_unacked_seq_)));
    if (connection_ != nullptr) connection_->Cancel();
    return;
  }
  if (options_.on_stored == OnStored::kSkip) DropStored(resume);
  next_send_seq_ = first_unacked_seq_;
  welcomed_ = true;
}

void StreamWriter::DropStored(uint64_t resume_from_seq) {
  while (!unacked_.empty() && first_unacked_seq_ < resume_from_seq) {
    unacked_.pop_front();
    ++first_unacked_seq_;
    ++summary_.skipped_batches;
  }
  skip_below_seq_ = resume_from_seq;
}

void StreamWriter::OnAck(const v1::Ack& ack) {
  waiting_since_ = clock_.Now();
  failures_ = 0;
  connection_ledger_ = ack.ledger();
  while (!unacked_.empty() && first_unacked_seq_ <= ack.seq() &&
         first_unacked_seq_ < next_send_seq_) {
    unacked_.pop_front();
    ++first_unacked_seq_;
    ++summary_.acked_batches;
  }
}

void StreamWriter::AddLedger() {
  AddToLedger(connection_ledger_, summary_.ledger);
  connection_ledger_.Clear();
}

void StreamWriter::Fail(absl::Status status) {
  failure_ = std::move(status);
  changed_.NotifyAll();
}

}  // namespace parallax::client
