#include "core/design/cholesky.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace parallax::design {
namespace {

/// What a row may keep of its variance given the rows before it, at least, to be more than
/// rounding.
constexpr double kLeastPivot = 1e-14;
constexpr double kSymmetric = 1e-9;

absl::Status CheckEntries(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                          std::string_view what) {
  const Eigen::Index n = covariance.rows();
  if (n < 1 || covariance.cols() != n) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is %d x %d, must be square and not empty", what, n, covariance.cols()));
  }
  for (Eigen::Index i = 0; i < n; ++i) {
    if (!(covariance(i, i) > 0.0) || !covariance.row(i).allFinite()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: row %d has variance %g, must be > 0 and the row finite", what, i, covariance(i, i)));
    }
    for (Eigen::Index j = 0; j < i; ++j) {
      const double scale = std::sqrt(covariance(i, i) * covariance(j, j));
      if (!(std::abs(covariance(i, j) - covariance(j, i)) <= kSymmetric * scale)) {
        return absl::InvalidArgumentError(
            absl::StrFormat("%s: entries (%d, %d) = %g and (%d, %d) = %g, must be equal", what, i,
                            j, covariance(i, j), j, i, covariance(j, i)));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Eigen::MatrixXd> CholeskyRoot(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                             std::string_view what) {
  if (absl::Status status = CheckEntries(covariance, what); !status.ok()) return status;
  // Rows of unlike units: the pivots of the correlation matrix are what tells.
  const Eigen::VectorXd sd = covariance.diagonal().cwiseSqrt();
  const Eigen::VectorXd inverse = sd.cwiseInverse();
  Eigen::MatrixXd root = inverse.asDiagonal() * covariance * inverse.asDiagonal();
  const Eigen::Index n = root.rows();
  for (Eigen::Index j = 0; j < n; ++j) {
    const double pivot = root(j, j) - root.row(j).head(j).squaredNorm();
    if (!(pivot > kLeastPivot * static_cast<double>(n))) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s is not positive definite: row %d keeps %.3g of its variance given those before it",
          what, j, pivot));
    }
    root(j, j) = std::sqrt(pivot);
    for (Eigen::Index i = j + 1; i < n; ++i) {
      root(i, j) = (root(i, j) - root.row(i).head(j).dot(root.row(j).head(j))) / root(j, j);
    }
    root.col(j).head(j).setZero();
  }
  return Eigen::MatrixXd(sd.asDiagonal() * root);
}

}  // namespace parallax::design
