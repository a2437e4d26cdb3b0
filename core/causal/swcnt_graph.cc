#include "core/causal/swcnt_graph.h"

#include <iterator>
#include <string>

namespace parallax::causal {
namespace {

using enum Sign;
using enum EdgeKind;
constexpr Visibility kMeasured = Visibility::kMeasured;

void Append(std::vector<Edge> more, std::vector<Edge>* edges) {
  edges->insert(edges->end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

/// Outcomes whose id begins with `prefix`.
std::vector<std::string> Family(const twin::Description& description, std::string_view prefix) {
  std::vector<std::string> ids;
  for (const twin::Signal& outcome : description.outcomes) {
    if (std::string_view(outcome.channel_id).substr(0, prefix.size()) == prefix) {
      ids.push_back(outcome.channel_id);
    }
  }
  return ids;
}

std::vector<Node> HeatNodes(bool stage) {
  std::vector<Node> nodes = {
      {"setpoint", "set-point of the heater", "K", kMeasured},
      {"mains", "mains voltage", "V", kMeasured},
      {"furnace", "the furnace's own profile", "K"},
      {"heater_t", "heater temperature", "K"},
      {"base_t", "heater temperature under the substrate", "K"},
      {"surface_t", "surface temperature", "K", Visibility::kPredicted, {"surface_t"}}};
  const std::vector<std::string> tc = stage ? std::vector<std::string>{"stage_tc"}
                                            : std::vector<std::string>{"z1_tc", "z2_tc", "z3_tc"};
  const std::vector<std::string> duty =
      stage ? std::vector<std::string>{"heater_duty"}
            : std::vector<std::string>{"z1_duty", "z2_duty", "z3_duty"};
  nodes.push_back({"tc_reading", "thermocouple reading", "K", kMeasured, tc});
  nodes.push_back({"duty", "heater duty", "1", kMeasured, duty});
  if (!stage) return nodes;
  nodes.insert(nodes.end(), {{"second_tc", "second thermocouple", "K", kMeasured, {"stage_tc2"}},
                             {"back_t", "temperature of the substrate's back", "K"},
                             {"bare_surface", "the bare surface", "1"},
                             {"emissivity", "emissivity", "1"},
                             {"wall_t", "wall temperature", "K", kMeasured},
                             {"gas_t", "gas temperature", "K", kMeasured},
                             {"heat_flux", "heat flux through the substrate", "W/m2"},
                             {"pyrometer", "pyrometer reading", "K", kMeasured, {"pyro_t"}}});
  return nodes;
}

std::vector<Node> GasNodes() {
  return {{"flow_setpoints", "flow controllers", "mol/s", kMeasured},
          {"pressure", "chamber pressure", "Pa", kMeasured},
          {"leak", "leak and desorption", "Pa"},
          {"preheat_t", "preheater temperature", "K", kMeasured},
          {"feed_flow", "flow of feed", "mol/s"},
          {"feed_p", "partial pressure of feed", "Pa"},
          {"h2_p", "partial pressure of hydrogen", "Pa"},
          {"water_p", "partial pressure of water", "Pa"},
          {"residence", "residence time", "s"},
          {"conversion", "pyrolysis of the feed", "1"},
          {"supply_factor", "carbon supplied per feed", "1"},
          {"water_reading", "water in the gas analyser", "Pa", kMeasured, {"p_h2o"}},
          {"acetylene_reading", "acetylene in the gas analyser", "Pa", kMeasured, {"p_c2h2"}}};
}

std::vector<Node> GrowthNodes(const twin::Description& description) {
  return {{"catalyst", "the catalyst as made", "nm"},
          {"activation", "reduced share of the catalyst", "1"},
          {"carbon_flux", "carbon flux", "m/s"},
          {"growth_rate", "growth rate of a clean catalyst", "m/s"},
          {"overcoat", "carbon overcoat", "1"},
          {"activity", "active share of the catalyst", "1"},
          {"length", "tube length", "m"},
          {"height", "forest height", "m", kMeasured, {"height"}},
          {"amorphous", "amorphous carbon", "1"},
          {"d_over_g", "D/G ratio", "1", kMeasured, {"d_over_g"}},
          {"particle_d", "particle diameter", "nm"},
          {"chirality", "chirality", "1", kMeasured, Family(description, "share_")},
          {"raman", "Raman lines", "1", kMeasured, Family(description, "rbm_")},
          {"tube_d", "mean tube diameter", "m", kMeasured, {"mean_diameter"}}};
}

/// From the heater's thermocouple or set-point to the heater.
std::vector<Edge> HeaterEdges(bool stage, bool measured) {
  std::vector<Edge> edges = {
      {"heater_t", "base_t", "zone_position", kRises},
      {"furnace", "base_t", "furnace_nonuniformity", kUnknown, {{"dTax", kRises}}}};
  if (stage) Append({{"heater_t", "second_tc", "thermocouple_lag", kRises}}, &edges);
  if (measured) {
    Append({{"tc_reading", "heater_t", "thermocouple_bias", kRises, {{"bTC", kFalls}}},
            {"heater_t", "duty", "furnace_dynamics", kRises},
            {"mains", "duty", "furnace_dynamics", kFalls}},
           &edges);
    if (stage) Append({{"heat_flux", "duty", "furnace_dynamics", kRises}}, &edges);
    return edges;
  }
  Append({{"setpoint", "duty", "pid", kRises},
          {"duty", "heater_t", "furnace_dynamics", kRises},
          {"mains", "heater_t", "furnace_dynamics", kRises},
          {"heater_t", "tc_reading", "thermocouple_bias", kRises, {{"bTC", kRises}}},
          {"tc_reading", "duty", "pid", kFalls, {}, "", kFeedback}},
         &edges);
  if (stage) {
    Append(
        {{"heat_flux", "heater_t", "furnace_dynamics", kFalls, {}, "heat_flux@heater", kFeedback}},
        &edges);
  }
  return edges;
}

/// From the heater to the surface of a stage's substrate, and what its pyrometer reads.
std::vector<Edge> StageEdges() {
  return {
      {"base_t", "back_t", "contact_resistance", kRises, {{"Rc", kFalls}}, "heater_t@substrate"},
      {"back_t", "surface_t", "substrate_conductivity", kRises, {{"k0", kRises}, {"nk", kFalls}}},
      {"bare_surface", "emissivity", "surface_emissivity", kRises, {{"eps0", kRises}}},
      {"height", "emissivity", "surface_emissivity", kRises, {}, "height@emissivity", kFeedback},
      {"emissivity", "surface_t", "radiation", kFalls},
      {"wall_t", "surface_t", "radiation", kRises},
      {"gas_t", "surface_t", "convection", kRises, {{"h", kFalls}}},
      {"surface_t", "heat_flux", "radiation", kRises},
      {"emissivity", "heat_flux", "radiation", kRises},
      {"gas_t", "heat_flux", "convection", kFalls, {{"h", kRises}}},
      {"surface_t", "pyrometer", "thermal_radiation", kRises, {}, "surface_t@pyrometer"},
      {"bare_surface", "pyrometer", "surface_emissivity", kRises, {{"eps0", kRises}}},
      {"height", "pyrometer", "surface_emissivity", kRises, {}, "height@pyrometer"}};
}

std::vector<Edge> GasEdges(bool stage) {
  std::vector<Edge> edges = {
      {"flow_setpoints", "feed_flow", "feed_flow_error", kRises, {{"gF", kRises}}},
      {"flow_setpoints", "h2_p", "dilution", kRises},
      {"flow_setpoints", "water_p", "dilution", kRises},
      {"pressure", "feed_p", "dilution", kRises},
      {"pressure", "residence", "residence", kRises},
      {"feed_flow", "feed_p", "dilution", kRises},
      {"feed_flow", "h2_p", "dilution", kFalls},
      {"feed_flow", "water_p", "dilution", kFalls},
      {"feed_flow", "residence", "residence", kFalls},
      {"leak", "water_p", "moisture_leak", kRises, {{"Pw_bg", kRises}}},
      {"residence", "conversion", "precursor_pyrolysis", kRises, {{"kg0", kRises}}},
      {"conversion", "water_p", "ethanol_dehydration", kRises},
      {"conversion", "supply_factor", "precursor_pyrolysis", kUnknown, {{"phi"}}},
      {"water_p", "water_reading", "gas_analysis", kRises},
      {"feed_p", "acetylene_reading", "gas_analysis", kRises},
      {"conversion", "acetylene_reading", "gas_analysis", kRises}};
  if (stage) {
    edges.push_back({"preheat_t", "conversion", "precursor_pyrolysis", kRises});
  } else {
    edges.push_back(
        {"base_t", "conversion", "precursor_pyrolysis", kRises, {}, "heater_t@pyrolysis"});
  }
  return edges;
}

/// Carbon, overcoat and what is left of the catalyst.
std::vector<Edge> CatalystEdges() {
  const std::string surface = "surface_t@growth";
  return {
      {"surface_t", "activation", "reduction", kRises, {}, "surface_t@activation"},
      {"surface_t", "supply_factor", "boudouard_equilibrium", kFalls, {}, surface},
      {"feed_p", "carbon_flux", "carbon_supply", kRises, {{"vs0", kRises}}, "feed_p"},
      {"supply_factor", "carbon_flux", "carbon_supply", kRises, {}, "supply_factor"},
      {"surface_t", "carbon_flux", "carbon_supply", kUnknown, {{"Es"}}, surface},
      {"carbon_flux", "growth_rate", "carbon_diffusion", kRises, {{"vd0", kRises}}},
      {"surface_t", "growth_rate", "carbon_diffusion", kRises, {{"Ed"}}, surface},
      {"water_p", "growth_rate", "oxidation", kFalls, {}, "water_p"},
      {"feed_p", "growth_rate", "oxidation", kRises, {}, "feed_p"},
      {"feed_p", "overcoat", "carbon_overcoating", kRises, {{"rc0", kRises}}, "feed_p"},
      {"surface_t", "overcoat", "carbon_overcoating", kRises, {}, surface},
      {"conversion", "overcoat", "carbon_overcoating", kRises, {}, "pyrolysed_share"},
      {"water_p", "overcoat", "water_cleaning", kFalls, {{"rw0", kFalls}}, "water_p"},
      {"surface_t", "overcoat", "water_cleaning", kFalls, {}, surface},
      {"h2_p", "overcoat", "hydrogen_cleaning", kFalls, {}, "h2_p"},
      {"overcoat", "activity", "encapsulation", kFalls, {{"kenc0", kFalls}}, "overcoat@activity"},
      {"surface_t", "activity", "encapsulation", kFalls, {}, surface},
      {"surface_t", "activity", "ripening_loss", kFalls, {{"krip0", kFalls}}, surface}};
}

std::vector<Edge> HeightEdges() {
  const std::string surface = "surface_t@growth";
  return {{"growth_rate", "length", "growth", kRises, {}, "growth_rate"},
          {"overcoat", "length", "growth", kFalls, {}, "overcoat@growth"},
          {"activity", "length", "growth", kRises, {}, "activity"},
          {"activation", "length", "growth", kRises, {}, "activation"},
          {"length", "height", "forest_diffusion", kRises, {{"HD", kRises}}},
          {"feed_p", "amorphous", "carbon_overcoating", kRises, {{"rc0", kRises}}, "feed_p"},
          {"surface_t", "amorphous", "carbon_overcoating", kRises, {}, surface},
          {"conversion", "amorphous", "carbon_overcoating", kRises, {}, "pyrolysed_share"},
          {"overcoat", "amorphous", "carbon_overcoating", kFalls, {}, "overcoat@growth"},
          {"amorphous", "d_over_g", "defects", kRises},
          {"height", "d_over_g", "defects", kFalls},
          {"length", "d_over_g", "defects", kUnknown},
          {"growth_rate", "d_over_g", "defects", kRises, {}, "growth_rate"},
          {"surface_t", "d_over_g", "defects", kFalls, {}, surface}};
}

/// One edge into each of the three things that are known of the tubes.
std::vector<Edge> TubeEdges() {
  std::vector<Edge> edges = {{"catalyst", "particle_d", "particle_size", kRises, {{"dp0", kRises}}},
                             {"surface_t",
                              "particle_d",
                              "ripening",
                              kUnknown,
                              {{"Kr0", kRises}, {"Er"}},
                              "surface_t@ripening"}};
  for (const char* to : {"chirality", "raman", "tube_d"}) {
    const Sign size = std::string_view(to) == "tube_d" ? kRises : kUnknown;
    Append({{"particle_d", to, "size_dispersion", size, {{"sigma_p"}}, "particle_d"},
            {"surface_t", to, "interface_energy", kUnknown, {{"dgamma"}}, "surface_t@nucleation"},
            {"surface_t", to, "kink_energy", kUnknown, {{"eps_kink"}}, "surface_t@nucleation"},
            {"overcoat", to, "nucleation_window", kUnknown, {}, "overcoat@nucleation"}},
           &edges);
  }
  return edges;
}

}  // namespace

absl::StatusOr<Graph> SwcntGraph(const twin::Description& description, std::string_view rig_kind,
                                 twin::DriveMode mode) {
  const bool stage = rig_kind == "stage";
  std::vector<Node> nodes = HeatNodes(stage);
  for (std::vector<Node> more : {GasNodes(), GrowthNodes(description)}) {
    nodes.insert(nodes.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  }
  std::vector<Edge> edges = HeaterEdges(stage, mode == twin::DriveMode::kMeasured);
  if (stage) {
    Append(StageEdges(), &edges);
  } else {
    Append({{"base_t", "surface_t", "wall_balance", kRises, {}, "heater_t@substrate"}}, &edges);
  }
  for (std::vector<Edge> more : {GasEdges(stage), CatalystEdges(), HeightEdges(), TubeEdges()}) {
    Append(std::move(more), &edges);
  }
  return Graph::Make(std::move(nodes), std::move(edges));
}

}  // namespace parallax::causal
