#include "core/causal/twin_graph.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/causal/swcnt_graph.h"

namespace parallax::causal {
namespace {

using enum Sign;
using enum EdgeKind;

absl::StatusOr<Graph> TwoHeaterGraph() {
  return Graph::Make(
      {{"thermometer", "ambient as read off a thermometer", "K", Visibility::kMeasured},
       {"ambient_t", "ambient temperature", "K"},
       {"power_1", "power of heater 1", "1", Visibility::kMeasured},
       {"power_2", "power of heater 2", "1", Visibility::kMeasured},
       {"heater_1_t", "temperature of heater 1", "K"},
       {"heater_2_t", "temperature of heater 2", "K"},
       {"sensor_1_t", "reading of sensor 1", "K", Visibility::kMeasured, {"T1"}},
       {"sensor_2_t", "reading of sensor 2", "K", Visibility::kMeasured, {"T2"}}},
      {{"thermometer", "ambient_t", "ambient_bias", kRises, {{"Ta_offset", kRises}}},
       {"power_1", "heater_1_t", "heater_gain_1", kRises, {{"alpha1", kRises}}},
       {"power_2", "heater_2_t", "heater_gain_2", kRises, {{"alpha2", kRises}}},
       {"ambient_t", "heater_1_t", "convection", kRises, {{"U", kFalls}}},
       {"ambient_t", "heater_2_t", "convection", kRises, {{"U", kFalls}}},
       {"ambient_t", "heater_1_t", "surface_emissivity", kRises, {{"eps"}}},
       {"ambient_t", "heater_2_t", "surface_emissivity", kRises, {{"eps"}}},
       {"heater_1_t", "heater_2_t", "heater_exchange", kRises, {{"Us"}}},
       {"heater_1_t", "heater_2_t", "surface_emissivity", kRises, {{"eps"}}},
       {"heater_2_t", "heater_1_t", "heater_exchange", kRises, {{"Us"}}, "", kFeedback},
       {"heater_2_t", "heater_1_t", "surface_emissivity", kRises, {{"eps"}}, "", kFeedback},
       {"heater_1_t", "sensor_1_t", "sensor_lag", kRises, {{"tau"}}},
       {"heater_2_t", "sensor_2_t", "sensor_lag", kRises, {{"tau"}}}});
}

/// In a measured drive the crucible's start is its first reading, freed of the pyrometer's bias.
absl::StatusOr<Graph> FurnaceGraph(twin::DriveMode mode) {
  std::vector<Edge> edges = {
      {"power_command", "crucible_t", "coupling", kRises, {{"eta", kRises}}},
      {"power_command", "crucible_t", "heat_capacity", kRises, {{"C"}}},
      {"supports", "crucible_t", "conduction_loss", kUnknown, {{"G", kFalls}}},
      {"argon_flow", "crucible_t", "gas_loss", kFalls, {{"G_gas", kFalls}}},
      {"supports", "crucible_t", "surface_emissivity", kUnknown, {{"eps", kFalls}}},
      {"supports", "crucible_t", "radiating_area", kUnknown, {{"A", kFalls}}},
      {"crucible_t", "reading", "pyrometer_bias", kRises, {{"pyrometer_bias", kRises}}}};
  if (mode == twin::DriveMode::kMeasured) {
    edges.push_back(
        {"first_reading", "crucible_t", "pyrometer_bias", kRises, {{"pyrometer_bias", kFalls}}});
  }
  return Graph::Make(
      {{"power_command", "commanded current", "A", Visibility::kMeasured},
       {"argon_flow", "flow of argon", "1", Visibility::kMeasured},
       {"supports", "what the crucible loses heat to", "K"},
       {"first_reading", "first reading of the pyrometer", "K", Visibility::kMeasured},
       {"crucible_t", "temperature of the crucible", "K"},
       {"reading", "reading of the pyrometer", "K", Visibility::kMeasured, {"temperature"}}},
      std::move(edges));
}

bool Has(const std::vector<twin::Signal>& list, const std::string& id) {
  const auto is = [&](const twin::Signal& signal) { return signal.channel_id == id; };
  return std::any_of(list.begin(), list.end(), is);
}

}  // namespace

absl::StatusOr<Graph> GraphOf(const twin::Description& description, std::string_view rig_kind,
                              twin::DriveMode mode) {
  if (!twin::PredictsRigKind(description, rig_kind)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("twin %s does not predict rigs of kind %s", description.name, rig_kind));
  }
  if (description.name == "two_heater") return TwoHeaterGraph();
  if (description.name == "furnace") return FurnaceGraph(mode);
  if (description.name == "swcnt_cvd") return SwcntGraph(description, rig_kind, mode);
  return absl::NotFoundError(absl::StrFormat("no mechanism graph of twin %s", description.name));
}

absl::Status CheckAgainst(const twin::Description& description, const Graph& graph) {
  for (const std::string& parameter : graph.Parameters()) {
    if (twin::ParameterIndex(description, parameter) >= 0) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("twin %s has no parameter %s", description.name, parameter));
  }
  for (const Node& node : graph.nodes()) {
    for (const std::string& signal : node.signals) {
      if (Has(description.outputs, signal) || Has(description.outcomes, signal)) continue;
      return absl::InvalidArgumentError(absl::StrFormat(
          "node %s: twin %s has no output or outcome %s", node.name, description.name, signal));
    }
  }
  return absl::OkStatus();
}

}  // namespace parallax::causal
