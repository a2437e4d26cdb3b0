#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/store/connection.h"
#include "core/store/ingest.h"
#include "core/store/store.h"

namespace parallax::store {

/// The one thread that writes. It takes everything that is queued, applies it in order in one
/// transaction, commits, then answers: group commit. It also runs every checkpoint. Thread-safe.
///
/// After a full disk the group is answered ResourceExhausted and the next one is tried anew. After
/// any other failure nothing more is tried: a commit whose sync failed may or may not be on disk,
/// and only a restart can tell.
class Writer {
 public:
  /// Runs inside the transaction, on the writer thread; may throw SQLite::Exception. A status that
  /// is not OK undoes what the command wrote, and nothing else of the group.
  using Command = std::function<absl::Status(Connection&)>;

  /// `on_failed` may be empty; see SqliteStoreOptions, also for `checkpoint_pages`. `clock`
  /// outlives the writer.
  Writer(std::unique_ptr<Connection> connection, FailureCallback on_failed, int checkpoint_pages,
         const base::Clock& clock);
  /// Commits what is queued, checkpoints, closes.
  ~Writer();

  /// See Store::TryAppend.
  bool TryAppend(EncodedBatch& batch, std::shared_ptr<AppendObserver> observer);
  /// Queues a command and waits until its group is on disk, or failed.
  absl::Status Execute(const Command& command);
  /// The same of a command that decides which streams take batches.
  absl::Status ExecuteOnStreams(const Command& command);
  /// See Store::RecordRefusal.
  absl::Status RecordRefusal(int64_t stream, const std::string& reason, uint64_t samples);
  /// OK until a failure that ends all work; then Unavailable, saying which.
  absl::Status Health() const;

 private:
  /// A caller of Execute() waits on one of these.
  struct Waiter {
    const Command* command = nullptr;
    absl::Status status;
    bool answered = false;
  };

  /// A queued batch, or a queued command where `waiter` is set.
  struct Task {
    AppendedBatch appended;
    std::shared_ptr<AppendObserver> observer;
    Waiter* waiter = nullptr;
  };

  void Loop();
  /// Makes all that is queued the group; false once there is nothing and never will be.
  bool TakeAll();
  absl::Status Commit();
  void Apply();
  absl::Status RunCommand(const Command& command);
  absl::Status Fail(const SQLite::Exception& error);
  void Answer(const absl::Status& status);
  void TellObservers(const absl::Status& status);
  void Checkpoint();
  void Break(const absl::Status& status);

  // Used by the writer thread only, once it runs.
  std::unique_ptr<Connection> connection_;
  Ingest ingest_;
  int wal_pages_ = 0;
  std::vector<Task> group_;  ///< being committed; with tasks_ by turns, to keep their memory
  std::vector<AppendedBatch> answers_;  ///< to one observer
  const FailureCallback on_failed_;
  const int checkpoint_pages_;
  const base::Clock& clock_;

  mutable base::Mutex mutex_;
  base::CondVar queued_;
  base::CondVar answered_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  ///< queued or in the group being committed
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  ///< last: starts when all else is made
};

}  // namespace parallax::store
