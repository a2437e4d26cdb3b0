#pragma once

#include <string>

#include "absl/time/time.h"

namespace parallax::client {

/// How long ago or how long, as people type it: Go's forms ("1h30m") and days ("90d"), which they
/// lack. False where it is neither.
bool ParseAge(const std::string& text, absl::Duration* age);

/// The same the other way round: "90d" where it is whole days, else "1h30m".
std::string AgeText(absl::Duration age);

}  // namespace parallax::client
