#include "core/store/reader_pool.h"

namespace parallax::store {

std::unique_ptr<Connection> ReaderPool::Take() {
  {
    base::MutexLock lock(mutex_);
    while (idle_.empty() && unopened_ == 0) returned_.Wait(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    --unopened_;
  }
  try {
    return std::make_unique<Connection>(path_, Connection::Mode::kReadOnly, vfs_);
  } catch (const SQLite::Exception&) {
    base::MutexLock lock(mutex_);
    ++unopened_;
    returned_.NotifyOne();
    throw;
  }
}

void ReaderPool::Return(std::unique_ptr<Connection> connection) {
  base::MutexLock lock(mutex_);
  idle_.push_back(std::move(connection));
  returned_.NotifyOne();
}

}  // namespace parallax::store
