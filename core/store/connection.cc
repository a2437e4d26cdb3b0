#include "core/store/connection.h"

#include "absl/strings/str_format.h"
#include "core/store/checked_vfs.h"

namespace parallax::store {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

int OpenFlags(Connection::Mode mode) {
  const int access = mode == Connection::Mode::kReadOnly
                         ? SQLite::OPEN_READONLY
                         : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
  return access | SQLite::OPEN_NOMUTEX;
}

void Configure(SQLite::Database& database, Connection::Mode mode) {
  database.exec("PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;");
  if (mode == Connection::Mode::kReadOnly) {
    // A reader that is the last to close would checkpoint on a thread that must never write.
    sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return;
  }
  ReservePageChecksums(database.getHandle());
  // The page size counts only for a new file: batches of many channels are tens of kilobytes.
  database.exec(
      "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;"
      "PRAGMA foreign_keys = OFF;");
}

}  // namespace

Connection::Connection(const std::string& path, Mode mode, const std::string& vfs)
    : database_(path, OpenFlags(mode), kBusyTimeoutMs, CheckedVfs(vfs)) {
  Configure(database_, mode);
}

SQLite::Statement& Connection::Prepare(const char* sql) {
  std::unique_ptr<SQLite::Statement>& statement = statements_[sql];
  if (statement == nullptr) {
    statement = std::make_unique<SQLite::Statement>(database_, sql);
  } else {
    statement->reset();
    statement->clearBindings();
  }
  return *statement;
}

absl::Status StatusFromSqlite(const SQLite::Exception& error) {
  const int extended = error.getExtendedErrorCode();
  const std::string text = absl::StrFormat("store: %s (SQLite code %d)", error.what(), extended);
  // The shared index of the WAL grows by writing to a file too; SQLite reports a full disk there as
  // an I/O error of its own. Nothing was committed when it happens.
  if (extended == SQLITE_IOERR_SHMSIZE) return absl::ResourceExhaustedError(text);
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: {
      const std::string page = TakePageDamage();
      return absl::DataLossError(page.empty() ? text : text + ": " + page);
    }
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
      return absl::InternalError(text);
    default:
      return absl::UnavailableError(text);
  }
}

bool IsFatal(const SQLite::Exception& error) {
  if (error.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE) return false;
  const int code = error.getErrorCode();
  return code != SQLITE_FULL && code != SQLITE_BUSY && code != SQLITE_LOCKED;
}

}  // namespace parallax::store
