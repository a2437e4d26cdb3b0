#pragma once

#include <Eigen/Dense>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/causal/replay.h"
#include "core/twin/twin.h"

namespace parallax::causal {

/// What one run measured, in the twin's SI and order; NaN where nothing was measured.
struct MeasuredRun {
  Eigen::MatrixXd outputs;  ///< rows of the drive × outputs; no rows where there is no series
  Eigen::VectorXd outcome;  ///< outcomes; empty where the sample was not measured
};

struct CounterfactualOptions {
  /// Window over which an output's residual is averaged, odd: what is slower is the run's own and
  /// is kept in the other world, what is faster is noise and is not.
  int smoothing_rows = 15;
  /// Outcomes whose ids begin so are shares of one whole.
  std::vector<std::string> compositions = {"share_", "rbm_"};
};

/// What a run would have measured under other values of some parameters.
struct Counterfactual {
  twin::Prediction fitted;    ///< under the calibrated values
  MeasuredRun residual;       ///< abduction: measured − fitted, smoothed; 0 where nothing was
  twin::Prediction acted;     ///< action: under the values set
  twin::Prediction imagined;  ///< prediction: acted + residual
};

/// Abduction, action, prediction on one run. The residual is additive; members of a composition are
/// kept at or above 0 and scaled to the sum that the twin predicts of them.
/// Errors: InvalidArgument on measured arrays of another shape or a window that is not odd and
/// positive; as Do; what the twin returns.
/// Source: Pearl, Causality (2009), section 7.1.
absl::StatusOr<Counterfactual> Imagine(const twin::Twin& twin, const twin::Drive& drive,
                                       const Eigen::Ref<const Eigen::VectorXd>& calibrated,
                                       const std::vector<Assignment>& action,
                                       const MeasuredRun& measured,
                                       const CounterfactualOptions& options = {});

/// How often a call comes out over draws of the calibrated values.
struct CallCount {
  std::string call;
  int draws = 0;
};

/// Most often first; equal counts by name.
struct DrawnCalls {
  std::vector<CallCount> fitted;    ///< predicted under each draw
  std::vector<CallCount> imagined;  ///< this very run under each draw, had the action been taken
};

/// Imagine for each of some draws, in parallel. Errors: as Imagine; InvalidArgument on no draw.
/// @param draws  one parameter vector a column.
/// @param call   pure: it is called by several threads.
absl::StatusOr<DrawnCalls> ImagineCalls(
    const twin::Twin& twin, const twin::Drive& drive,
    const Eigen::Ref<const Eigen::MatrixXd>& draws, const std::vector<Assignment>& action,
    const MeasuredRun& measured, const std::function<std::string(const twin::Prediction&)>& call,
    const CounterfactualOptions& options = {});

}  // namespace parallax::causal
