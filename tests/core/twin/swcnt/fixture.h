#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/signal/clean.h"
#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/model.h"
#include "core/twin/swcnt/outcome.h"
#include "core/twin/swcnt/parameters.h"
#include "core/twin/swcnt/swcnt.h"

/// Rigs, recipes and drives that the tests of the nanotube twin share.
namespace parallax::twin::testing {

inline signal::Channel SwcntChannel(const std::string& id, const std::string& unit, double low,
                                    double high) {
  signal::Channel channel;
  channel.id = id;
  channel.quantity = id;
  channel.unit = unit;
  channel.range_low = low;
  channel.range_high = high;
  return channel;
}

inline signal::Device SwcntController(const std::vector<std::string>& heaters) {
  signal::Device device{.id = "controller"};
  for (const std::string& id : heaters) {
    device.channels.push_back(SwcntChannel(id, "K", 273.0, 1400.0));
  }
  for (const char* id : {"ar_sp", "h2_sp", "feed_sp", "h2o_sp"}) {
    device.channels.push_back(SwcntChannel(id, "mL/min", 0.0, 2000.0));
  }
  device.channels.push_back(SwcntChannel("pressure_sp", "Pa", 0.0, 2e6));
  return device;
}

inline signal::Device SwcntThermometer(const std::vector<std::string>& ids) {
  signal::Device device{.id = "furnace"};
  for (const std::string& id : ids) {
    device.channels.push_back(SwcntChannel(id, "K", 273.0, 1500.0));
  }
  device.channels.push_back(SwcntChannel("mains_v", "V", 0.0, 300.0));
  return device;
}

/// A heated stage as in the recorded campaigns.
inline signal::Rig StageRig() {
  signal::Rig rig{.id = "stage-rig", .kind = "stage"};
  rig.geometry = {{"substrate_area_m2", 4e-4},
                  {"wall_temperature_k", 350.0},
                  {"gas_temperature_k", 500.0},
                  {"ambient_k", 298.0},
                  {"idle_temperature_k", 870.0},
                  {"heat_capacity_j_k", 150.0},
                  {"heater_power_max_w", 700.0},
                  {"loss_w_k", 0.2},
                  {"radiating_area_m2", 0.003},
                  {"radiating_emissivity", 0.8},
                  {"pid_kp_per_k", 0.02},
                  {"pid_ti_s", 150.0},
                  {"tc_lag_s", 5.0},
                  {"mains_nominal_v", 230.0},
                  {"hot_zone_volume_m3", 3e-4},
                  {"feed_line_delay_s", 2.0},
                  {"pyrometer_wavelength_m", 9e-7},
                  {"pyrometer_emissivity_set", 0.8}};
  rig.devices = {SwcntController({"stage_sp", "preheat_sp"}),
                 SwcntThermometer({"stage_tc", "stage_tc2"})};
  return rig;
}

/// A three-zone tube furnace as in the recorded campaigns.
inline signal::Rig HotWallRig() {
  signal::Rig rig{.id = "tube-rig", .kind = "hot_wall"};
  rig.geometry = {{"tube_bore_m", 0.022},
                  {"substrate_position", 0.25},
                  {"ambient_k", 298.0},
                  {"idle_temperature_k", 870.0},
                  {"heat_capacity_j_k", 900.0},
                  {"heater_power_max_w", 900.0},
                  {"loss_w_k", 0.2},
                  {"radiating_area_m2", 0.003},
                  {"radiating_emissivity", 0.8},
                  {"zone_coupling_w_k", 0.35},
                  {"pid_kp_per_k", 0.02},
                  {"pid_ti_s", 150.0},
                  {"tc_lag_s", 5.0},
                  {"mains_nominal_v", 230.0},
                  {"hot_zone_volume_m3", 1.14e-4},
                  {"feed_line_delay_s", 2.0},
                  {"substrate_area_m2", 2.25e-4}};
  rig.devices = {SwcntController({"z1_sp", "z2_sp", "z3_sp"}),
                 SwcntThermometer({"z1_tc", "z2_tc", "z3_tc"})};
  return rig;
}

/// One growth run in five phases.
struct GrowthRecipe {
  double temperature_k = 1023.15;
  double preheat_k = 1023.15;
  double heat_s = 300.0, reduce_s = 300.0, anneal_s = 300.0, grow_s = 600.0, cool_s = 60.0;
  double pressure_pa = 101325.0;
  double argon_sccm = 650.0, hydrogen_sccm = 200.0, feed_sccm = 150.0, water_sccm = 0.14;
  std::string material = "fused silica";
  double thickness_m = 1e-3;
  std::string set = "Fe/Al2O3";
  std::string feed = "C2H4";
};

/// Co-Mo with ethanol at 10 kPa.
inline GrowthRecipe ChiralityRecipe(double temperature_k) {
  return {.temperature_k = temperature_k,
          .preheat_k = 850.0,
          .grow_s = 300.0,
          .pressure_pa = 10e3,
          .argon_sccm = 388.0,
          .hydrogen_sccm = 112.0,
          .feed_sccm = 60.0,
          .water_sccm = 0.0,
          .set = "CoMo/SiO2",
          .feed = "C2H5OH"};
}

inline signal::CleanRun RunOf(const signal::Rig& rig, const GrowthRecipe& r) {
  signal::CleanRun clean;
  clean.run.id = rig.id;
  clean.run.substrate = {r.material, r.thickness_m};
  clean.run.catalyst = {r.set, r.feed, r.reduce_s, r.anneal_s};
  const bool stage = rig.kind == "stage";
  const std::vector<std::string> heaters =
      stage ? std::vector<std::string>{"stage_sp"}
            : std::vector<std::string>{"z1_sp", "z2_sp", "z3_sp"};
  const double ends[] = {r.heat_s, r.reduce_s, r.anneal_s, r.grow_s, r.cool_s};
  const char* names[] = {"heat", "reduce", "stabilise", "grow", "cool"};
  double begin_s = 0.0;
  for (int i = 0; i < 5; ++i) {
    signal::Segment segment{.name = names[i], .start_s = begin_s, .end_s = begin_s + ends[i]};
    begin_s = segment.end_s;
    for (const std::string& heater : heaters) {
      if (i == 0) segment.setpoints[heater] = {r.temperature_k, true};
      if (i == 4) segment.setpoints[heater] = {870.0, true};
    }
    segment.setpoints["feed_sp"] = {i == 3 ? r.feed_sccm : 0.0};
    segment.setpoints["h2o_sp"] = {i == 3 ? r.water_sccm : 0.0};
    segment.setpoints["h2_sp"] = {r.hydrogen_sccm};
    segment.setpoints["ar_sp"] = {i == 3 ? r.argon_sccm : r.argon_sccm + r.feed_sccm};
    segment.setpoints["pressure_sp"] = {r.pressure_pa};
    if (stage) segment.setpoints["preheat_sp"] = {r.preheat_k};
    clean.run.recipe.segments.push_back(std::move(segment));
  }
  return clean;
}

inline Drive RecipeDrive(const signal::Rig& rig, const GrowthRecipe& recipe) {
  return swcnt::PrepareDrive(rig, RunOf(rig, recipe), DriveMode::kRecipe).value();
}

/// The drive of a heater that stands at the recipe's temperature from beginning to end, as
/// measured.
inline Drive SteadyDrive(const signal::Rig& rig, const GrowthRecipe& recipe) {
  Drive drive = RecipeDrive(rig, recipe);
  drive.mode = DriveMode::kMeasured;
  const bool stage = rig.kind == "stage";
  for (int column = stage ? swcnt::kStage : swcnt::kZone1;
       column <= (stage ? swcnt::kStage : swcnt::kZone3); ++column) {
    drive.inputs.col(column).setConstant(recipe.temperature_k);
  }
  for (int output : {swcnt::kStageTc, swcnt::kZ1Tc, swcnt::kZ2Tc, swcnt::kZ3Tc}) {
    drive.initial[output] = recipe.temperature_k;
  }
  return drive;
}

inline Eigen::VectorXd SwcntParameters(const std::map<std::string, double>& assumptions = {}) {
  return ParametersFromAssumptions(MakeSwcnt()->description(), assumptions).value();
}

inline std::array<double, swcnt::kParameters> AsArray(const Eigen::VectorXd& p) {
  std::array<double, swcnt::kParameters> array;
  for (size_t i = 0; i < array.size(); ++i) array[i] = p[static_cast<Eigen::Index>(i)];
  return array;
}

/// Parameters drawn from the prior at `width` of its spread, kept within the bounds.
inline Eigen::VectorXd DrawSwcnt(uint64_t seed, double width) {
  base::Random random(seed, 11);
  const std::vector<Parameter> list = swcnt::ParameterDescriptors();
  Eigen::VectorXd p(swcnt::kParameters);
  for (Eigen::Index i = 0; i < p.size(); ++i) {
    const Parameter& d = list[static_cast<size_t>(i)];
    const double z = ToCoordinate(d, d.nominal) + width * d.prior_sd * random.Normal();
    const double margin = 0.01 * (d.upper - d.lower);
    p[i] = std::clamp(FromCoordinate(d, z), d.lower + (d.lower > 0 ? 0.01 * d.lower : margin),
                      d.upper - margin);
  }
  return p;
}

/// A recipe drawn at random: temperature, pressure, flows, times, substrate, catalyst, feed.
inline GrowthRecipe DrawRecipe(uint64_t seed) {
  base::Random random(seed, 12);
  const auto between = [&](double low, double high) {
    return low + (high - low) * random.Uniform();
  };
  const bool forest = random.Uniform() < 0.5;
  GrowthRecipe r = forest ? GrowthRecipe{} : ChiralityRecipe(1023.15);
  r.temperature_k = between(930.0, 1170.0);
  r.preheat_k = forest ? between(900.0, 1100.0) : between(780.0, 880.0);
  r.heat_s = 2.0 * std::round(between(60.0, 150.0));
  r.reduce_s = 2.0 * std::round(between(40.0, 120.0));
  r.anneal_s = 2.0 * std::round(between(20.0, 150.0));
  r.grow_s = 2.0 * std::round(between(60.0, 200.0));
  r.feed_sccm *= between(0.3, 2.0);
  r.hydrogen_sccm *= between(0.3, 2.0);
  r.water_sccm = forest ? between(0.0, 0.6) : 0.0;
  const double thicknesses[] = {0.5e-3, 1e-3, 2e-3, 3e-3};
  r.thickness_m = thicknesses[random.Below(4)];
  const char* const materials[] = {"fused silica", "alumina 99.5", "sapphire", "silicon"};
  r.material = materials[random.Below(4)];
  r.pressure_pa *= between(0.5, 1.2);
  if (random.Uniform() < 0.3) r.feed = forest ? "CH4" : "CO";
  return r;
}

/// The draws' drives: even seeds have a stage, odd ones a tube; of four seeds the first two are
/// driven by the recipe, the others stand at their temperature as measured.
inline Drive DriveOfSeed(uint64_t seed) {
  const GrowthRecipe recipe = DrawRecipe(seed);
  const signal::Rig rig = seed % 2 == 0 ? StageRig() : HotWallRig();
  return seed % 4 < 2 ? RecipeDrive(rig, recipe) : SteadyDrive(rig, recipe);
}

}  // namespace parallax::twin::testing
