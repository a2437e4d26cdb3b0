#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/signal/filter.h"
#include "core/twin/swcnt/constants.h"
#include "core/twin/swcnt/drive.h"
#include "core/twin/timeline.h"

namespace parallax::twin::swcnt {
namespace {

/// The longest recipe that is predicted [rows].
constexpr double kMostGridRows = 100'000;
constexpr double kDefaultLaserNm = 532.0;

/// A boundary condition: the channel that measures it and the one that sets it.
struct Line {
  DriveInput column;
  const char* measured;
  const char* setpoint;
};
constexpr Line kGasLines[] = {{kArgon, "ar_flow", "ar_sp"},
                              {kHydrogen, "h2_flow", "h2_sp"},
                              {kFeedFlow, "feed_flow", "feed_sp"},
                              {kWaterFlow, "h2o_flow", "h2o_sp"}};

double GeometryOr(const signal::Rig& rig, const char* key, double otherwise) {
  const auto found = rig.geometry.find(key);
  return found == rig.geometry.end() ? otherwise : found->second;
}

/// Moles in a standard cubic metre of the channel's reference state.
double MolPerM3(const signal::Rig& rig, const std::string& channel_id) {
  const absl::StatusOr<signal::ChannelRef> ref = signal::FindChannel(rig, channel_id);
  signal::GasReference state;
  if (ref.ok() && ref->channel->reference) state = *ref->channel->reference;
  return state.pressure_pa / (kGasConstant * state.temperature_k);
}

bool HasChannel(const signal::Rig& rig, const char* id) {
  return signal::FindChannel(rig, id).ok();
}

/// Whether the heaters, or the preheater, follow this set-point in `mode`. A measured run follows
/// its thermocouples.
bool IsFollowedTemperature(const signal::Rig& rig, const std::string& id, DriveMode mode) {
  if (mode == DriveMode::kMeasured) return false;
  return rig.kind == "stage" ? id == "stage_sp" || id == "preheat_sp"
                             : id == "z1_sp" || id == "z2_sp" || id == "z3_sp";
}

/// What set-point `id` must be, in its channel's unit; empty where `value` is that.
absl::StatusOr<std::string> MissedBound(const signal::Rig& rig, const std::string& id, double value,
                                        DriveMode mode) {
  const bool flow = id == "ar_sp" || id == "h2_sp" || id == "feed_sp" || id == "h2o_sp";
  if (flow) return value >= 0.0 ? "" : ">= 0";
  if (id == "pressure_sp") return value > 0.0 ? "" : "> 0";
  const absl::StatusOr<signal::ChannelRef> ref = signal::FindChannel(rig, id);
  if (!ref.ok() || !IsFollowedTemperature(rig, id, mode)) return "";
  PARALLAX_ASSIGN_OR_RETURN(const base::Unit unit, base::FindUnit(ref->channel->unit));
  const double value_k = base::ToSi(unit, value);
  if (value_k >= kColdestK && value_k <= kHottestK) return "";
  return absl::StrFormat("in [%g, %g] %s", base::FromSi(unit, kColdestK),
                         base::FromSi(unit, kHottestK), unit.code);
}

/// Set-points that no gas system or furnace can follow, or the model cannot.
absl::Status CheckSetpoints(const signal::Rig& rig, const signal::Recipe& recipe, DriveMode mode) {
  for (size_t i = 0; i < recipe.segments.size(); ++i) {
    const signal::Segment& segment = recipe.segments[i];
    for (const auto& [id, setpoint] : segment.setpoints) {
      PARALLAX_ASSIGN_OR_RETURN(const std::string bound,
                                MissedBound(rig, id, setpoint.value, mode));
      if (bound.empty()) continue;
      return base::InvalidField(
          {.field = absl::StrFormat("run.segments[%d].setpoints[%s].value", i, id),
           .value = absl::StrFormat("%g", setpoint.value),
           .bound = bound,
           .next_step = ""},
          absl::StrFormat("segment \"%s\": %s", segment.name, id));
    }
  }
  return absl::OkStatus();
}

/// When phases begin and end.
absl::Status FillPhases(const signal::Rig& rig, const signal::Recipe& recipe, Drive* drive) {
  const double begin_s = drive->time_s[0];
  double reduce_begin_s = begin_s, reduce_end_s = begin_s;
  std::optional<double> grow_s;
  for (const signal::Segment& segment : recipe.segments) {
    if (segment.name == "reduce" && !grow_s) {
      if (reduce_end_s == begin_s) reduce_begin_s = segment.start_s;
      reduce_end_s = segment.end_s;
    }
    if (segment.name == "grow" && !grow_s) grow_s = segment.start_s;
  }
  if (!grow_s) {
    return base::WithFieldError(
        absl::InvalidArgumentError(
            absl::StrFormat("recipe of %d segments has 0 named \"grow\", must have at least 1",
                            recipe.segments.size())),
        {.field = "run.segments",
         .value = "0 named \"grow\"",
         .bound = "at least 1 named \"grow\"",
         .next_step = "name the segment in which the feed flows \"grow\""});
  }
  const double delay_s = GeometryOr(rig, "feed_line_delay_s", 0.0);
  constexpr double kStepS = kRowS / kStepsPerRow;
  drive->constants[kReduceBegin] = reduce_begin_s;
  drive->constants[kReduceEnd] = reduce_end_s;
  drive->constants[kFeedAt] = begin_s + kStepS * std::round((*grow_s + delay_s - begin_s) / kStepS);
  return absl::OkStatus();
}

absl::Status FillSample(const signal::Run& run, Drive* drive) {
  for (const char* part : {"substrate", "catalyst"}) {
    const bool given = part[0] == 's' ? run.substrate.has_value() : run.catalyst.has_value();
    if (given) continue;
    return base::InvalidField({.field = absl::StrFormat("run.%s", part),
                               .value = "null",
                               .bound = "given",
                               .next_step = "the twin grows on it"},
                              absl::StrFormat("run \"%s\": %s", run.id, part));
  }
  constexpr double kThickestM = 0.02;
  const double thickness_m = run.substrate->thickness_m;
  if (!(thickness_m > 0.0 && thickness_m <= kThickestM)) {
    return base::InvalidField({.field = "run.substrate.thickness_m",
                               .value = absl::StrFormat("%g", thickness_m),
                               .bound = absl::StrFormat("in (0, %g]", kThickestM),
                               .next_step = ""},
                              absl::StrFormat("run \"%s\": substrate.thickness_m", run.id));
  }
  PARALLAX_ASSIGN_OR_RETURN(const int material, FindMaterial(run.substrate->material));
  PARALLAX_ASSIGN_OR_RETURN(const int set, FindCatalystSet(run.catalyst->set));
  PARALLAX_ASSIGN_OR_RETURN(const int feed, FindFeed(run.catalyst->feed));
  drive->constants[kThickness] = thickness_m;
  drive->constants[kMaterialIndex] = material;
  drive->constants[kCatalystIndex] = set;
  drive->constants[kFeedIndex] = feed;
  return absl::OkStatus();
}

absl::Status FillGeometry(const signal::Rig& rig, Drive* drive) {
  constexpr struct {
    DriveConstant place;
    const char* key;
  } kNeeded[] = {{kAmbient, "ambient_k"},
                 {kIdle, "idle_temperature_k"},
                 {kHeatCapacity, "heat_capacity_j_k"},
                 {kPowerMax, "heater_power_max_w"},
                 {kLossWk, "loss_w_k"},
                 {kRadiatingArea, "radiating_area_m2"},
                 {kRadiatingEmissivity, "radiating_emissivity"},
                 {kKp, "pid_kp_per_k"},
                 {kTi, "pid_ti_s"},
                 {kTcLag, "tc_lag_s"},
                 {kMainsNominal, "mains_nominal_v"},
                 {kHotZoneVolume, "hot_zone_volume_m3"},
                 {kSubstrateArea, "substrate_area_m2"}};
  for (const auto& [place, key] : kNeeded) {
    PARALLAX_ASSIGN_OR_RETURN(drive->constants[place], Geometry(rig, key));
  }
  drive->constants[kTcDrift] = GeometryOr(rig, "tc_drift_k_per_h", 0.0) / 3600.0;
  drive->constants[kTubeBore] = GeometryOr(rig, "tube_bore_m", 0.022);
  if (drive->constants[kIsHotWall] > 0.5) {
    PARALLAX_ASSIGN_OR_RETURN(drive->constants[kZoneCoupling], Geometry(rig, "zone_coupling_w_k"));
    drive->constants[kPosition] = GeometryOr(rig, "substrate_position", 0.0);
    return absl::OkStatus();
  }
  if (rig.geometry.contains("pyrometer_wavelength_m")) {
    PARALLAX_ASSIGN_OR_RETURN(drive->constants[kWavelength],
                              Geometry(rig, "pyrometer_wavelength_m"));
    PARALLAX_ASSIGN_OR_RETURN(drive->constants[kEmissivitySet],
                              Geometry(rig, "pyrometer_emissivity_set"));
  }
  return absl::OkStatus();
}

/// Uniform rows over the recipe.
absl::Status FillTimes(const signal::Recipe& recipe, Drive* drive) {
  double begin_s = std::numeric_limits<double>::infinity();
  double end_s = -begin_s;
  for (const signal::Segment& segment : recipe.segments) {
    begin_s = std::min(begin_s, segment.start_s);
    end_s = std::max(end_s, segment.end_s);
  }
  const double rows = std::floor((end_s - begin_s) / kRowS) + 1.0;
  if (!(rows >= 2.0 && rows <= kMostGridRows)) {
    const std::string bound = absl::StrFormat("in [%g, %g]", kRowS, kMostGridRows * kRowS);
    return base::WithFieldError(
        absl::InvalidArgumentError(absl::StrFormat("recipe of %d segments lasts %g s, must be %s",
                                                   recipe.segments.size(), end_s - begin_s, bound)),
        {.field = "run.segments",
         .value = absl::StrFormat("%g s", end_s - begin_s),
         .bound = bound + " s",
         .next_step = ""});
  }
  drive->time_s.resize(static_cast<Eigen::Index>(rows));
  for (Eigen::Index i = 0; i < drive->time_s.size(); ++i) {
    drive->time_s[i] = begin_s + kRowS * static_cast<double>(i);
  }
  return absl::OkStatus();
}

/// Fills a held column with row means of what is measured, else set; with a constant where the rig
/// has neither channel.
/// @param delay_s  by which the signal reaches the substrate later.
absl::Status FillHeld(const signal::Rig& rig, const signal::CleanRun& run, const Line& line,
                      double delay_s, double otherwise, Drive* drive) {
  auto column = drive->inputs.col(line.column);
  const signal::CleanSeries* series =
      drive->mode == DriveMode::kMeasured ? run.Find(line.measured) : nullptr;
  std::optional<InputSignal> input;
  if (HasGoodSample(series)) {
    input = InputSignal::FromSeries(*series, Between::kLinear);
  } else if (line.setpoint != nullptr && HasChannel(rig, line.setpoint)) {
    PARALLAX_ASSIGN_OR_RETURN(input, InputSignal::FromRecipe(rig, run.run.recipe, line.setpoint));
    if (drive->mode == DriveMode::kMeasured) drive->by_setpoint.emplace_back(line.measured);
  }
  for (Eigen::Index i = 0; i < drive->time_s.size(); ++i) {
    const double begin_s = drive->time_s[i] - delay_s;
    column[i] = input ? input->Mean(begin_s, begin_s + kRowS) : otherwise;
  }
  return absl::OkStatus();
}

/// First row and past-the-last row wholly within a segment whose gas arrives `delay_s` later.
std::pair<Eigen::Index, Eigen::Index> RowsWithin(const Drive& drive, const signal::Segment& segment,
                                                 double delay_s) {
  const double begin_s = drive.time_s[0] - delay_s;
  const double first = std::ceil((segment.start_s - begin_s) / kRowS - 1e-9);
  const double last = std::floor((segment.end_s - begin_s) / kRowS + 1e-9);
  return {std::max<Eigen::Index>(0, static_cast<Eigen::Index>(first)),
          std::min<Eigen::Index>(drive.time_s.size(), static_cast<Eigen::Index>(last))};
}

/// Means of a flow meter's readings over 20 s, but not across a change of the recipe: what gas does
/// is steady between two set-points, and a meter's noise would otherwise pass for water or feed.
/// Where the valve is set shut and the meter reads no more than `noise_mol_s`, nothing flows:
/// meters do not read below zero, so that their noise alone would make a flow.
void SmoothBetweenChanges(const signal::Recipe& recipe, const Line& line, double delay_s,
                          double noise_mol_s, Drive* drive) {
  constexpr Eigen::Index kHalfWindow = 5;
  const Eigen::VectorXd raw = drive->inputs.col(line.column);
  for (const signal::Segment& segment : recipe.segments) {
    auto [first, last] = RowsWithin(*drive, segment, delay_s);
    if (&segment == &recipe.segments.front()) first = 0;  // as before the recipe, so at its start
    const double middle_s = 0.5 * (segment.start_s + segment.end_s);
    const bool shut = signal::SetpointAt(recipe, line.setpoint, middle_s) == 0.0;
    for (Eigen::Index i = first; i < last; ++i) {
      const Eigen::Index low = std::max(first, i - kHalfWindow);
      const Eigen::Index high = std::min(last, i + kHalfWindow + 1);
      const double mean = raw.segment(low, high - low).mean();
      drive->inputs(i, line.column) = shut && mean <= 2.0 * noise_mol_s ? 0.0 : mean;
    }
  }
}

absl::Status FillGas(const signal::Rig& rig, const signal::CleanRun& run, Drive* drive) {
  const double delay_s = GeometryOr(rig, "feed_line_delay_s", 0.0);
  for (const Line& line : kGasLines) {
    PARALLAX_RETURN_IF_ERROR(FillHeld(rig, run, line, delay_s, 0.0, drive));
    const char* id = HasChannel(rig, line.measured) ? line.measured : line.setpoint;
    auto column = drive->inputs.col(line.column);
    const double mol_per_m3 = MolPerM3(rig, id);
    column *= mol_per_m3;
    const signal::CleanSeries* meter = run.Find(line.measured);
    if (drive->mode == DriveMode::kRecipe || !HasGoodSample(meter)) continue;
    SmoothBetweenChanges(run.run.recipe, line, delay_s, meter->noise_sd_si * mol_per_m3, drive);
    column = column.cwiseMax(0.0).eval();  // gas does not flow backwards
  }
  return FillHeld(rig, run, {kPressure, "pressure", "pressure_sp"}, 0.0, 101325.0, drive);
}

absl::Status FillSurroundings(const signal::Rig& rig, const signal::CleanRun& run, Drive* drive) {
  const double nominal_v = drive->constants[kMainsNominal];
  PARALLAX_RETURN_IF_ERROR(FillHeld(rig, run, {kMains, "mains_v", nullptr}, 0.0, nominal_v, drive));
  if (drive->constants[kIsHotWall] > 0.5) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const double wall_k, Geometry(rig, "wall_temperature_k"));
  PARALLAX_ASSIGN_OR_RETURN(const double gas_k, Geometry(rig, "gas_temperature_k"));
  PARALLAX_RETURN_IF_ERROR(FillHeld(rig, run, {kWall, "wall_t", nullptr}, 0.0, wall_k, drive));
  PARALLAX_RETURN_IF_ERROR(FillHeld(rig, run, {kGasT, "gas_t", nullptr}, 0.0, gas_k, drive));
  return FillHeld(rig, run, {kPreheat, "preheat_t", "preheat_sp"}, 0.0, gas_k, drive);
}

/// A thermocouple's smoothed readings.
absl::StatusOr<InputSignal> SmoothedReading(const signal::CleanRun& run, const char* channel) {
  const signal::CleanSeries* series = run.Find(channel);
  if (!HasGoodSample(series)) {
    return base::WithFieldError(
        absl::InvalidArgumentError(absl::StrFormat(
            "run \"%s\" has 0 good samples of \"%s\", must have some to drive the twin as measured",
            run.run.id, channel)),
        {.field = absl::StrFormat("run.samples[%s]", channel),
         .value = "0 good",
         .bound = "some",
         .next_step = "simulate the recipe instead, or mend the sensor"});
  }
  PARALLAX_ASSIGN_OR_RETURN(signal::FilteredSeries filtered, signal::FilterSeries(*series));
  signal::CleanSeries smooth;
  smooth.time_s = std::move(filtered.time_s);
  smooth.value_si = std::move(filtered.value_si);
  smooth.quality.resize(smooth.time_s.size());
  return InputSignal::FromSeries(smooth, Between::kLinear);
}

/// The heater's temperature as measured (lag undone: T = y + tau dy/dt) or as set.
absl::Status FillHeater(const signal::Rig& rig, const signal::CleanRun& run, int column,
                        const char* measured, const char* setpoint, int output, Drive* drive) {
  if (drive->mode == DriveMode::kRecipe) {
    // A run starts at rest where the rig idles: the first ramp goes from there.
    signal::Recipe recipe = run.run.recipe;
    const double begin_s = drive->time_s[0];
    recipe.segments.insert(recipe.segments.begin(),
                           {.name = "idle",
                            .start_s = begin_s,
                            .end_s = begin_s,
                            .setpoints = {{setpoint, {drive->constants[kIdle]}}}});
    PARALLAX_ASSIGN_OR_RETURN(const InputSignal target,
                              InputSignal::FromRecipe(rig, recipe, setpoint));
    for (Eigen::Index i = 0; i < drive->time_s.size(); ++i) {
      const double t = drive->time_s[i];
      drive->inputs(i, column) = target.Mean(t, t);
    }
    return absl::OkStatus();
  }
  PARALLAX_ASSIGN_OR_RETURN(const InputSignal reading, SmoothedReading(run, measured));
  const double lag_s = drive->constants[kTcLag];
  for (Eigen::Index i = 0; i < drive->time_s.size(); ++i) {
    const double t = drive->time_s[i];
    const double slope =
        (reading.Mean(t + kRowS, t + kRowS) - reading.Mean(t - kRowS, t - kRowS)) / (2.0 * kRowS);
    drive->inputs(i, column) =
        reading.Mean(t, t) + lag_s * slope - drive->constants[kTcDrift] * (t - drive->time_s[0]);
  }
  drive->initial[output] = reading.Mean(drive->time_s[0], drive->time_s[0]);
  return absl::OkStatus();
}

absl::Status FillHeaters(const signal::Rig& rig, const signal::CleanRun& run, Drive* drive) {
  if (drive->constants[kIsHotWall] < 0.5) {
    return FillHeater(rig, run, kStage, "stage_tc", "stage_sp", kStageTc, drive);
  }
  PARALLAX_RETURN_IF_ERROR(FillHeater(rig, run, kZone1, "z1_tc", "z1_sp", kZ1Tc, drive));
  PARALLAX_RETURN_IF_ERROR(FillHeater(rig, run, kZone2, "z2_tc", "z2_sp", kZ2Tc, drive));
  return FillHeater(rig, run, kZone3, "z3_tc", "z3_sp", kZ3Tc, drive);
}

}  // namespace

