#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "core/causal/graph.h"
#include "core/twin/twin.h"

namespace parallax::causal {

/// The mechanism graph of a built-in twin, on a kind of rig that it predicts, driven as `mode`
/// says: a measured drive takes from instruments what a recipe's simulates, and what a rig has not
/// is not in its graph. Parameters that act nowhere on such a rig are on no edge.
/// Errors: NotFound where no graph is known of the twin; InvalidArgument on a kind of rig that it
/// does not predict.
absl::StatusOr<Graph> GraphOf(const twin::Description& description, std::string_view rig_kind,
                              twin::DriveMode mode);

/// Checks a graph against its twin: every lever is one of its parameters, every signal one of its
/// outputs or outcomes. Errors: InvalidArgument naming the one that is not.
absl::Status CheckAgainst(const twin::Description& description, const Graph& graph);

}  // namespace parallax::causal
