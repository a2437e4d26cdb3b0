#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace parallax::store {

/// Copies the store of `directory`, as it is at one moment, to the new directory `target`, which is
/// then a data directory of its own. A daemon may go on reading and writing meanwhile; its
/// write-ahead log grows until the copy is done. Every page is verified as it is read. `vfs` is
/// that of SqliteStoreOptions. Errors: NotFound (no store in `directory`); AlreadyExists (`target`
/// holds files); FailedPrecondition (a store of an older program, which has no checksums yet);
/// ResourceExhausted (no room); DataLoss (a page is damaged, which it names); Unavailable (I/O).
/// What was copied until then is removed.
absl::Status BackUpStore(const std::string& directory, const std::string& target,
                         const std::string& vfs = {});

/// Whether to go on with a copy; asked with every megabyte.
using GoesOn = std::function<bool()>;

/// The same of the database file `from` to the file `to`, which is new or empty; what a failure
/// leaves of it is the caller's to remove. Errors: those of BackUpStore about the data; Cancelled
/// where it does not go on.
absl::Status CopyDatabase(const std::string& from, const std::string& to, const GoesOn& goes_on,
                          const std::string& vfs);

}  // namespace parallax::store
