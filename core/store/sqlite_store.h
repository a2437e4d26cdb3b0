#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/store/store.h"

namespace parallax::store {

struct SqliteStoreOptions {
  std::string directory;  ///< made where missing; one daemon at a time, enforced by a lock file
  /// Told of the failure that ends all work, whichever write met it: batches, calls, compaction or
  /// a checkpoint. May be empty; is called before the writes that failed are answered.
  FailureCallback on_failed = nullptr;
  /// Least time from the end of one recalibration of a rig to the start of its next.
  absl::Duration recalibration_interval = absl::Seconds(30);
  /// Name of the SQLite file system (sqlite3_vfs_register) that holds the database's files; empty
  /// is SQLite's default. `directory` and its lock file are of the real one in any case.
  std::string vfs = {};
  /// Pages of 8 KiB in the write-ahead log from which on a commit is followed by a checkpoint.
  int checkpoint_pages = 4096;
};

/// Opens or creates the embedded store: SQLite in WAL mode with synchronous=FULL, one connection on
/// one thread for every write and checkpoint, read-only connections for readers.
/// Errors: FailedPrecondition where another process holds the directory or its schema is newer.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const SqliteStoreOptions& options,
                                                       const base::Clock& clock);

}  // namespace parallax::store
