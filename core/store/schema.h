#pragma once

#include "absl/status/status.h"
#include "core/store/connection.h"

namespace parallax::store {

/// Version of the tables that this program reads and writes.
inline constexpr int64_t kSchemaVersion = 6;

/// Makes the tables in an empty database, or migrates an older one step by step, in one
/// transaction. Errors: FailedPrecondition where the database is newer than this program. Throws
/// SQLite::Exception.
absl::Status PrepareSchema(Connection& connection);

}  // namespace parallax::store
