#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "core/signal/rig.h"
#include "core/store/store.h"
#include "parallax/v1/ingest.pb.h"
#include "server/ingest_context.h"
#include "server/ledger.h"
#include "server/read_budget.h"

namespace parallax::server {

/// Whether the reactor starts the next read itself or waits for StreamSink::ReadNext.
enum class NextRead { kStart, kWait };

/// The daemon's end of one ingest stream: Hello, then batches, in order, each validated, encoded
/// and given to the store; acks only for what is on disk. The work is done in turns, on one thread
/// at a time: reactions of gRPC set flags and ask the workers for a turn, or take it themselves for
/// a small batch, which costs less than to hand it over. Lives as long as anybody holds it: the
/// reactor, the registry, or a batch on its way to disk.
class RigSession : public std::enable_shared_from_this<RigSession>,
                   public ReadBudget::Reader,
                   public store::AppendObserver {
 public:
  /// @param caller  whose stream it is; empty where nobody has proven that
  RigSession(const IngestContext& context, StreamSink& sink, const std::string& caller);

  // Reactions. Never block.
  NextRead OnMessage(StreamRequestPool::Handle request);
  void OnInputEnd();                 ///< the producer has sent all it wants to send
  void OnWritten(bool ok);           ///< the last Send is over
  void OnPeerGone();                 ///< the RPC is cancelled or its connection lost
  void Refuse(absl::Status status);  ///< ends the stream before it began

  // From other threads of the daemon. Never block.
  void OnStoreHasRoom();
  void OnRoom() override;  ///< of ReadBudget
  void OnAppended(std::span<store::AppendedBatch> batches) override;
  void Drain();  ///< takes no more, commits and acks what it has, then ends with UNAVAILABLE
  void TakenOver();
  void ExpireIfIdle(absl::Time now, absl::Duration idle_timeout);

  /// One turn, called by SessionWorkers.
  void RunTurn();

 private:
  enum class Step { kNothing, kCancelWrite, kClose, kRefuse, kAck, kRead, kAppend, kMessage };
  /// A message and when it was read, by the daemon's clock.
  struct Inbound {
    StreamRequestPool::Handle request;
    int64_t received_unix_ns = 0;
    size_t bytes = 0;  ///< that it takes of the budget, until it is on disk
  };
  struct Pending {
    store::EncodedBatch batch;
    size_t bytes = 0;  ///< as above
  };
  /// Whether the thread of a turn may wait: gRPC's and the store's may not.
  enum class May { kBlock, kNotBlock };
  /// A batch that the store does not get and is still to count.
  struct Refused {
    const char* reason = nullptr;
    uint64_t samples = 0;
    absl::Status status;
  };

  Step NextStep(Inbound* inbound) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsOver() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NextMayBlock() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool OnlyAckIsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskForTurn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndNow(absl::Status status);

  void RunTurn(May may, int steps);
  void TakeStep(Step step, const Inbound& inbound);
  void Close();
  void SendAck();
  void Handle(const Inbound& inbound);
  absl::Status Receive(const Inbound& inbound);
  absl::Status Greet(const v1::Hello& hello);
  absl::StatusOr<store::StreamState> OpenStream(const store::StreamKey& key);
  void SendWelcome(uint64_t resume_from_seq);
  void AcceptBatch(const Inbound& inbound);
  void AddExamples(const v1::SampleBatch& wire);
  void RecordRefusal();
  void Append();
  bool TryAppendOnce();
  void NoteAppended(const store::AppendedBatch& appended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(absl::Status status);
  size_t EmptyInbox() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Change>
  void Count(const Change& change);  ///< in the ledgers of the connection, the run and the daemon

  const IngestContext& context_;
  StreamSink& sink_;
  ReadBudget::Account account_;

  // Touched in turns only, and a session has one turn at a time.
  std::optional<store::RigRow> rig_;  ///< set by Hello
  std::vector<signal::ChannelRef> channels_;
  store::RunKey run_;
  std::string producer_;
  std::shared_ptr<RunLedger> run_ledger_;
  int64_t stream_ = 0;
  uint64_t expected_seq_ = 0;
  std::optional<Pending> pending_;  ///< encoded, not yet in the store's queue
  std::optional<Refused> refused_;
  std::vector<int64_t> acked_unix_ns_;  ///< when batches came whose ack goes out

  base::Mutex mutex_;
  std::deque<Inbound> inbox_ ABSL_GUARDED_BY(mutex_);
  size_t inbox_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  /// Bytes that batches queued there take of the budget, until it tells what became of them.
  std::deque<size_t> in_store_ ABSL_GUARDED_BY(mutex_);
  uint64_t durable_seq_ ABSL_GUARDED_BY(mutex_) = 0;  ///< all below is on disk
  Ledger ledger_ ABSL_GUARDED_BY(mutex_);             ///< of this connection
  std::vector<v1::ErrorDetail> examples_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> unacked_unix_ns_ ABSL_GUARDED_BY(mutex_);  ///< when durable batches came
  absl::Time last_heard_ ABSL_GUARDED_BY(mutex_);
  absl::Status end_ ABSL_GUARDED_BY(mutex_);  ///< why the stream ends; OK: it does not, or well
  bool has_turn_ ABSL_GUARDED_BY(mutex_) = false;      ///< waits for a turn or has it
  bool append_waits_ ABSL_GUARDED_BY(mutex_) = false;  ///< pending_ is set
  bool store_has_room_ ABSL_GUARDED_BY(mutex_) = true;
  bool read_waits_ ABSL_GUARDED_BY(mutex_) = false;  ///< OnMessage answered kWait
  bool held_back_ ABSL_GUARDED_BY(mutex_) = false;   ///< the budget will call OnRoom
  bool write_in_flight_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancel_sent_ ABSL_GUARDED_BY(mutex_) = false;
  bool ack_due_ ABSL_GUARDED_BY(mutex_) = false;
  bool input_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;  ///< ends without waiting for the store
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;     ///< Close was called
};

}  // namespace parallax::server
