#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/store/connection.h"

namespace parallax::store {

/// A few read-only connections, lent one at a time; callers wait while all are out. Thread-safe.
class ReaderPool {
 public:
  /// `vfs` is that of Connection.
  ReaderPool(std::string path, std::string vfs, size_t size)
      : path_(std::move(path)), vfs_(std::move(vfs)), unopened_(size) {}

  /// Calls `function(Connection&)`, which returns a Status or StatusOr, with a connection of its
  /// own, inside one read transaction: all its queries see one state of the database.
  template <typename Function>
  auto Read(const Function& function) -> decltype(function(std::declval<Connection&>())) {
    return Guarded([&]() -> decltype(function(std::declval<Connection&>())) {
      const Loan loan(*this);
      const ReadTransaction transaction(loan.connection());
      return function(loan.connection());
    });
  }

 private:
  class Loan {
   public:
    explicit Loan(ReaderPool& pool) : pool_(pool), connection_(pool.Take()) {}
    ~Loan() { pool_.Return(std::move(connection_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Connection& connection() const { return *connection_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  std::unique_ptr<Connection> Take();
  void Return(std::unique_ptr<Connection> connection);

  const std::string path_;
  const std::string vfs_;
  base::Mutex mutex_;
  base::CondVar returned_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
  size_t unopened_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::store
