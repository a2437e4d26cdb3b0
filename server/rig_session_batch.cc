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
  // Those of a batch are given back once it is on disk.
  if (!status.ok() || !inbound.message->has_batch()) account_.Release(inbound.bytes);
}

absl::Status RigSession::Receive(const Inbound& inbound) {
  const v1::StreamRequest& message = *inbound.message;
  if (!rig_.has_value()) {
    if (message.has_hello()) return Greet(message.hello());
    return InvalidField("message", message.has_batch() ? "batch" : "nothing", "hello",
                        "the first message of a stream is Hello");
  }
  if (message.has_batch()) return AcceptBatch(inbound);
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
  run_ = name.run;
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
  std::vector<int64_t> received_unix_ns;
  {
    base::MutexLock lock(mutex_);
    ack->set_seq(durable_seq_ - 1);
    *ack->mutable_ledger() = LedgerToProto(ledger_);
    for (v1::ErrorDetail& example : examples_) {
      *ack->add_rejected_examples() = std::move(example);
    }
    examples_.clear();
    received_unix_ns.swap(unacked_unix_ns_);
  }
  const int64_t now_unix_ns = absl::ToUnixNanos(context_.clock.Now());
  for (const int64_t then_unix_ns : received_unix_ns) {
    context_.observer.OnAcked(absl::Nanoseconds(now_unix_ns - then_unix_ns));
  }
  sink_.Send(std::move(response));
}

absl::Status RigSession::AcceptBatch(const Inbound& inbound) {
  const v1::SampleBatch& wire = inbound.message->batch();
  BatchTally tally{.received = CountSamples(wire)};
  const auto refuse = [&](const char* reason, absl::Status status) {
    Count([&](Ledger* ledger) {
      CountReceived(tally, ledger);
      CountRefused(tally, reason, ledger);
    });
    // Where even this fails the store is broken or full, which its own calls tell.
    if (tally.received > 0) (void)context_.store.RecordRefusal(stream_, reason, tally.received);
    return status;
  };
  if (wire.seq() > expected_seq_) {
    return refuse(
        store::kOutOfSequence,
        SeqStatus(absl::StatusCode::kOutOfRange, "batches are missing", wire.seq(), expected_seq_));
  }
  absl::StatusOr<signal::SampleBatch> batch = BatchFromProto(wire);
  if (!batch.ok()) return refuse(store::kMalformedBatch, batch.status());
  if (absl::Status status = signal::AdmitBatch(channels_, &*batch, &tally.rejected); !status.ok()) {
    return refuse(store::kMalformedBatch, AtField(std::move(status), "batch"));
  }
  if (tally.rejected.Total() > 0) {
    std::vector<v1::ErrorDetail> examples = RejectedExamples(channels_, wire, kMaxExamples);
    base::MutexLock lock(mutex_);
    for (v1::ErrorDetail& example : examples) {
      if (examples_.size() < kMaxExamples) examples_.push_back(std::move(example));
    }
  }
  tally.admitted = batch->SampleCount();
  pending_ = {.batch = store::EncodeBatch(*batch, tally.rejected),
              .tally = tally,
              .bytes = inbound.bytes,
              .samples = std::make_shared<const signal::SampleBatch>(*std::move(batch))};
  pending_->batch.stream = stream_;
  pending_->batch.received_unix_ns = inbound.received_unix_ns;
  if (wire.seq() == expected_seq_) ++expected_seq_;
  Append();
  return absl::OkStatus();
}

bool RigSession::TryAppendOnce() {
  const BatchTally tally = pending_->tally;
  const CommittedBatch batch{.rig = rig_->rig.id,
                             .run = run_,
                             .stream = stream_,
                             .received_unix_ns = pending_->batch.received_unix_ns,
                             .batch = pending_->samples};
  {
    base::MutexLock lock(mutex_);
    ++in_store_;
  }
  // Counted first: the store may call back before TryAppend returns.
  Count([&](Ledger* ledger) { CountReceived(tally, ledger); });
  const bool taken = context_.store.TryAppend(
      pending_->batch, [self = shared_from_this(), batch, tally, bytes = pending_->bytes](
                           const absl::StatusOr<store::AppendOutcome>& outcome) {
        self->OnAppended(batch, tally, bytes, outcome);
      });
  if (taken) return true;
  Count([&](Ledger* ledger) { UncountReceived(tally, ledger); });
  base::MutexLock lock(mutex_);
  --in_store_;
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

absl::Status RigSession::Settle(uint64_t seq, const BatchTally& tally,
                                const absl::StatusOr<store::AppendOutcome>& outcome) {
  if (!outcome.ok()) {
    Count([&](Ledger* ledger) { CountRefused(tally, store::kStoreRefused, ledger); });
    return outcome.status();
  }
  switch (outcome->result) {
    case store::AppendResult::kCommitted:
      Count([&](Ledger* ledger) { CountStored(tally, ledger); });
      return absl::OkStatus();
    case store::AppendResult::kDuplicate:
      Count([&](Ledger* ledger) { CountDuplicate(tally, ledger); });
      return absl::OkStatus();
    case store::AppendResult::kGap:
      Count([&](Ledger* ledger) { CountRefused(tally, store::kOutOfSequence, ledger); });
      return SeqStatus(absl::StatusCode::kOutOfRange, "batches are missing", seq,
                       outcome->next_seq);
    case store::AppendResult::kConflict:
      Count([&](Ledger* ledger) { CountRefused(tally, store::kConflictingBatch, ledger); });
      return SeqStatus(absl::StatusCode::kDataLoss, "this batch is on disk with other content", seq,
                       outcome->next_seq);
  }
  return absl::InternalError("unknown outcome of an append");
}

void RigSession::OnAppended(const CommittedBatch& batch, const BatchTally& tally, size_t bytes,
                            const absl::StatusOr<store::AppendOutcome>& outcome) {
  const absl::Status status = Settle(batch.batch->seq, tally, outcome);
  {
    base::MutexLock lock(mutex_);
    --in_store_;
    end_.Update(status);
    if (status.ok()) {
      durable_seq_ = std::max(durable_seq_, outcome->next_seq);
      ack_due_ = true;
      // A producer that reads no acks may not fill memory: the longest waits are kept.
      if (unacked_unix_ns_.size() < context_.options.credit) {
        unacked_unix_ns_.push_back(batch.received_unix_ns);
      }
    } else {
      bytes += EmptyInbox();
    }
    AskForTurn();
  }
  account_.Release(bytes);
  context_.gate.WakeAll();
  // Last: its ack does not wait for whoever looks at it.
  const bool stored = status.ok() && outcome->result == store::AppendResult::kCommitted;
  if (stored && context_.commits != nullptr) context_.commits->OnCommitted(batch);
}

}  // namespace parallax::server
