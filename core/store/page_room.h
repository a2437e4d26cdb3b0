#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "core/store/connection.h"

namespace parallax::store {

/// Bytes of all pages of a database. Throws SQLite::Exception.
int64_t DatabaseBytes(Connection& connection);

/// Rewrites a database without its free pages, in one transaction of SQLite, and puts all of it
/// into its file. Needs free space for two copies of what is left, one of them where SQLite puts
/// temporary files. REQUIRES: no other connection is open.
/// Errors: ResourceExhausted (no such space), `what` said before it. Throws SQLite::Exception.
absl::Status RewriteDatabase(Connection& connection, const std::string& what);

/// Rewrites a database whose pages have no room for checksums so that they have it and them; one
/// that has them is left alone. It may stop anywhere, also by loss of power: then the database is
/// as it was and the next call begins anew. Needs free space for two copies of the database, one of
/// them where SQLite puts temporary files. REQUIRES: no other connection is open.
/// Errors: ResourceExhausted (no such space). Throws SQLite::Exception.
absl::Status MakeRoomForChecksums(Connection& connection);

}  // namespace parallax::store
