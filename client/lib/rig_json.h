#pragma once

#include "absl/status/statusor.h"
#include "client/lib/json_reader.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// A rig.json as the wire's Rig; `name`, `twin` and `title` stay empty. Units, ids and ranges are
/// the daemon's to judge. Errors: InvalidArgument naming file, path, value and bound.
absl::StatusOr<v1::Rig> ParseRig(const JsonReader& json);

}  // namespace parallax::client
