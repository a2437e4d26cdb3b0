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

/// All writing, on one thread. It takes everything that is queued, applies it in order in one
/// transaction and commits: group commit. It also runs every checkpoint. What is committed, or
/// failed, is answered in its order on a second thread, so that the next group need not wait for
/// that. Thread-safe.
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
  /// Commits what is queued, answers, checkpoints, closes. What an observer queues meanwhile may
  /// never be answered.
  ~Writer();

  /// See Store::TryAppend.
  bool TryAppend(EncodedBatch& batch, std::shared_ptr<AppendObserver> observer);
  /// Queues a command and waits until its group is on disk, or failed, and until the observers of
  /// batches queued before it were told.
  absl::Status Execute(const Command& command);
  /// The same of a command that decides which streams take batches.
  absl::Status ExecuteOnStreams(const Command& command);
  /// See Store::RecordRefusal.
  absl::Status RecordRefusal(int64_t stream, const std::string& reason, uint64_t samples);
  /// See Store::WaitForObservers.
  void WaitForObservers();
  /// OK until a failure that ends all work; then Unavailable, saying which.
  absl::Status Health() const;

 private:
  /// A caller of Execute() waits on one of these.
  struct Waiter {
    const Command* command = nullptr;
    absl::Status status;
    bool answered = false;  ///< guarded by mutex_
  };

  /// A queued batch, or a queued command where `waiter` is set.
  struct Task {
    AppendedBatch appended;
    std::shared_ptr<AppendObserver> observer;
    Waiter* waiter = nullptr;
  };

  /// Queues a command and waits until it was answered.
  void Await(Waiter* waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void CommitLoop();
  /// Makes all that is queued the group; false once there is nothing and never will be.
  bool TakeQueued();
  absl::Status Commit();
  void Apply();
  absl::Status RunCommand(const Command& command);
  absl::Status Fail(const SQLite::Exception& error);
  /// Passes the group on to be answered; waits while the one before it has not been taken.
  void PassOn(const absl::Status& status);
  void Checkpoint();
  void Break(const absl::Status& status);

  void AnswerLoop();
  /// Makes the group that was passed on the one to answer; false once there is none and never will
  /// be.
  bool TakePassedOn();
  void Answer();
  /// Tells the observer of answering_[first] of all its batches of the group.
  void TellObserver(size_t first);

  // Used by the writer thread only, once it runs.
  std::unique_ptr<Connection> connection_;
  Ingest ingest_;
  int wal_pages_ = 0;
  std::vector<Task> group_;  ///< being committed
  const FailureCallback on_failed_;
  const int checkpoint_pages_;
  const base::Clock& clock_;

  // Used by the answering thread only.
  std::vector<Task> answering_;
  std::vector<AppendedBatch> answers_;  ///< to one observer

  mutable base::Mutex mutex_;
  base::CondVar queued_;
  base::CondVar passed_on_changed_;
  base::CondVar answered_;
  // Tasks move on from here to group_, passed_on_, answering_; the vectors swap, for their memory.
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<Task> passed_on_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  ///< of what is not being answered yet
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_passed_on_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  // Last: they start when all else is made.
  std::thread answering_thread_;
  std::thread writing_thread_;
};

}  // namespace parallax::store
