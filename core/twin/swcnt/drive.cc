#include "core/twin/swcnt/drive.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/twin/swcnt/constants.h"

namespace parallax::twin::swcnt {
namespace {

HeaterBody BodyOf(const Eigen::VectorXd& k) {
  return {.heat_capacity_j_k = k[kHeatCapacity],
          .power_max_w = k[kPowerMax],
          .loss_w_k = k[kLossWk],
          .radiance_w_k4 = k[kRadiatingEmissivity] * kStefanBoltzmann * k[kRadiatingArea],
          .ambient_k = k[kAmbient]};
}

/// @param channel  that measures what the column holds.   @param said  names it to people.
absl::Status OutOfRange(const Drive& drive, const char* channel, const std::string& said,
                        Eigen::Index row, double value, const char* unit,
                        const std::string& bound) {
  const double time_s = drive.time_s[row];
  const bool measured = drive.mode == DriveMode::kMeasured;
  return base::WithFieldError(
      absl::InvalidArgumentError(absl::StrFormat("%s = %g %s at time_s = %g, must be %s", said,
                                                 value, unit, time_s, bound)),
      {.field = measured ? absl::StrFormat("run.samples[%s]", channel) : channel,
       .value = absl::StrFormat("%g %s", value, unit),
       .bound = bound,
       .next_step = absl::StrFormat("look at time_s = %g of the run", time_s)});
}

/// The least of a column; not a number where one of them is not.
template <typename Column>
double Least(const Column& column) {
  return column.template minCoeff<Eigen::PropagateNaN>();
}

absl::Status CheckTemperature(const Drive& drive, int column, const char* channel,
                              const char* said) {
  const auto temperature = drive.inputs.col(column);
  if (Least(temperature) >= kColdestK && -Least(-temperature) <= kHottestK) return absl::OkStatus();
  for (Eigen::Index i = 0; i < drive.time_s.size(); ++i) {
    const double t = drive.inputs(i, column);
    if (t >= kColdestK && t <= kHottestK) continue;
    return OutOfRange(drive, channel, said, i, t, "K",
                      absl::StrFormat("in [%g, %g]", kColdestK, kHottestK));
  }
  return absl::OkStatus();
}

absl::Status CheckTemperatures(const Drive& drive) {
  constexpr struct {
    DriveInput column;
    const char* channel;
    const char* said;
  } kTemperatures[] = {{kZone1, "z1_tc", "zone 1 temperature"},
                       {kZone2, "z2_tc", "zone 2 temperature"},
                       {kZone3, "z3_tc", "zone 3 temperature"},
                       {kStage, "stage_tc", "stage temperature"},
                       {kPreheat, "preheat_t", "preheat temperature"},
                       {kWall, "wall_t", "wall temperature"},
                       {kGasT, "gas_t", "gas temperature"}};
  const bool hot_wall = drive.constants[kIsHotWall] > 0.5;
  for (const auto& [column, channel, said] : kTemperatures) {
    const bool of_zone = column >= kZone1 && column <= kZone3;
    if (of_zone != hot_wall) continue;
    PARALLAX_RETURN_IF_ERROR(CheckTemperature(drive, column, channel, said));
  }
  return absl::OkStatus();
}

bool IsGasSound(const Drive& drive) {
  const auto line = [&](int k) { return drive.inputs.col(kArgon + k); };
  return Least(line(0)) >= 0.0 && Least(line(1)) >= 0.0 && Least(line(2)) >= 0.0 &&
         Least(line(3)) >= 0.0 && Least(line(0) + line(1) + line(2) + line(3)) > 0.0 &&
         Least(drive.inputs.col(kPressure)) > 0.0 && Least(drive.inputs.col(kMains)) > 0.0;
}

absl::Status CheckGas(const Drive& drive) {
  if (IsGasSound(drive)) return absl::OkStatus();
  constexpr const char* kNames[] = {"ar_flow", "h2_flow", "feed_flow", "h2o_flow"};
  for (Eigen::Index i = 0; i < drive.time_s.size(); ++i) {
    double carrier = 0.0;
    for (int line = 0; line < 4; ++line) {
      const double flow = drive.inputs(i, kArgon + line);
      if (flow < 0.0) {
        return OutOfRange(drive, kNames[line], kNames[line], i, flow, "mol/s", ">= 0");
      }
      carrier += flow;
    }
    if (!(carrier > 0.0)) {
      return OutOfRange(drive, "ar_flow", "total gas flow", i, carrier, "mol/s", "> 0");
    }
    const double pressure_pa = drive.inputs(i, kPressure);
    if (!(pressure_pa > 0.0)) {
      return OutOfRange(drive, "pressure", "pressure", i, pressure_pa, "Pa", "> 0");
    }
    const double mains_v = drive.inputs(i, kMains);
    if (!(mains_v > 0.0)) {
      return OutOfRange(drive, "mains_v", "mains_v", i, mains_v, "V", "> 0");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIndex(const char* field, double value, int count) {
  if (value >= 0 && value < count && value == std::floor(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "drive constant %s = %g, must be an integer in [0, %d]", field, value, count - 1));
}

absl::Status CheckPositive(const Drive& drive) {
  constexpr struct {
    DriveConstant place;
    const char* name;
  } kPositive[] = {{kThickness, "substrate.thickness_m"},
                   {kHeatCapacity, "heat_capacity_j_k"},
                   {kPowerMax, "heater_power_max_w"},
                   {kTi, "pid_ti_s"},
                   {kTcLag, "tc_lag_s"},
                   {kMainsNominal, "mains_nominal_v"},
                   {kHotZoneVolume, "hot_zone_volume_m3"},
                   {kLaserNm, "raman.laser_nm"}};
  for (const auto& [place, name] : kPositive) {
    if (drive.constants[place] > 0.0) continue;
    return base::InvalidField({.field = name,
                               .value = absl::StrFormat("%g", drive.constants[place]),
                               .bound = "> 0",
                               .next_step = ""});
  }
  return absl::OkStatus();
}

/// Geometry that has a range where it is used.
absl::Status CheckPlaces(const Drive& drive) {
  const bool hot_wall = drive.constants[kIsHotWall] > 0.5;
  const bool pyrometer = !hot_wall && drive.constants[kWavelength] > 0.0;
  constexpr double kTiny = std::numeric_limits<double>::min();
  const struct {
    bool used;
    DriveConstant place;
    const char* key;
    double low, high;
    std::string bound;
  } kRanges[] = {{drive.mode == DriveMode::kRecipe, kIdle, "idle_temperature_k", kColdestK,
                  kHottestK, absl::StrFormat("in [%g, %g]", kColdestK, kHottestK)},
                 {hot_wall, kPosition, "substrate_position", -1.0, 1.0, "in [-1, 1]"},
                 {pyrometer, kEmissivitySet, "pyrometer_emissivity_set", kTiny, 1.0, "in (0, 1]"}};
  for (const auto& range : kRanges) {
    const double value = drive.constants[range.place];
    if (!range.used || (value >= range.low && value <= range.high)) continue;
    return base::InvalidField({.field = absl::StrFormat("rig.geometry[%s]", range.key),
                               .value = absl::StrFormat("%g", value),
                               .bound = range.bound,
                               .next_step = ""},
                              range.key);
  }
  return absl::OkStatus();
}

absl::Status CheckRows(const Drive& drive) {
  for (Eigen::Index i = 1; i < drive.time_s.size(); ++i) {
    const double step_s = drive.time_s[i] - drive.time_s[i - 1];
    if (std::abs(step_s - kRowS) < 1e-6) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "drive time_s[%d] - time_s[%d] = %.9g, must be %g", i, i - 1, step_s, kRowS));
  }
  return absl::OkStatus();
}

}  // namespace

Setup::Setup(const Drive& drive)
    : hot_wall(drive.constants[kIsHotWall] > 0.5),
      heaters(hot_wall ? 3 : 1),
      first_heater(hot_wall ? kZone1 : kStage),
      material(MaterialAt(static_cast<int>(drive.constants[kMaterialIndex]))),
      catalyst(CatalystSetAt(static_cast<int>(drive.constants[kCatalystIndex]))),
      feed(FeedAt(static_cast<int>(drive.constants[kFeedIndex]))),
      thickness_m(drive.constants[kThickness]),
      reduce_begin_s(drive.constants[kReduceBegin]),
      reduce_end_s(drive.constants[kReduceEnd]),
      feed_at_s(drive.constants[kFeedAt]),
      body(BodyOf(drive.constants)),
      zone_coupling_w_k(drive.constants[kZoneCoupling]),
      controller{.kp_per_k = drive.constants[kKp], .ti_s = drive.constants[kTi]},
      idle_k(drive.constants[kIdle]),
      tc_lag_s(drive.constants[kTcLag]),
      tc_drift_k_s(drive.constants[kTcDrift]),
      mains_nominal_v(drive.constants[kMainsNominal]),
      hot_zone_m3(drive.constants[kHotZoneVolume]),
      area_m2(drive.constants[kSubstrateArea]),
      bore_m(drive.constants[kTubeBore]),
      position(drive.constants[kPosition]),
      wavelength_m(drive.constants[kWavelength]),
      emissivity_set(drive.constants[kEmissivitySet]),
      laser_nm(drive.constants[kLaserNm]) {}

bool IsAbsent(const Drive& drive, int output) {
  const bool hot_wall = drive.constants[kIsHotWall] > 0.5;
  const bool of_stage = output <= kPyro;
  const bool of_zones = output >= kZ1Tc && output <= kZ3Duty;
  if (output == kPyro && drive.constants[kWavelength] == 0.0) return true;
  return hot_wall ? of_stage : of_zones;
}

absl::Status CheckContents(const Drive& drive) {
  PARALLAX_RETURN_IF_ERROR(CheckIndex("hot_wall", drive.constants[kIsHotWall], 2));
  PARALLAX_RETURN_IF_ERROR(
      CheckIndex("substrate.material", drive.constants[kMaterialIndex], kMaterials));
  PARALLAX_RETURN_IF_ERROR(
      CheckIndex("catalyst.set", drive.constants[kCatalystIndex], kCatalystSets));
  PARALLAX_RETURN_IF_ERROR(CheckIndex("catalyst.feed", drive.constants[kFeedIndex], kFeeds));
  PARALLAX_RETURN_IF_ERROR(CheckPositive(drive));
  PARALLAX_RETURN_IF_ERROR(CheckPlaces(drive));
  PARALLAX_RETURN_IF_ERROR(CheckRows(drive));
  PARALLAX_RETURN_IF_ERROR(CheckTemperatures(drive));
  return CheckGas(drive);
}

}  // namespace parallax::twin::swcnt
