#include "core/base/shrunk_covariance.h"

#include <algorithm>

#include "core/base/check.h"

namespace parallax::base {

ShrunkCovariance LedoitWolf(const Eigen::Ref<const Eigen::MatrixXd>& samples) {
  PARALLAX_CHECK(samples.rows() >= 2 && samples.cols() >= 1);
  const auto n = static_cast<double>(samples.rows()), d = static_cast<double>(samples.cols());
  const Eigen::RowVectorXd mean = samples.colwise().mean();
  const Eigen::MatrixXd centered = samples.rowwise() - mean;
  const Eigen::MatrixXd s = centered.transpose() * centered / n;
  const double mu = s.trace() / d;
  const Eigen::MatrixXd target = mu * Eigen::MatrixXd::Identity(s.rows(), s.cols());
  const double delta2 = (s - target).squaredNorm() / d;
  // Σ_k |x_k x_kᵀ − S|² / n² = (Σ_k |x_k|⁴ / n − |S|²) / n, without the d × d products.
  const double fourth = centered.rowwise().squaredNorm().squaredNorm() / n;
  const double beta2 = std::clamp((fourth - s.squaredNorm()) / (n * d), 0.0, delta2);
  const double shrinkage = delta2 > 0.0 ? beta2 / delta2 : 0.0;
  return {(1.0 - shrinkage) * s + shrinkage * target, shrinkage};
}

}  // namespace parallax::base
