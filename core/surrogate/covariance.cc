#include "core/surrogate/covariance.h"

#include <cmath>

#include "core/base/check.h"

namespace parallax::surrogate {
namespace {

/// By differences and not by |a|² + |b|² − 2 a·b, which loses the digits of runs that are close.
Eigen::MatrixXd SquaredDistances(const Eigen::Ref<const Eigen::MatrixXd>& a,
                                 const Eigen::Ref<const Eigen::MatrixXd>& b) {
  PARALLAX_CHECK(a.cols() == b.cols());
  Eigen::MatrixXd squared = Eigen::MatrixXd::Zero(a.rows(), b.rows());
  for (Eigen::Index j = 0; j < a.cols(); ++j) {
    for (Eigen::Index l = 0; l < b.rows(); ++l) {
      squared.col(l).array() += (a.col(j).array() - b(l, j)).square();
    }
  }
  return squared;
}

}  // namespace

Eigen::MatrixXd Correlation(Kernel kernel, const Eigen::Ref<const Eigen::MatrixXd>& a,
                            const Eigen::Ref<const Eigen::MatrixXd>& b) {
  const Eigen::MatrixXd squared = SquaredDistances(a, b);
  if (kernel == Kernel::kSquaredExponential) return (-0.5 * squared.array()).exp();
  const Eigen::ArrayXXd r = (5.0 * squared.array()).sqrt();
  return (1.0 + r + r.square() / 3.0) * (-r).exp();
}

SelfCorrelation CorrelationWithSlope(Kernel kernel,
                                     const Eigen::Ref<const Eigen::MatrixXd>& scaled) {
  SelfCorrelation correlation;
  correlation.value = Correlation(kernel, scaled, scaled);
  if (kernel == Kernel::kSquaredExponential) {
    correlation.slope = correlation.value;
  } else {
    const Eigen::ArrayXXd r = (5.0 * SquaredDistances(scaled, scaled).array()).sqrt();
    correlation.slope = 5.0 / 3.0 * (1.0 + r) * (-r).exp();
  }
  return correlation;
}

Eigen::VectorXd WeightedSlopes(const Eigen::Ref<const Eigen::MatrixXd>& weight,
                               const Eigen::Ref<const Eigen::MatrixXd>& slope,
                               const Eigen::Ref<const Eigen::MatrixXd>& scaled) {
  // Σₖₗ mₖₗ (xₖ − xₗ)² = 2 Σₖ (m 1)ₖ xₖ² − 2 xᵀ m x for a symmetric m; centred, so that the two
  // parts are no larger than their difference.
  const Eigen::MatrixXd m = weight.cwiseProduct(slope);
  const Eigen::MatrixXd x = scaled.rowwise() - scaled.colwise().mean();
  const Eigen::VectorXd sums = m.rowwise().sum();
  return 2.0 * ((x.array().square().matrix().transpose() * sums) -
                x.cwiseProduct(m * x).colwise().sum().transpose());
}

}  // namespace parallax::surrogate
