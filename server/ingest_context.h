#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/store/store.h"
#include "parallax/v1/ingest.pb.h"
#include "server/commit_observer.h"
#include "server/ledger.h"
#include "server/read_budget.h"
#include "server/request_pool.h"
#include "server/session_workers.h"

namespace parallax::server {

class SessionRegistry;

struct IngestOptions {
  uint32_t credit = 256;                              ///< batches of a stream not yet committed
  size_t max_inbox_bytes = size_t{16} * 1024 * 1024;  ///< of one stream, waiting for a worker
  size_t max_bytes = size_t{128} * 1024 * 1024;       ///< of all streams, read and not on disk
  size_t max_bytes_per_caller = size_t{64} * 1024 * 1024;  ///< of these; see ReadBudget
  size_t max_streams = 1024;                               ///< open at once
  size_t max_streams_per_caller = 64;               ///< of these, where callers prove who they are
  absl::Duration idle_timeout = absl::Seconds(60);  ///< without a message; then UNAVAILABLE
  int workers = 2;                                  ///< threads that validate and encode
  size_t max_kept_bytes = size_t{8} * 1024 * 1024;  ///< of messages' memory that waits for the next

  ReadBudget::Limits read_limits() const {
    return {.per_caller = max_bytes_per_caller, .in_all = max_bytes, .max_streams = max_streams};
  }
};

/// Told what sessions do, by several threads at a time; must not block.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  /// The acknowledgement of a batch goes out, so long after the batch was read.
  virtual void OnAcked(absl::Duration since_read) = 0;
  /// A stream into `run`, "rigs/a/runs/b", is welcomed.
  virtual void OnOpened(const std::string& /*run*/, const std::string& /*producer*/,
                        uint64_t /*resume_from_seq*/) {}
  /// A stream that was welcomed is over; OK where its producer ended it.
  virtual void OnEnded(const std::string& /*run*/, const std::string& /*producer*/,
                       const Ledger& /*ledger*/, const absl::Status& /*why*/) {}
};

/// What every session works with. All of it outlives every session.
struct IngestContext {
  store::Store& store;
  const base::Clock& clock;
  SessionWorkers& workers;
  AppendGate& gate;
  SessionRegistry& registry;
  ReadBudget& budget;
  StreamRequestPool& requests;
  RunLedger& totals;  ///< of all streams since the start
  SessionObserver& observer;
  IngestOptions options;
  CommitObserver* commits = nullptr;  ///< told of every batch on disk; null: nobody is
};

/// The peer's side of one open stream. The session is its only caller, from one thread at a time,
/// and never touches it after Close.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// Whether who opened the stream may write to `rig`, an id. Errors: PermissionDenied.
  virtual absl::Status CheckRig(const std::string& rig) = 0;
  /// REQUIRES: no read in flight.
  virtual void ReadNext() = 0;
  /// REQUIRES: the last Send has been answered with RigSession::OnWritten.
  virtual void Send(v1::StreamResponse response) = 0;
  /// Makes a write that hangs on a stalled peer return.
  virtual void CancelWrite() = 0;
  /// Ends the stream. REQUIRES: no write in flight. The sink may be gone when this returns.
  virtual void Close(const absl::Status& status) = 0;
};

}  // namespace parallax::server
