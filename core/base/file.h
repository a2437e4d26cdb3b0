#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::base {

/// Whole content of a file. Errors: NotFound; Unavailable with errno's text.
absl::StatusOr<std::string> ReadFile(const std::string& path);

/// Who may read a file that is written.
enum class Readers {
  kEverybody,  ///< mode 0644, less what the umask takes
  kOwner,      ///< mode 0600, from the first byte on: for keys and tokens
};

/// Writes a temporary file beside `path`, syncs it and renames it into place, so that a reader sees
/// the old content or the new, never a part. Errors: Unavailable with errno's text.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content,
                                 Readers readers = Readers::kEverybody);

/// The same where there is no file yet: whatever has that name stays as it is.
/// Errors: AlreadyExists; Unavailable with errno's text.
absl::Status WriteNewFile(const std::string& path, std::string_view content,
                          Readers readers = Readers::kEverybody);

/// Whole content of a file that holds a secret, which nobody but its owner can read or write; the
/// owner must be root or who runs this process. A symbolic link is judged by what it leads to, and
/// the file that is read is the one that was judged.
/// Errors: FailedPrecondition with path and mode where group or others have any permission, where
/// it is another user's, no regular file or longer than `max_bytes`; those of ReadFile.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t max_bytes);

/// Renames a file that is synced already, so that the new name outlives a loss of power.
/// Errors: NotFound; Unavailable with errno's text.
absl::Status RenameSynced(const std::string& from, const std::string& to);

}  // namespace parallax::base
