#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "core/causal/graph.h"
#include "core/twin/twin.h"

namespace parallax::causal {

/// Mechanisms of the nanotube twin as it computes them (docs/twin-swcnt.md). On a "stage" all 26
/// parameters act; in a "hot_wall" the substrate is in balance with the wall, so that conductivity,
/// contact, emissivity and convection act nowhere. A "measured" drive starts from the thermocouple.
/// Edges name the mediator of the twin that carries them.
absl::StatusOr<Graph> SwcntGraph(const twin::Description& description, std::string_view rig_kind,
                                 twin::DriveMode mode);

}  // namespace parallax::causal
