#pragma once

#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_search.h"

namespace parallax::pipeline {

/// How much what was calibrated differs from run to run, in prior sds. NaN for fewer than three
/// runs.
struct RunSpread {
  double mean = std::numeric_limits<double>::quiet_NaN();
  /// Shortest interval that holds 90 % of its posterior; from 0 where the runs need no spread.
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();

  /// What a prediction of a run has to allow for: 0 where the interval begins at 0.
  double Allowed() const { return low > 0.0 ? mean : 0.0; }
};

/// The spread between runs of each parameter that a fit set free, in its order, the others the same
/// in all runs: a hierarchy over the rows of the fit, linearised at its mode.
/// Errors: those of calibration::FitHierarchy.
absl::StatusOr<std::vector<RunSpread>> SpreadBetweenRuns(const CampaignSearch& search,
                                                         const CampaignFit& fit);

}  // namespace parallax::pipeline
