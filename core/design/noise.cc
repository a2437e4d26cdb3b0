#include "core/design/noise.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/svd.h"
#include "core/design/cholesky.h"

namespace parallax::design {

absl::StatusOr<Noise> Noise::Diagonal(const Eigen::Ref<const Eigen::VectorXd>& variances) {
  return LowRank(variances, Eigen::MatrixXd(variances.size(), 0));
}

absl::StatusOr<Noise> Noise::LowRank(const Eigen::Ref<const Eigen::VectorXd>& variances,
                                     const Eigen::Ref<const Eigen::MatrixXd>& factor) {
  if (variances.size() < 1 || factor.rows() != variances.size() || !factor.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("noise of %d rows with shared causes on %d, must be as many, at least 1, "
                        "and finite",
                        variances.size(), factor.rows()));
  }
  for (Eigen::Index i = 0; i < variances.size(); ++i) {
    if (!(variances(i) > 0.0) || !variances.row(i).allFinite()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "noise: row %d has variance %g, must be > 0 and finite", i, variances(i)));
    }
  }
  Eigen::VectorXd scale = variances.cwiseSqrt();
  if (factor.cols() == 0) return Noise(Form::kLowRank, std::move(scale), factor, {});
  const Eigen::MatrixXd scaled = scale.cwiseInverse().asDiagonal() * factor;
  base::Svd svd = base::ThinSvd(scaled);
  Eigen::VectorXd shrink = (1.0 + svd.s.array().square()).rsqrt() - 1.0;
  return Noise(Form::kLowRank, std::move(scale), std::move(svd.u), std::move(shrink));
}

absl::StatusOr<Noise> Noise::Full(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
  absl::StatusOr<Eigen::MatrixXd> root = CholeskyRoot(covariance, "noise covariance");
  if (!root.ok()) return root.status();
  return Noise(Form::kFull, covariance.diagonal().cwiseSqrt(), *std::move(root), {});
}

Noise::Noise(Form form, Eigen::VectorXd scale, Eigen::MatrixXd factor, Eigen::VectorXd shrink)
    : form_(form),
      scale_(std::move(scale)),
      factor_(std::move(factor)),
      shrink_(std::move(shrink)) {}

Eigen::MatrixXd Noise::Whiten(const Eigen::Ref<const Eigen::MatrixXd>& m) const {
  PARALLAX_CHECK(m.rows() == rows());
  if (form_ == Form::kFull) return factor_.triangularView<Eigen::Lower>().solve(m);
  Eigen::MatrixXd white = scale_.cwiseInverse().asDiagonal() * m;
  if (factor_.cols() == 0) return white;
  // (I + U S² Uᵀ)^(−1/2) = I + U ((I + S²)^(−1/2) − I) Uᵀ: no rows × rows matrix is formed.
  const Eigen::MatrixXd along = shrink_.asDiagonal() * (factor_.transpose() * white);
  white.noalias() += factor_ * along;
  return white;
}

}  // namespace parallax::design
