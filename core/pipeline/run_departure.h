#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_rows.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// How far one run departs from what the twin foretells of it, beside all that a right twin on a
/// sound bench may be off: noise of the readings, its stated discrepancy (trust.h), the wobble of
/// its parameters.
struct RunDeparture {
  /// Readings of the run reduced to figures: of each instrument's series its mean gap, of the
  /// sample each species and line. m of them.
  Eigen::VectorXd gap;                ///< m, measured minus predicted [SI]
  Eigen::MatrixXd covariance;         ///< m × m, of a right twin's
  std::vector<std::string> channels;  ///< m, the instrument behind each
  /// Standard normal where the twin is right, large where a mechanism changed: the cube root of the
  /// squared Mahalanobis distance over m, standardised (Wilson & Hilferty, PNAS 17 (1931) 684).
  double score = 0.0;
};

/// @param assumed  natural values of the twin's parameters, with which `run` was gathered.
/// Errors: those of the twin; InvalidArgument where nothing states how far the twin is trusted.
absl::StatusOr<RunDeparture> MeasureDeparture(const twin::Twin& twin, const CampaignRun& run,
                                              const Eigen::VectorXd& assumed);

/// The score of figures with these means 0 and this covariance. REQUIRES: equal sizes, >= 1.
double DepartureScore(const Eigen::Ref<const Eigen::VectorXd>& gap,
                      const Eigen::Ref<const Eigen::MatrixXd>& covariance);

}  // namespace parallax::pipeline
