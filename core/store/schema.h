#pragma once

#include "absl/status/status.h"
#include "core/store/connection.h"

namespace parallax::store {

/// Version of the tables that this program reads and writes.
inline constexpr int64_t kSchemaVersion = 9;

/// Makes the tables in an empty database, or migrates an older one step by step, in one
/// transaction. `now_unix_ns` stands for times that an older program did not keep.
/// Errors: FailedPrecondition where the database is newer than this program. Throws
/// SQLite::Exception.
absl::Status PrepareSchema(Connection& connection, int64_t now_unix_ns);

/// FailedPrecondition where the tables are not those of this program. Throws SQLite::Exception.
absl::Status CheckSchemaVersion(Connection& connection);

}  // namespace parallax::store
