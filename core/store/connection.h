#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"

namespace parallax::store {

/// A byte string bound as a BLOB without copying; must outlive the query.
struct Blob {
  std::string_view bytes;
};

/// One SQLite connection with its prepared statements. One owner at a time. Members throw
/// SQLite::Exception; Guarded() turns that into a status at the module's edge.
class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  /// `vfs` names the file system of SQLite that holds the file; empty is SQLite's default. It is
  /// used through CheckedVfs().
  Connection(const std::string& path, Mode mode, const std::string& vfs);

  SQLite::Database& database() { return database_; }
  /// The statement of `sql`, prepared once. `sql` is a literal: its address is the key.
  SQLite::Statement& Prepare(const char* sql);

 private:
  SQLite::Database database_;
  std::unordered_map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

/// One execution of a prepared statement; releases it at the end of the scope. Parameters are
/// borrowed, not copied: they must outlive the query.
class Query {
 public:
  template <typename... Parameters>
  Query(Connection& connection, const char* sql, const Parameters&... parameters)
      : statement_(connection.Prepare(sql)) {
    int index = 0;
    (Bind(++index, parameters), ...);
  }
  ~Query() { statement_.tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Advances to the next row; false after the last.
  bool Step() { return statement_.executeStep(); }
  /// Runs a statement without rows; returns the number of rows that it changed.
  int Execute() { return statement_.exec(); }

  bool IsNull(int column) const { return statement_.getColumn(column).isNull(); }
  int64_t Int(int column) const { return statement_.getColumn(column).getInt64(); }
  uint64_t Unsigned(int column) const { return static_cast<uint64_t>(Int(column)); }
  double Real(int column) const { return statement_.getColumn(column).getDouble(); }
  std::string Text(int column) const { return std::string(View(column)); }
  /// Bytes of a text or blob; valid until the next Step().
  std::string_view View(int column) const {
    const SQLite::Column value = statement_.getColumn(column);
    const void* bytes = value.getBlob();
    return {static_cast<const char*>(bytes), static_cast<size_t>(value.getBytes())};
  }

 private:
  void Bind(int index, int value) { statement_.bind(index, value); }
  void Bind(int index, uint32_t value) { statement_.bind(index, value); }
  void Bind(int index, int64_t value) { statement_.bind(index, value); }
  void Bind(int index, uint64_t value) { statement_.bind(index, static_cast<int64_t>(value)); }
  void Bind(int index, double value) { statement_.bind(index, value); }
  void Bind(int index, const std::string& value) { statement_.bindNoCopy(index, value); }
  void Bind(int index, const char* value) { statement_.bindNoCopy(index, value); }
  void Bind(int index, Blob value) {
    statement_.bindNoCopy(index, value.bytes.data(), static_cast<int>(value.bytes.size()));
  }
  void Bind(int index, const std::optional<std::string>& value) {
    value ? statement_.bindNoCopy(index, *value) : statement_.bind(index);
  }

  SQLite::Statement& statement_;
};

/// A consistent view of the database for several queries; ends with the scope.
class ReadTransaction {
 public:
  explicit ReadTransaction(Connection& connection) : connection_(connection) {
    connection_.database().exec("BEGIN");
  }
  ~ReadTransaction() {
    sqlite3_exec(connection_.database().getHandle(), "COMMIT", nullptr, nullptr, nullptr);
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  Connection& connection_;
};

/// What a failed SQLite call means: ResourceExhausted (disk full), DataLoss (database damaged),
/// Internal (a constraint of ours is broken), Unavailable (any other).
absl::Status StatusFromSqlite(const SQLite::Exception& error);

/// Whether the writer must not go on after this: all but a full disk and a lock held too long.
bool IsFatal(const SQLite::Exception& error);

/// Calls `function`, which returns a Status or StatusOr, and turns SQLite's exceptions into one.
template <typename Function>
auto Guarded(const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const SQLite::Exception& error) {
    return StatusFromSqlite(error);
  }
}

}  // namespace parallax::store
