#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/divergence/permutation.h"

namespace parallax::divergence {

/// One window of a run (a stretch of a phase), over all runs.
struct GapWindow {
  double mean = 0.0;       ///< of measured − predicted over runs, in the unit given
  double statistic = 0.0;  ///< |Σ d|/√Σ d² over runs
  double p_value = 1.0;    ///< adjusted for all windows together
  double share = 0.0;      ///< of Σ d² over all windows
};

struct GapOnset {
  std::vector<GapWindow> windows;  ///< in order of time
  int first = -1;                  ///< first window with p ≤ level; −1 where there is none
  double smallest_p = 1.0;         ///< least p that so few runs can give: 2^(1 − runs)
};

/// Where in the run the gap opens. Runs are the exchangeable unit: under no gap all windows of a
/// run change sign together, so the largest statistic over windows under sign flips of whole runs
/// gives p-values that hold for all windows at once, however they are correlated.
/// @param differences  measured − predicted, runs × windows, in one unit (such as noise sds); all
///                     runs have all windows.
/// Errors: InvalidArgument on fewer than 5 runs, no window, a number that is not finite, a level
/// outside (0, 1) or B < 199.
/// Source: Westfall & Young, Resampling-based multiple testing (1993), single-step maxT.
absl::StatusOr<GapOnset> FindOnset(const Eigen::Ref<const Eigen::MatrixXd>& differences,
                                   double level = 0.05, const TestOptions& options = {});

}  // namespace parallax::divergence
