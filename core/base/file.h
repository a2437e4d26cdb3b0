#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::base {

/// Whole content of a file. Errors: NotFound; Unavailable with errno's text.
absl::StatusOr<std::string> ReadFile(const std::string& path);

/// Writes a temporary file beside `path`, syncs it and renames it into place, so that a reader sees
/// the old content or the new, never a part. Errors: Unavailable with errno's text.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content);

/// Renames a file that is synced already, so that the new name outlives a loss of power.
/// Errors: NotFound; Unavailable with errno's text.
absl::Status RenameSynced(const std::string& from, const std::string& to);

}  // namespace parallax::base
