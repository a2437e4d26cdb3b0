#include "core/design/information.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/symmetric_eigen.h"
#include "core/design/cholesky.h"

namespace parallax::design {
namespace {

/// Lᵀ A L: the information in units in which the belief is N(·, I).
Eigen::MatrixXd Whitened(const Belief& belief,
                         const Eigen::Ref<const Eigen::MatrixXd>& information) {
  PARALLAX_CHECK(information.rows() == belief.size() && information.cols() == belief.size());
  return belief.root().transpose() * information * belief.root();
}

/// Root of the posterior, p × p: L V diag(1 + λ)^(−1/2), V and λ those of Lᵀ A L. Rounding may
/// leave a λ of no information just below 0.
Eigen::MatrixXd PosteriorFactor(const Belief& belief,
                                const Eigen::Ref<const Eigen::MatrixXd>& information) {
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(Whitened(belief, information));
  const Eigen::VectorXd shrink = (1.0 + eigen.values.array().max(0.0)).rsqrt();
  return eigen.vectors * shrink.asDiagonal();
}

}  // namespace

absl::StatusOr<Eigen::MatrixXd> FisherInformation(
    const Eigen::Ref<const Eigen::MatrixXd>& sensitivities, const Noise& noise) {
  if (sensitivities.rows() != noise.rows() || sensitivities.cols() < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sensitivities are %d x %d, must be %d x at least 1, a row for each of the "
                        "noise",
                        sensitivities.rows(), sensitivities.cols(), noise.rows()));
  }
  for (Eigen::Index j = 0; j < sensitivities.cols(); ++j) {
    if (!sensitivities.col(j).allFinite()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("sensitivities to parameter %d are not finite", j));
    }
  }
  const Eigen::MatrixXd white = noise.Whiten(sensitivities);
  return Eigen::MatrixXd(white.transpose() * white);
}

absl::StatusOr<Belief> Belief::Make(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
  absl::StatusOr<Eigen::MatrixXd> root = CholeskyRoot(covariance, "covariance of the belief");
  if (!root.ok()) return root.status();
  return Belief(covariance, *std::move(root));
}

Belief::Belief(Eigen::MatrixXd covariance, Eigen::MatrixXd root)
    : covariance_(std::move(covariance)), root_(std::move(root)) {}

double Belief::Gain(const Eigen::Ref<const Eigen::MatrixXd>& information) const {
  const Eigen::VectorXd values = base::SymmetricEigenvalues(Whitened(*this, information));
  return 0.5 * values.array().max(0.0).log1p().sum();
}

Eigen::MatrixXd Belief::Posterior(const Eigen::Ref<const Eigen::MatrixXd>& information) const {
  const Eigen::MatrixXd factor = root_ * PosteriorFactor(*this, information);
  return factor * factor.transpose();
}

absl::StatusOr<Target> Target::Make(const Belief& belief,
                                    const Eigen::Ref<const Eigen::MatrixXd>& rows) {
  if (rows.rows() < 1 || rows.rows() > belief.size() || rows.cols() != belief.size() ||
      !rows.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("target is %d x %d, must be finite and 1 to %d x %d", rows.rows(),
                        rows.cols(), belief.size(), belief.size()));
  }
  const Eigen::MatrixXd spread = rows * belief.root();
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    if (!(spread.row(i).squaredNorm() > 0.0)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("row %d of the target has no spread: no parameter moves it", i));
    }
  }
  absl::StatusOr<Eigen::MatrixXd> root =
      CholeskyRoot(spread * spread.transpose(), "covariance of the target");
  if (!root.ok()) return absl::FailedPreconditionError(root.status().message());
  Eigen::MatrixXd axes = root->triangularView<Eigen::Lower>().solve(spread);
  return Target(belief, rows, std::move(axes));
}

absl::StatusOr<Target> Target::Subset(const Belief& belief,
                                      const std::vector<Eigen::Index>& parameters) {
  Eigen::MatrixXd rows =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(parameters.size()), belief.size());
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    const Eigen::Index parameter = parameters[static_cast<size_t>(i)];
    if (parameter < 0 || parameter >= belief.size()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "parameter %d of the target, must be 0 to %d", parameter, belief.size() - 1));
    }
    rows(i, parameter) = 1.0;
  }
  return Make(belief, rows);
}

Target::Target(Belief belief, Eigen::MatrixXd rows, Eigen::MatrixXd axes)
    : belief_(std::move(belief)), rows_(std::move(rows)), axes_(std::move(axes)) {}

double Target::Gain(const Eigen::Ref<const Eigen::MatrixXd>& information) const {
  const Eigen::MatrixXd left = axes_ * PosteriorFactor(belief_, information);
  const Eigen::VectorXd shares = base::SymmetricEigenvalues(left * left.transpose());
  constexpr double kLeast = std::numeric_limits<double>::min();
  return -0.5 * shares.array().max(kLeast).min(1.0).log().sum();
}

Eigen::VectorXd Target::PriorSd() const { return (rows_ * belief_.root()).rowwise().norm(); }

Eigen::VectorXd Target::PosteriorSd(const Eigen::Ref<const Eigen::MatrixXd>& information) const {
  return (rows_ * belief_.root() * PosteriorFactor(belief_, information)).rowwise().norm();
}

}  // namespace parallax::design
