#pragma once

#include "absl/status/status.h"
#include "core/store/connection.h"

namespace parallax::store {

/// Rewrites a database whose pages have no room for checksums so that they have it and them; one
/// that has them is left alone. It may stop anywhere, also by loss of power: then the database is
/// as it was and the next call begins anew. Needs free space for two copies of the database, one of
/// them where SQLite puts temporary files. REQUIRES: no other connection is open.
/// Errors: ResourceExhausted (no such space). Throws SQLite::Exception.
absl::Status MakeRoomForChecksums(Connection& connection);

}  // namespace parallax::store
