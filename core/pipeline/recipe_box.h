#pragma once

#include <Eigen/Dense>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/candidates.h"
#include "core/pipeline/design.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What a lab sets before a growth run, each knob with the range that rig and runs speak for:
///
///   temperature     of growth; the runs' range and 30 K more, within the set-point channel's
///   preheat, pressure, reduce_time   the runs' range: equipment and sample set them
///   feed, water, hydrogen            in growth; half the least to twice the most flow in use
///   feed_step, water_step, hydrogen_step   of the second half of growth over the first: ¼, 1 or 4
///   anneal_time, grow_time           half the shortest to twice the longest
///   thickness       of the substrate: those in use, half the thinnest, twice the thickest
///
/// Argon makes up the total flow of the usual run; ramps keep its rate. Everything else is as in
/// the usual run: the one whose knobs are nearest to the middle of all. Immutable.
class RecipeBox {
 public:
  /// @param runs  that the rig has done, at least one.   @param limits  narrower ranges.
  /// Errors: FailedPrecondition where the rig grows nothing (naming the twin), a run has no phase
  /// "grow" or no substrate, or nothing is left to choose; InvalidArgument naming a limit whose
  /// knob is not known ("did you mean"), is not in order, or lies outside the range.
  static absl::StatusOr<RecipeBox> Create(const signal::Rig& rig, const twin::Twin& twin,
                                          const std::vector<const signal::Run*>& runs,
                                          const std::vector<KnobLimit>& limits);

  const design::KnobBox& box() const { return box_; }
  const std::vector<std::string>& units() const { return units_; }  ///< of the knobs; UCUM
  const signal::Run& usual_run() const { return usual_; }
  /// The usual run's settings, moved to the nearest in the box.
  const Eigen::VectorXd& usual() const { return usual_point_; }
  /// Position of a knob, or -1.
  Eigen::Index Find(std::string_view knob) const;

  /// A run with these settings, named "planned". @param point  a value a knob, in its unit.
  /// Errors: FailedPrecondition where the flows leave no room for argon, or a set-point leaves the
  /// range of its channel.
  absl::StatusOr<signal::Run> Build(const Eigen::VectorXd& point) const;

  /// From the start of one run to that of the next: the recipe, and what this rig's runs usually
  /// took beside it (1 h where they do not tell).
  double Hours(const signal::Run& run) const;

 private:
  RecipeBox(const signal::Rig& rig, design::KnobBox box) : rig_(rig), box_(std::move(box)) {}
  void TakeUsual(const std::vector<const signal::Run*>& runs,
                 const std::vector<Eigen::VectorXd>& settings);

  signal::Rig rig_;
  design::KnobBox box_;
  std::vector<std::string> units_;
  std::vector<int> which_;  ///< RecipeKnob of each
  signal::Run usual_;
  Eigen::VectorXd usual_point_;
  double turnaround_s_ = 3600.0;
};

}  // namespace parallax::pipeline
