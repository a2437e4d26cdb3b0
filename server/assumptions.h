#pragma once

#include <google/protobuf/map.h>

#include <string>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/twin/twin.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::server {

/// The twin that predicts a rig as a request names it.
/// Errors: InvalidArgument naming rig.twin ("did you mean") or rig.kind.
absl::StatusOr<const twin::Twin*> FindTwin(const twin::Registry& twins, const v1::Rig& rig);

/// The lab's assumptions as a parameter set: every parameter of the twin, none calibrated.
/// Errors: InvalidArgument naming the field "assumptions".
absl::StatusOr<calibration::ParameterSet> AssumedSet(
    const twin::Description& description,
    const google::protobuf::Map<std::string, double>& assumptions);

}  // namespace parallax::server
