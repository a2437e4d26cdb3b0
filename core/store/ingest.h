#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "core/store/connection.h"
#include "core/store/store.h"

namespace parallax::store {

/// Applies batches inside the writer's transaction. One row is inserted a batch; what the streams
/// and ledgers gained is kept in memory and written once a transaction by Flush(). Lives on the
/// writer thread. Members throw SQLite::Exception.
class Ingest {
 public:
  /// Decides what `batch` is and, where it is next in its stream, inserts it.
  /// Errors: NotFound (no such stream); FailedPrecondition (its run is retired, or it has all
  /// batches that it may have); DataLoss (the row
  /// that it repeats is gone).
  absl::StatusOr<AppendOutcome> Apply(Connection& connection, const EncodedBatch& batch);

  /// Counts a batch that was refused before it came here.
  /// Errors: NotFound (no such stream).
  absl::Status CountRefused(Connection& connection, int64_t stream, const std::string& reason,
                            uint64_t samples);

  /// Counts what Owe() has noted, within the transaction that is open.
  void CountOwed(Connection& connection);
  /// Notes a batch whose transaction failed, to be counted as refused by the next that succeeds.
  void Owe(const EncodedBatch& batch);
  /// The transaction of CountOwed() is on disk.
  void ForgetOwed() { owed_.clear(); }

  /// Writes next_seq and ledgers of the streams touched, marks reports that read their runs
  /// superseded, and queues recalibrations for runs that are closed (recalibration.h). REQUIRES:
  /// the transaction of the Apply() calls is still open.
  void Flush(Connection& connection, int64_t now_unix_ns);

  /// Forgets everything: after a rollback memory no longer agrees with the disk.
  void Forget() { cursors_.clear(); }

 private:
  struct Cursor {
    int64_t run_key = 0;
    bool run_retired = false;
    uint64_t saved_seq = 0;  ///< stream.next_seq as in the database
    uint64_t next_seq = 0;
    LedgerCounts gained;  ///< since the last Flush
    bool touched = false;
  };

  Cursor* Find(Connection& connection, int64_t stream);
  void Save(Connection& connection, int64_t stream, Cursor& cursor);

  std::unordered_map<int64_t, Cursor> cursors_;
  std::map<int64_t, uint64_t> owed_;  ///< samples by stream
};

/// Notes that the data of a run changed, and marks the reports that read it superseded.
void MarkRunChanged(Connection& connection, int64_t run_key);

}  // namespace parallax::store
