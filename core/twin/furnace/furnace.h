#pragma once

#include <memory>

#include "core/twin/twin.h"

namespace parallax::twin {

/// Twin "furnace": a crucible in an induction coil, read by a pyrometer.
///
///   C dT/dt = eta r k I - (G + G_gas [argon on]) (T - Ta) - eps sigma A (T^4 - Ta^4)
///   reading = T + pyrometer_bias
///
/// Parameters: eta [1] (one a run), C [J/K], G, G_gas [W/K], eps [1], A [m2], pyrometer_bias [K].
/// Inputs, each the exact mean over a row's interval: power_command I [A], straight between
/// samples; argon_flow as the share of the interval with more than 1 mL/min, held between samples,
/// none where the run has no such column and the recipe does not set it; coupling_ratio r, the
/// coupling of a stretch of the run relative to eta: 1 until analysis, having detected that the
/// crucible was moved, writes other values. Output: temperature [K], not censored: that a pyrometer
/// shows nothing below its floor belongs to the likelihood.
/// Geometry keys: command_gain_w_per_ma (k), ambient_k (Ta).
///
/// Rows are the recording's sample times, thinned to at most 5,000, with holes of more than 10 s
/// divided; or 1 s in kRecipe mode. Where the first readings are good and stand clear of the
/// instrument's floor the crucible starts at them, else at ambient. Drive::constants: kFurnace*.
/// Source: lumped heat balance; Incropera, Fundamentals of Heat and Mass Transfer, ch. 5.
std::unique_ptr<Twin> MakeFurnace();

/// Order of Drive::constants.
enum FurnaceConstant {
  kFurnaceGain = 0,     ///< k [W/A]
  kFurnaceAmbient = 1,  ///< Ta [K]
  kFurnaceConstants = 2,
};

/// Order of Drive::inputs.
enum FurnaceInput {
  kPowerCommand = 0,
  kArgonShare = 1,
  kCouplingRatio = 2,
  kFurnaceInputs = 3,
};

}  // namespace parallax::twin
