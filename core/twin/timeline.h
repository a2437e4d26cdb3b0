#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/twin/twin.h"

namespace parallax::twin {

/// How an input behaves between two samples.
enum class Between {
  kHold,    ///< keeps the earlier value: a level that was switched
  kLinear,  ///< follows the straight line: a command that was ramped
};

/// A signal in time that can be averaged exactly over any interval: good samples of a series, or
/// the set-points of a recipe. SI. Before the first sample it has the first value, after the last
/// sample the last value.
class InputSignal {
 public:
  /// From the good samples of `series`. REQUIRES: at least one, see HasGoodSample.
  static InputSignal FromSeries(const signal::CleanSeries& series, Between between);
  /// The set-points of `channel_id`; zero before the first segment that names it.
  /// Errors: InvalidArgument where the rig has no such channel or no segment names it.
  static absl::StatusOr<InputSignal> FromRecipe(const signal::Rig& rig,
                                                const signal::Recipe& recipe,
                                                const std::string& channel_id);
  /// The same signal, 1 where it exceeds `threshold` and 0 elsewhere, held between samples.
  InputSignal Above(double threshold) const;

  /// Mean over [begin_s, end_s], exact; the value at begin_s where the interval is empty.
  double Mean(double begin_s, double end_s) const;

 private:
  InputSignal(std::vector<double> time_s, std::vector<double> value, Between between);
  double Integral(double time_s) const;  ///< from the first sample to time_s
  double ValueAt(double time_s) const;

  std::vector<double> time_s_;  ///< non-decreasing; equal times are a step
  std::vector<double> value_;
  std::vector<double> integral_;  ///< up to each sample
  Between between_;
};

bool HasGoodSample(const signal::CleanSeries* series);

/// What drives input `channel_id` of `drive`: in kMeasured mode its good samples, where it was
/// recorded; else the recipe, which `by_setpoint` then tells.
/// Errors: those of InputSignal::FromRecipe.
absl::StatusOr<InputSignal> DrivenInput(const signal::Rig& rig, const signal::CleanRun& run,
                                        const std::string& channel_id, Between between,
                                        Drive* drive);

/// Times of all samples of the named channels, whatever their quality: increasing, without
/// repetition, at most `max_rows`. A denser recording is thinned to sample times at least
/// (end - begin) / max_rows apart; the first and last stay.
/// Errors: InvalidArgument where the run recorded no sample of them.
absl::StatusOr<Eigen::VectorXd> SampleTimes(const signal::CleanRun& run,
                                            const std::vector<std::string>& channel_ids,
                                            size_t max_rows);

/// `time_s` with every interval wider than `widest_s` divided evenly, so that an input that changes
/// during a hole in the recording is still followed. At most `max_added` times are added; where
/// that is not enough, holes are divided more coarsely.
Eigen::VectorXd FillHoles(const Eigen::VectorXd& time_s, double widest_s, size_t max_added);

/// Uniform grid over the recipe: 1 s, or as much coarser as kMaxRecipeRows rows need.
/// Errors: InvalidArgument where the recipe has no segment or no duration.
absl::StatusOr<Eigen::VectorXd> RecipeTimes(const signal::Recipe& recipe);
inline constexpr size_t kMaxRecipeRows = 100'000;

/// Rows of a prediction: SampleTimes or RecipeTimes, by mode.
absl::StatusOr<Eigen::VectorXd> DriveTimes(const signal::CleanRun& run,
                                           const std::vector<std::string>& channel_ids,
                                           DriveMode mode, size_t max_rows);

/// Mean of `input` over each row's interval [time_s[i], time_s[i+1]); at the last row its value.
Eigen::VectorXd MeanPerRow(const InputSignal& input, const Eigen::VectorXd& time_s);

/// Median of the first `count` good samples of `series` not later than `window_s` after `begin_s`;
/// NaN where there is none (or no series): the state at the start is then not known.
double FirstReading(const signal::CleanSeries* series, double begin_s, double window_s, int count);

/// A positive number of the rig's geometry.
/// Errors: InvalidArgument naming rig, key and value.
absl::StatusOr<double> Geometry(const signal::Rig& rig, const std::string& key);

}  // namespace parallax::twin
