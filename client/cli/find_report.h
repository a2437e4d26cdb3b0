#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// A report by its name, or the newest of a rig. Errors: NotFound, also where the rig has none.
absl::StatusOr<v1::Report> FindReport(const std::string& typed, Context& context);

}  // namespace parallax::client
