#include "core/store/writer.h"

#include <utility>

#include "core/base/field_error.h"
#include "core/base/short_slices.h"

namespace parallax::store {
namespace {

/// What a queued batch weighs: its bytes and about what its task takes.
size_t Weight(const EncodedBatch& batch) { return batch.data.size() + 256; }

int NoteWalPages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, FailureCallback on_failed,
               int checkpoint_pages, const base::Clock& clock)
    : connection_(std::move(connection)),
      on_failed_(std::move(on_failed)),
      checkpoint_pages_(checkpoint_pages),
      clock_(clock) {
  sqlite3_wal_hook(connection_->database().getHandle(), &NoteWalPages, &wal_pages_);
  answering_thread_ = std::thread([this] { AnswerLoop(); });
  writing_thread_ = std::thread([this] { CommitLoop(); });
}

Writer::~Writer() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    queued_.NotifyAll();
  }
  writing_thread_.join();
  answering_thread_.join();
}

bool Writer::TryAppend(EncodedBatch& batch, std::shared_ptr<AppendObserver> observer) {
  base::MutexLock lock(mutex_);
  if (waiting_bytes_ >= kMaxQueuedBytes) return false;
  waiting_bytes_ += Weight(batch);
  Task& task = tasks_.emplace_back();
  task.appended.batch = std::move(batch);
  task.observer = std::move(observer);
  if (tasks_.size() == 1) queued_.NotifyOne();
  return true;
}

absl::Status Writer::Execute(const Command& command) {
  Waiter waiter;
  waiter.command = &command;
  base::MutexLock lock(mutex_);
  if (!health_.ok()) return health_;
  Await(&waiter);
  return waiter.status;
}

void Writer::Await(Waiter* waiter) {
  tasks_.emplace_back().waiter = waiter;
  queued_.NotifyOne();
  while (!waiter->answered) answered_.Wait(mutex_);
}

absl::Status Writer::ExecuteOnStreams(const Command& command) {
  return Execute([&](Connection& connection) {
    ingest_.Forget();  // all is written; what comes after reads the streams anew
    return command(connection);
  });
}

absl::Status Writer::RecordRefusal(int64_t stream, const std::string& reason, uint64_t samples) {
  // Commands run on the writer thread, which owns ingest_; the group's last Flush() writes it.
  return Execute([&](Connection& connection) {
    return ingest_.CountRefused(connection, stream, reason, samples);
  });
}

void Writer::WaitForObservers() {
  // An answer comes after all that was committed before it, whatever becomes of its own group.
  const Command nothing = [](Connection&) { return absl::OkStatus(); };
  Waiter waiter;
  waiter.command = &nothing;
  base::MutexLock lock(mutex_);
  Await(&waiter);
}

absl::Status Writer::Health() const {
  base::MutexLock lock(mutex_);
  return health_;
}

void Writer::CommitLoop() {
  base::AskForShortSlices();
  while (TakeQueued()) {
    absl::Status status = Health();
    if (status.ok()) status = Commit();
    PassOn(status);
    if (wal_pages_ >= checkpoint_pages_) Checkpoint();
  }
  connection_.reset();  // the last connection to close checkpoints, on this thread
  base::MutexLock lock(mutex_);
  all_passed_on_ = true;
  passed_on_changed_.NotifyAll();
}

bool Writer::TakeQueued() {
  base::MutexLock lock(mutex_);
  while (tasks_.empty() && !stopping_) queued_.Wait(mutex_);
  group_.swap(tasks_);
  return !group_.empty();
}

absl::Status Writer::Commit() {
  try {
    Apply();
    ingest_.ForgetOwed();
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    const absl::Status status = Fail(error);
    for (const Task& task : group_) {
      if (task.waiter == nullptr) ingest_.Owe(task.appended.batch);
    }
    return status;
  }
}

