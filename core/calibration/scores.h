#pragma once

#include <Eigen/Dense>

namespace parallax::calibration {

/// Density Φ-based scores of an observation y under N(mean, sd²). REQUIRES: sd > 0.

/// log N(y; mean, sd²).
double LogScore(double y, double mean, double sd);
/// Continuous ranked probability score, in the unit of y, lower is better:
/// sd·[z(2Φ(z) − 1) + 2φ(z) − 1/√π], z = (y − mean)/sd.
/// Source: Gneiting & Raftery, JASA 102 (2007) 359, eq. 21.
double NormalCrps(double y, double mean, double sd);
/// Probability integral transform Φ(z): uniform on (0, 1) where predictions are calibrated.
double NormalPit(double y, double mean, double sd);

/// Share of |z| within the central normal interval of the given probability.
/// @param z  standardised residuals.   @param probability  in (0, 1), as 0.9.
double Coverage(const Eigen::Ref<const Eigen::VectorXd>& z, double probability);

/// Interval that a binomial share of n independent trials stays in with probability `confidence`.
struct CoverageBand {
  double low = 0.0;
  double high = 1.0;
};
/// Exact binomial quantiles divided by n; [0, 1] for n = 0.
CoverageBand BinomialBand(int n, double probability, double confidence);

/// Kolmogorov–Smirnov distance of PIT values from uniformity: max |F_n(u) − u|.
double PitDistance(Eigen::VectorXd pit);

}  // namespace parallax::calibration
