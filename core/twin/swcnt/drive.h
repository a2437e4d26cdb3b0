#pragma once

#include "absl/status/statusor.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/twin/swcnt/heat.h"
#include "core/twin/swcnt/tables.h"
#include "core/twin/twin.h"

/// What a Drive of the nanotube twin holds.
namespace parallax::twin::swcnt {

/// Columns of Drive::inputs. Temperatures go straight from row to row, all else is held. In
/// kMeasured mode the first four are the heater's true temperature as its own thermocouple tells it
/// (filtered, its lag undone, its offset not), in kRecipe mode the controller's set-points.
enum DriveInput {
  kStage,
  kZone1,
  kZone2,
  kZone3,  ///< [K]; those that the rig has not are 0
  kArgon,
  kHydrogen,
  kFeedFlow,
  kWaterFlow,  ///< at the substrate after the line's delay [mol/s]
  kPressure,   ///< [Pa]
  kPreheat,
  kWall,
  kGasT,   ///< [K]
  kMains,  ///< [V]
  kDriveInputs,
};

/// Columns of Prediction::outputs.
enum DriveOutput {
  kStageTc,
  kStageTc2,
  kHeaterDuty,
  kPyro,
  kPWater,
  kPAcetylene,
  kHeight,
  kZ1Tc,
  kZ2Tc,
  kZ3Tc,
  kZ1Duty,
  kZ2Duty,
  kZ3Duty,
  kSurface,
  kDriveOutputs,
};

/// Whether the drive's rig has no such output.
bool IsAbsent(const Drive& drive, int output);

/// Order of Drive::constants; SI.
enum DriveConstant {
  kIsHotWall,  ///< 0: "stage", 1: "hot_wall"
  kMaterialIndex,
  kThickness,
  kCatalystIndex,
  kFeedIndex,  ///< positions in tables.h
  kReduceBegin,
  kReduceEnd,
  kFeedAt,  ///< [s]; kFeedAt when feed reaches the substrate
  kAmbient,
  kIdle,
  kHeatCapacity,
  kPowerMax,
  kLossWk,
  kRadiatingArea,
  kRadiatingEmissivity,
  kZoneCoupling,
  kKp,
  kTi,
  kTcLag,
  kTcDrift,
  kMainsNominal,
  kHotZoneVolume,
  kSubstrateArea,
  kTubeBore,
  kPosition,
  kWavelength,
  kEmissivitySet,  ///< 0 where there is no pyrometer
  kLaserNm,        ///< of the Raman spectrum
  kDriveConstants,
};

/// Seconds between two rows, and internal steps a row: dt = 0.5 s. Rows in which gas is switched or
/// growth is young take four or eight times as many (model.h).
inline constexpr double kRowS = 2.0;
inline constexpr int kStepsPerRow = 4;

/// The constants as the model reads them.
struct Setup {
  explicit Setup(const Drive& drive);

  bool hot_wall;
  int heaters;       ///< 1 stage or 3 zones
  int first_heater;  ///< input column of the first
  Material material;
  CatalystSet catalyst;
  Feed feed;
  double thickness_m;
  double reduce_begin_s, reduce_end_s, feed_at_s;
  HeaterBody body;
  double zone_coupling_w_k;
  Controller controller;
  double idle_k, tc_lag_s, tc_drift_k_s, mains_nominal_v;
  double hot_zone_m3, area_m2, bore_m, position;
  double wavelength_m, emissivity_set, laser_nm;
};

/// Readies a run for the twin; see twin.h. Rows are every kRowS over the recipe.
/// Errors: InvalidArgument naming geometry key, channel, segment or field, its value and the bound.
absl::StatusOr<Drive> PrepareDrive(const signal::Rig& rig, const signal::CleanRun& run,
                                   DriveMode mode);

/// Checks what Predict relies on beyond the shape: indices, temperatures, flows, rows.
/// Errors: InvalidArgument naming the field, its value and the bound.
absl::Status CheckContents(const Drive& drive);

}  // namespace parallax::twin::swcnt
