#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace parallax::signal {

/// Checks that an id of a rig, device, channel or run has 1 to 63 characters of [A-Za-z0-9_.-].
/// Errors: InvalidArgument naming `where`, `field` and the id.
absl::Status CheckId(std::string_view where, std::string_view field, std::string_view id);

}  // namespace parallax::signal
