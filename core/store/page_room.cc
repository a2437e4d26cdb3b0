#include "core/store/page_room.h"

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/store/checked_vfs.h"

namespace parallax::store {
namespace {

int64_t DatabaseBytes(Connection& connection) {
  Query query(connection,
              "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
  query.Step();
  return query.Int(0);
}

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

absl::Status MakeRoomForChecksums(Connection& connection) {
  SQLite::Database& database = connection.database();
  if (HasPageChecksums(database.getHandle())) return absl::OkStatus();
  const int64_t bytes = DatabaseBytes(connection);
  try {
    Rewrite(database);
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() != SQLITE_FULL) throw;
    return base::FieldStatus(
        absl::StatusCode::kResourceExhausted,
        {.field = "free space",
         .value = "too little",
         .bound = absl::StrFormat(">= %d bytes in the data directory and in /var/tmp", bytes),
         .next_step =
             "make room and start again, which begins anew: nothing is lost. Programs of a "
             "schema below 6 open it no more. SQLITE_TMPDIR names another folder than "
             "/var/tmp"},
        "store: an older database is rewritten with checksums");
  }
  if (HasPageChecksums(database.getHandle())) return absl::OkStatus();
  return absl::InternalError("store: the database has no checksums after it was rewritten");
}

}  // namespace parallax::store
