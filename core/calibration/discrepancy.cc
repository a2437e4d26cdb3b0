#include "core/calibration/discrepancy.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/normal.h"
#include "core/base/status_macros.h"
#include "core/base/svd.h"

namespace parallax::calibration {
namespace {

/// An envelope of zero would divide by it: this share of the largest is zero to double precision in
/// every covariance.
constexpr double kLeastEnvelope = 1e-16;

absl::Status CheckPrior(Eigen::Index n, const Eigen::Ref<const Eigen::VectorXd>& white_sd,
                        const DiscrepancyPrior& prior) {
  if (n == 0 || white_sd.size() != n || !white_sd.allFinite() || !(white_sd.minCoeff() > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("white_sd has %d entries, must be %d finite ones > 0", white_sd.size(), n));
  }
  const Eigen::VectorXd& envelope = prior.envelope;
  if (envelope.size() != 0 && (envelope.size() != n || !envelope.allFinite() ||
                               !(envelope.minCoeff() >= 0.0) || !(envelope.maxCoeff() > 0.0))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the envelope has %d entries, must be 0 or %d finite ones >= 0, not all 0",
                        envelope.size(), n));
  }
  const Eigen::Index shapes = prior.shapes.cols();
  if (prior.shape_sd.size() != shapes || (shapes > 0 && prior.shapes.rows() != n) ||
      !prior.shapes.allFinite() || !prior.shape_sd.allFinite() ||
      (shapes > 0 && !(prior.shape_sd.minCoeff() >= 0.0))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "shapes are %d x %d with %d sds, must be finite, %d rows, and as many sds >= 0",
        prior.shapes.rows(), shapes, prior.shape_sd.size(), n));
  }
  return absl::OkStatus();
}

}  // namespace

void DiscrepancyPrior::AddShape(const Eigen::Ref<const Eigen::VectorXd>& shape, double sd) {
  PARALLAX_CHECK(shapes.cols() == 0 || shapes.rows() == shape.size());
  shapes.conservativeResize(shape.size(), shapes.cols() + 1);
  shapes.rightCols(1) = shape;
  shape_sd.conservativeResize(shapes.cols());
  shape_sd(shapes.cols() - 1) = sd;
}

DiscrepancyWhitener::DiscrepancyWhitener(OuWhitener wandering, Eigen::VectorXd inverse_envelope)
    : wandering_(std::move(wandering)),
      inverse_envelope_(std::move(inverse_envelope)),
      log_determinant_(wandering_.LogDeterminant() - 2.0 * inverse_envelope_.array().log().sum()) {}

absl::StatusOr<DiscrepancyWhitener> DiscrepancyWhitener::Create(
    const Eigen::Ref<const Eigen::VectorXd>& coordinate,
    const Eigen::Ref<const Eigen::VectorXd>& white_sd, const DiscrepancyPrior& prior) {
  PARALLAX_RETURN_IF_ERROR(CheckPrior(coordinate.size(), white_sd, prior));
  Eigen::VectorXd inverse = Eigen::VectorXd::Ones(coordinate.size());
  if (prior.envelope.size() > 0) {
    inverse = prior.envelope.cwiseMax(kLeastEnvelope * prior.envelope.maxCoeff()).cwiseInverse();
  }
  PARALLAX_ASSIGN_OR_RETURN(
      OuWhitener wandering,
      OuWhitener::Create(coordinate, white_sd.cwiseProduct(inverse), prior.wandering));
  DiscrepancyWhitener whitener(std::move(wandering), std::move(inverse));
  whitener.AddShapes(prior);
  return whitener;
}

/// With W the whitening so far and B = W·shapes·diag(sd) = U S Vᵀ, the whole covariance is W⁻¹(1 +
/// B Bᵀ)W⁻ᵀ, and (1 + B Bᵀ)^−½ = 1 − U(1 − (1 + S²)^−½)Uᵀ.
void DiscrepancyWhitener::AddShapes(const DiscrepancyPrior& prior) {
  if (prior.shapes.cols() == 0) return;
  const Eigen::MatrixXd scaled = prior.shapes * prior.shape_sd.asDiagonal();
  const base::Svd svd = base::ThinSvd(Whiten(scaled));
  const Eigen::ArrayXd lambda = svd.s.array().square();
  basis_ = svd.u;
  shrinkage_ = (1.0 - (1.0 + lambda).rsqrt()).matrix();
  log_determinant_ += lambda.log1p().sum();
}

Eigen::MatrixXd DiscrepancyWhitener::Whiten(
    const Eigen::Ref<const Eigen::MatrixXd>& columns) const {
  PARALLAX_CHECK(columns.rows() == inverse_envelope_.size());
  const Eigen::MatrixXd scaled = inverse_envelope_.asDiagonal() * columns;
  Eigen::MatrixXd white = wandering_.WhitenColumns(scaled);
  if (basis_.cols() > 0) {
    const Eigen::MatrixXd along = shrinkage_.asDiagonal() * (basis_.transpose() * white);
    white -= basis_ * along;
  }
  return white;
}

double DiscrepancyWhitener::LogDensity(const Eigen::Ref<const Eigen::VectorXd>& series) const {
  return -0.5 * (Whiten(series).squaredNorm() + log_determinant_ + size() * base::kLogTwoPi);
}

}  // namespace parallax::calibration
