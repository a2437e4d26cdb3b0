#pragma once

#include "absl/status/status.h"

namespace parallax::client {

/// What a script learns from a command; a stable contract.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitDenied = 4,
  kExitUnavailable = 5,  ///< or timed out
  kExitConflict = 6,
  kExitCheckFailed = 7,  ///< a gap where --fail-on-gap asked for none, a broken audit log
  kExitInterrupted = 130,
};

/// The exit code of a failed call; never kExitUsage, which is about the command line.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace parallax::client
