#pragma once

#include <Eigen/Dense>
#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"

namespace parallax::pipeline {

/// What a recipe of a growth run sets, in this order.
enum RecipeKnob {
  kTemperatureKnob,
  kPreheatKnob,
  kPressureKnob,
  kFeedKnob,
  kWaterKnob,
  kHydrogenKnob,
  kFeedStepKnob,
  kWaterStepKnob,
  kHydrogenStepKnob,
  kReduceKnob,
  kAnnealKnob,
  kGrowKnob,
  kThicknessKnob,
  kRecipeKnobs,
};

/// "temperature", …, in the order of RecipeKnob.
const std::array<std::string, kRecipeKnobs>& RecipeKnobNames();

/// Set-point channel that a knob stands for, in growth: "feed_sp"; of the temperature the first
/// heater's that the rig has. Empty for times, steps and thickness, and where the rig has none.
std::string SetpointOfKnob(const signal::Rig& rig, RecipeKnob knob);

/// What a run sets, in the order of RecipeKnob: set-points in their channel's unit, s, m, and
/// second over first half of growth for steps (1 where nothing flows). NaN where the rig or the
/// recipe has no such thing. The temperature of a furnace is the mean of its zones'.
/// Errors: FailedPrecondition where no segment is named "grow" or no substrate is stated.
absl::StatusOr<Eigen::VectorXd> SettingsOf(const signal::Rig& rig, const signal::Run& run);

/// A run like `like` with other settings, NaN for what stays: phases as long as set, ramps of the
/// heaters as steep as before, argon to make up the total flow.
/// Errors: FailedPrecondition where there is no room for argon or a set-point leaves the range of
/// its channel.
absl::StatusOr<signal::Run> WithSettings(const signal::Rig& rig, const signal::Run& like,
                                         const Eigen::VectorXd& settings);

}  // namespace parallax::pipeline
