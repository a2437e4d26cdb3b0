#include "core/store/page_room.h"

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/store/checked_vfs.h"

namespace parallax::store {
namespace {

void Rewrite(SQLite::Database& database) {
  database.exec("PRAGMA temp_store = FILE");  // all that is stored passes through it
  ReservePageChecksums(database.getHandle());
  database.exec("VACUUM");
  database.exec("PRAGMA temp_store = MEMORY");
  // Readers learn from the file itself that pages have checksums, so it must say so before they
  // come.
  const int code = sqlite3_wal_checkpoint_v2(database.getHandle(), nullptr,
                                             SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) throw SQLite::Exception(database.getHandle(), code);
}

}  // namespace

int64_t DatabaseBytes(Connection& connection) {
  Query query(connection,
              "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
  query.Step();
  return query.Int(0);
}

absl::Status RewriteDatabase(Connection& connection, const std::string& what) {
  const int64_t bytes = DatabaseBytes(connection);
  try {
    Rewrite(connection.database());
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() != SQLITE_FULL) throw;
    return base::FieldStatus(
        absl::StatusCode::kResourceExhausted,
        {.field = "free space",
         .value = "too little",
         .bound = absl::StrFormat(">= %d bytes in the data directory and in /var/tmp", bytes),
         .next_step =
             "make room and start again, which begins anew: nothing is lost. SQLITE_TMPDIR "
             "names another folder than /var/tmp"},
        what);
  }
}

absl::Status MakeRoomForChecksums(Connection& connection) {
  sqlite3* const handle = connection.database().getHandle();
  if (HasPageChecksums(handle)) return absl::OkStatus();
  PARALLAX_RETURN_IF_ERROR(
      RewriteDatabase(connection,
                      "store: an older database is rewritten with checksums, and programs "
                      "of a schema below 6 open it no more"));
  if (HasPageChecksums(handle)) return absl::OkStatus();
  return absl::InternalError("store: the database has no checksums after it was rewritten");
}

}  // namespace parallax::store
