#include "core/store/backup.h"

#include <SQLiteCpp/Backup.h>

#include <filesystem>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"
#include "core/store/checked_vfs.h"
#include "core/store/connection.h"

namespace parallax::store {
namespace {

constexpr int kPagesAStep = 128;  // 1 MiB

/// A database that holds nothing, and whose file says that its pages have checksums.
void MakeDatabase(SQLite::Database& database) {
  ReservePageChecksums(database.getHandle());
  // A copy that was interrupted is thrown away, so it needs no journal. Setting a number writes the
  // header, before which no page may come.
  database.exec(
      "PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;"
      "PRAGMA user_version = 1");
}

/// REQUIRES: `source` is in a read transaction, which all steps share: else a copy in several
/// begins anew with every commit of the daemon.
absl::Status CopyPages(Connection& source, SQLite::Database& target, const GoesOn& goes_on) {
  SQLite::Backup backup(target, source.database());
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    if (!goes_on()) return absl::CancelledError("store: the copy was called off");
    code = backup.executeStep(kPagesAStep);
  }
  if (code == SQLITE_DONE) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("store: the copy was locked (code %d)", code));
}

}  // namespace

absl::Status CopyDatabase(const std::string& from, const std::string& to, const GoesOn& goes_on,
                          const std::string& vfs) {
  return Guarded([&]() -> absl::Status {
    Connection source(from, Connection::Mode::kReadOnly, vfs);
    const ReadTransaction moment(source);
    source.database().exec("SELECT count(*) FROM sqlite_schema");  // begins it; reads the header
    if (!HasPageChecksums(source.database().getHandle())) {
      return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                               {.field = "data",
                                .value = from,
                                .bound = "a store whose pages have checksums",
                                .next_step = "start this parallaxd on it once, which adds them"});
    }
    SQLite::Database target(to, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 0, CheckedVfs(vfs));
    MakeDatabase(target);
    return CopyPages(source, target, goes_on);
  });
}

absl::Status BackUpStore(const std::string& directory, const std::string& target,
                         const std::string& vfs) {
  const std::string from = directory + "/parallax.db";
  if (vfs.empty() && !std::filesystem::exists(from)) {
    return absl::NotFoundError(absl::StrFormat("no store in \"%s\": no parallax.db", directory));
  }
  PARALLAX_RETURN_IF_ERROR(base::MakeEmptyDirectory(target, "target"));
  const std::string unfinished = target + "/unfinished.db";
  absl::Status status = CopyDatabase(
      from, unfinished, [] { return true; }, vfs);
  if (status.ok()) status = base::RenameSynced(unfinished, target + "/parallax.db");
  if (!status.ok()) {
    std::error_code ignored;
    std::filesystem::remove(unfinished, ignored);
  }
  return status;
}

}  // namespace parallax::store
