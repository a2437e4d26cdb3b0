#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/backoff.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "parallax/v1/ingest.pb.h"

namespace grpc {
class Channel;
}

namespace parallax::client {

/// What to do with batches that the daemon holds from an earlier life of this producer.
enum class OnStored {
  kSkip,    ///< resume behind them
  kResend,  ///< send them again: the daemon compares their content and counts duplicates
};

struct StreamOptions {
  v1::Hello hello;
  OnStored on_stored = OnStored::kSkip;
  size_t max_unacked = 64;  ///< batches held until they are on disk; at least 1 is
  BackoffOptions backoff;
  int max_attempts = 12;  ///< failed connections in a row, without an ack between them
  absl::Duration stall_timeout = absl::Seconds(30);  ///< without an answer that is due
  uint64_t seed = 0;                                 ///< of the jitter
};

/// What became of a stream.
struct StreamSummary {
  uint64_t acked_batches = 0;    ///< sent by this writer and on disk
  uint64_t skipped_batches = 0;  ///< were on disk before
  int connections = 0;
  v1::Ledger ledger;  ///< sum of the last ledgers of all connections
};

/// Writes batches of one producer and survives a daemon that restarts or a link that breaks: what
/// is not acked is held, and sent again from where the daemon's Welcome says. Write and Finish
/// belong to one thread; a thread of the writer's own supervises the connection.
class StreamWriter {
 public:
  StreamWriter(std::shared_ptr<grpc::Channel> channel, StreamOptions options,
               const base::Clock& clock, Sleeper& sleeper);
  /// Drops what is not acked.
  ~StreamWriter();
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;

  /// Queues a batch; waits while `max_unacked` batches are held. `seq` counts from 0 without a gap.
  /// Errors: InvalidArgument for a wrong seq; the status that ended the stream for good.
  absl::Status Write(v1::SampleBatch batch);

  /// Waits until every batch is on disk and ends the stream.
  /// Errors: the status that ended the stream for good; DataLoss where the daemon asks for batches
  /// that it acked before.
  absl::StatusOr<StreamSummary> Finish();

 private:
  class Connection;
  using Request = std::shared_ptr<const v1::StreamRequest>;

  void Supervise();
  absl::Status RunConnection();
  /// Starts the write that is due, if one is.
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Stalled() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnWelcome(const v1::Welcome& welcome) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnAck(const v1::Ack& ack) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropStored(uint64_t resume_from_seq) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddLedger() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<grpc::Channel> channel_;
  const StreamOptions options_;
  const base::Clock& clock_;
  Sleeper& sleeper_;

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Request> unacked_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_unacked_seq_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t next_send_seq_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t next_write_seq_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t skip_below_seq_ ABSL_GUARDED_BY(mutex_) = 0;
  uint32_t credit_ ABSL_GUARDED_BY(mutex_) = 1;
  bool welcomed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time waiting_since_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  v1::Ledger connection_ledger_ ABSL_GUARDED_BY(mutex_);
  StreamSummary summary_ ABSL_GUARDED_BY(mutex_);
  Connection* connection_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread supervisor_;  ///< last: it reads everything above
};

}  // namespace parallax::client
