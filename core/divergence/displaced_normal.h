#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/divergence/gaussian.h"
#include "core/divergence/permutation.h"

namespace parallax::divergence {

/// Divergences between runs as a right twin would show them and the same runs displaced by what was
/// measured of them: Z against r_i + Z, with Z standard normal (prediction and all errors that it
/// is allowed) and r_i the displacement of run i in sds of those errors, i drawn evenly.
/// Displacements are rows, n × k, of finite numbers.
///
/// The normal part is integrated exactly, so that figures hold no chance but that of the runs:
/// nothing displaced gives 0, the same displacement of all runs the closed form for two normals.
/// Runs that agree better than they need do not count as far, as they would if the r_i themselves
/// were held against Z.

/// E|x − Z| of a point at distance `norm` from the origin and a standard normal Z of k dimensions,
/// to 1e-9 relative.
/// Source: Székely & Rizzo, J. Multivariate Analysis 93 (2005) 58, sec. 3.
double MeanDistanceToNormal(double norm, int dimensions);

/// Energy distance of displaced runs, ≥ 0. REQUIRES: n, k ≥ 1.
double DisplacedEnergyDistance(const Eigen::Ref<const Eigen::MatrixXd>& displacements);

/// The same with what a test and an interval need. Distances between runs are kept, so that
/// resampled and flipped sets of runs cost O(n²).
class DisplacedEnergy {
 public:
  /// REQUIRES: n, k ≥ 1.
  explicit DisplacedEnergy(const Eigen::Ref<const Eigen::MatrixXd>& displacements);

  double value() const { return value_; }  ///< ≥ 0
  /// Of runs drawn with replacement.
  double OfDraw(const std::vector<int>& chosen) const;

  /// Without a gap the sign of every run, all its columns together, is exchangeable.
  /// Errors: InvalidArgument on B < 199.
  absl::StatusOr<TestResult> SignFlipTest(const TestOptions& options = {}) const;

 private:
  double SpreadOfSigns(const std::vector<bool>& negative) const;

  Eigen::VectorXd to_normal_;       ///< E|r_i + Z − Z'|
  Eigen::MatrixXd apart_, across_;  ///< E|r_i ∓ r_j + Z − Z'|
  double within_normal_ = 0.0;      ///< E|Z − Z'|
  double value_ = 0.0;
};

/// `count` bandwidths spaced geometrically from ⅛ to 8 times the median distance of two standard
/// normal points of k dimensions.
std::vector<double> NormalBandwidths(int dimensions, int count = 13);

/// Mean over bandwidths h of MMD² with the kernel exp(−|x−y|²/(2 h²)); ≥ 0.
/// REQUIRES: n, k ≥ 1 and a bandwidth.
double DisplacedMmdSquared(const Eigen::Ref<const Eigen::MatrixXd>& displacements,
                           const std::vector<double>& bandwidths);

/// First Wasserstein distance of scalar displacements; the normal by 16 of its quantiles.
double DisplacedWasserstein1(const Eigen::Ref<const Eigen::VectorXd>& displacements);

/// Sliced second Wasserstein distance: root of the mean over directions of W2², likewise.
/// @param directions  k × m unit vectors, as SliceDirections gives them. REQUIRES: n, k, m ≥ 1.
double DisplacedSlicedWasserstein2(const Eigen::Ref<const Eigen::MatrixXd>& displacements,
                                   const Eigen::Ref<const Eigen::MatrixXd>& directions);

/// The normal distribution of displaced runs: mean of the r_i, covariance 1 + their Ledoit–Wolf
/// covariance. REQUIRES: n ≥ 2.
Gaussian DisplacedGaussian(const Eigen::Ref<const Eigen::MatrixXd>& displacements);

}  // namespace parallax::divergence