void Writer::Apply() {
  const int64_t now_unix_ns = absl::ToUnixNanos(clock_.Now());
  Query(*connection_, "BEGIN IMMEDIATE").Execute();
  ingest_.CountOwed(*connection_);
  for (Task& task : group_) {
    if (task.waiter == nullptr) {
      task.appended.outcome = ingest_.Apply(*connection_, task.appended.batch);
      continue;
    }
    ingest_.Flush(*connection_, now_unix_ns);  // a command sees the batches queued before it
    task.waiter->status = RunCommand(*task.waiter->command);
  }
  ingest_.Flush(*connection_, now_unix_ns);
  Query(*connection_, "COMMIT").Execute();
}

absl::Status Writer::RunCommand(const Command& command) {
  Query(*connection_, "SAVEPOINT command").Execute();
  const absl::Status status = command(*connection_);
  if (!status.ok()) Query(*connection_, "ROLLBACK TO command").Execute();
  Query(*connection_, "RELEASE command").Execute();
  return status;
}

absl::Status Writer::Fail(const SQLite::Exception& error) {
  const absl::Status status = StatusFromSqlite(error);
  ingest_.Forget();
  sqlite3* handle = connection_->database().getHandle();
  // SQLite has rolled back already after some failures; the answer to a second one is no news.
  if (sqlite3_get_autocommit(handle) == 0) {
    sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  if (IsFatal(error)) {
    Break(status);
  } else if (absl::IsResourceExhausted(status)) {
    Checkpoint();  // lets the log start over within the space that it has
  }
  return status;
}

void Writer::PassOn(const absl::Status& status) {
  if (!status.ok()) {
    for (Task& task : group_) {
      if (task.waiter != nullptr) {
        task.waiter->status = status;
      } else {
        task.appended.outcome = status;
      }
    }
  }
  base::MutexLock lock(mutex_);
  while (!passed_on_.empty()) passed_on_changed_.Wait(mutex_);
  passed_on_.swap(group_);
  passed_on_changed_.NotifyAll();
}

void Writer::Checkpoint() {
  sqlite3* handle = connection_->database().getHandle();
  const int code =
      sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  wal_pages_ = 0;
  if (code == SQLITE_OK) return;
  const SQLite::Exception error(handle, code);
  if (IsFatal(error)) Break(StatusFromSqlite(error));
}

void Writer::Break(const absl::Status& status) {
  const absl::Status broken = absl::UnavailableError(
      "store closed after a failure, restart to recover: " + base::Plain(status));
  {
    base::MutexLock lock(mutex_);
    if (!health_.ok()) return;
    health_ = broken;
  }
  if (on_failed_) on_failed_(broken);
}

void Writer::AnswerLoop() {
  base::AskForShortSlices();
  while (TakePassedOn()) Answer();
}

bool Writer::TakePassedOn() {
  answering_.clear();
  base::MutexLock lock(mutex_);
  while (passed_on_.empty() && !all_passed_on_) passed_on_changed_.Wait(mutex_);
  answering_.swap(passed_on_);
  passed_on_changed_.NotifyAll();
  for (const Task& task : answering_) {
    if (task.waiter == nullptr) waiting_bytes_ -= Weight(task.appended.batch);
  }
  return !answering_.empty();
}

void Writer::Answer() {
  for (size_t i = 0; i < answering_.size(); ++i) {
    if (Waiter* waiter = answering_[i].waiter; waiter != nullptr) {
      base::MutexLock lock(mutex_);
      waiter->answered = true;
      answered_.NotifyAll();
    } else if (answering_[i].observer != nullptr) {
      TellObserver(i);
    }
  }
}

void Writer::TellObserver(size_t first) {
  const std::shared_ptr<AppendObserver> observer = answering_[first].observer;
  for (size_t i = first; i < answering_.size(); ++i) {
    if (answering_[i].observer != observer) continue;
    answering_[i].observer.reset();  // so that it is told once
    answers_.push_back(std::move(answering_[i].appended));
  }
  observer->OnAppended(answers_);
  answers_.clear();
}

}  // namespace parallax::store
