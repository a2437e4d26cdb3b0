#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace parallax::store {

/// Sizes of a database's file [bytes].
struct Shrinkage {
  int64_t before = 0;
  int64_t after = 0;
};

/// Gives back to the disk what the database in `directory` holds free, mostly where retention
/// removed samples: rewrites it, in one transaction, so that it may stop anywhere and is then as it
/// was. Needs free space for two copies of what is left, one of them where SQLite puts temporary
/// files. Every page that is read is verified. `vfs` is that of SqliteStoreOptions.
/// Errors: NotFound (no store there); FailedPrecondition (a daemon runs on it, or its schema is not
/// that of this program); ResourceExhausted (no such space); DataLoss (a page is damaged);
/// Unavailable (I/O).
absl::StatusOr<Shrinkage> ShrinkStore(const std::string& directory, const std::string& vfs = {});

}  // namespace parallax::store
