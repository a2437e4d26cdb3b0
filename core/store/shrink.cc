#include "core/store/shrink.h"

#include <filesystem>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/file_lock.h"
#include "core/base/status_macros.h"
#include "core/store/connection.h"
#include "core/store/page_room.h"
#include "core/store/schema.h"

namespace parallax::store {

absl::StatusOr<Shrinkage> ShrinkStore(const std::string& directory, const std::string& vfs) {
  const std::string path = directory + "/parallax.db";
  if (vfs.empty() && !std::filesystem::exists(path)) {
    return absl::NotFoundError(absl::StrFormat("no store in \"%s\": no parallax.db", directory));
  }
  const absl::StatusOr<base::FileLock> lock = base::FileLock::Acquire(directory + "/lock");
  if (!lock.ok()) {
    return base::WithFieldError(lock.status(), {.field = "data directory",
                                                .value = directory,
                                                .bound = "of a daemon that is stopped",
                                                .next_step = "stop the daemon first"});
  }
  return Guarded([&]() -> absl::StatusOr<Shrinkage> {
    Connection connection(path, Connection::Mode::kReadWrite, vfs);
    PARALLAX_RETURN_IF_ERROR(CheckSchemaVersion(connection));
    Shrinkage size{.before = DatabaseBytes(connection)};
    PARALLAX_RETURN_IF_ERROR(RewriteDatabase(connection, "store: the database is rewritten"));
    size.after = DatabaseBytes(connection);
    return size;
  });
}

}  // namespace parallax::store