absl::StatusOr<Drive> PrepareDrive(const signal::Rig& rig, const signal::CleanRun& run,
                                   DriveMode mode) {
  if (rig.kind != "stage" && rig.kind != "hot_wall") {
    return base::InvalidField({.field = "rig.kind",
                               .value = rig.kind,
                               .bound = "\"stage\" or \"hot_wall\"",
                               .next_step = ""},
                              absl::StrFormat("rig \"%s\": kind", rig.id));
  }
  Drive drive;
  drive.mode = mode;
  drive.constants = Eigen::VectorXd::Zero(kDriveConstants);
  drive.constants[kIsHotWall] = rig.kind == "hot_wall" ? 1.0 : 0.0;
  const bool lit = run.outcome && run.outcome->raman_laser_nm > 0.0;
  drive.constants[kLaserNm] = lit ? run.outcome->raman_laser_nm : kDefaultLaserNm;
  PARALLAX_RETURN_IF_ERROR(CheckSetpoints(rig, run.run.recipe, mode));
  PARALLAX_RETURN_IF_ERROR(FillTimes(run.run.recipe, &drive));
  PARALLAX_RETURN_IF_ERROR(FillPhases(rig, run.run.recipe, &drive));
  PARALLAX_RETURN_IF_ERROR(FillSample(run.run, &drive));
  PARALLAX_RETURN_IF_ERROR(FillGeometry(rig, &drive));
  drive.inputs = Eigen::MatrixXd::Zero(drive.time_s.size(), kDriveInputs);
  drive.initial =
      Eigen::VectorXd::Constant(kDriveOutputs, std::numeric_limits<double>::quiet_NaN());
  PARALLAX_RETURN_IF_ERROR(FillGas(rig, run, &drive));
  PARALLAX_RETURN_IF_ERROR(FillSurroundings(rig, run, &drive));
  PARALLAX_RETURN_IF_ERROR(FillHeaters(rig, run, &drive));
  PARALLAX_RETURN_IF_ERROR(CheckContents(drive));
  return drive;
}

}  // namespace parallax::twin::swcnt
