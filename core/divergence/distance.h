#pragma once

#include <Eigen/Dense>
#include <vector>

namespace parallax::divergence {

/// Samples are rows, n × d, of finite numbers; a one-column matrix is a scalar sample. All
/// distances are symmetric in their arguments and cost O((n + m)² d) unless said.

/// Whether pairs of a sample with itself count.
enum class Estimator {
  kV,         ///< they do: ≥ 0, biased upwards by O(1/n)
  kUnbiased,  ///< they do not: may be negative; needs n, m ≥ 2
};

/// Energy distance D² = 2 E|X−Y| − E|X−X'| − E|Y−Y'| with Euclidean norms.
/// Source: Székely & Rizzo, J. Statistical Planning and Inference 143 (2013) 1249.
double EnergyDistance(const Eigen::Ref<const Eigen::MatrixXd>& x,
                      const Eigen::Ref<const Eigen::MatrixXd>& y, Estimator estimator);

/// Maximum mean discrepancy MMD² with the kernel exp(−|x−y|²/(2 h²)).
/// Source: Gretton et al., JMLR 13 (2012) 723, eq. 3.
double MmdSquared(const Eigen::Ref<const Eigen::MatrixXd>& x,
                  const Eigen::Ref<const Eigen::MatrixXd>& y, double bandwidth,
                  Estimator estimator);

/// `count` bandwidths spaced geometrically from ⅛ to 8 times the median pooled distance.
std::vector<double> Bandwidths(const Eigen::Ref<const Eigen::MatrixXd>& x,
                               const Eigen::Ref<const Eigen::MatrixXd>& y, int count = 13);

/// Mean over bandwidths of the unbiased MMD².
double AggregatedMmdSquared(const Eigen::Ref<const Eigen::MatrixXd>& x,
                            const Eigen::Ref<const Eigen::MatrixXd>& y,
                            const std::vector<double>& bandwidths);

/// First Wasserstein distance ∫ |F − G| of two scalar samples, exact, O(n log n), any sizes.
double Wasserstein1(const Eigen::Ref<const Eigen::VectorXd>& x,
                    const Eigen::Ref<const Eigen::VectorXd>& y);

}  // namespace parallax::divergence
