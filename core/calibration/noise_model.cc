#include "core/calibration/noise_model.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/normal.h"
#include "core/base/status_macros.h"

namespace parallax::calibration {
namespace {

absl::Status CheckInput(const Eigen::Ref<const Eigen::VectorXd>& time_s,
                        const Eigen::Ref<const Eigen::VectorXd>& white_sd,
                        const OuDiscrepancy& discrepancy) {
  const Eigen::Index n = time_s.size();
  if (n == 0 || white_sd.size() != n) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "white_sd has %d entries, must be as many as the %d > 0 times", white_sd.size(), n));
  }
  if (!(discrepancy.sd >= 0.0) || !std::isfinite(discrepancy.sd) || !(discrepancy.tau_s > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("discrepancy sd = %g, tau_s = %g, must be >= 0 and > 0", discrepancy.sd,
                        discrepancy.tau_s));
  }
  for (Eigen::Index i = 0; i < n; ++i) {
    const double step_s = i == 0 ? 0.0 : time_s(i) - time_s(i - 1);
    if (!(step_s >= 0.0) || !std::isfinite(time_s(i))) {
      return absl::InvalidArgumentError(
          absl::StrFormat("time %d is %g s after the one before it, must be >= 0", i, step_s));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OuWhitener> OuWhitener::Create(const Eigen::Ref<const Eigen::VectorXd>& time_s,
                                              const Eigen::Ref<const Eigen::VectorXd>& white_sd,
                                              const OuDiscrepancy& discrepancy) {
  PARALLAX_RETURN_IF_ERROR(CheckInput(time_s, white_sd, discrepancy));
  const Eigen::Index n = time_s.size();
  OuWhitener whitener;
  whitener.decay_.resize(n);
  whitener.gain_.resize(n);
  whitener.innovation_sd_.resize(n);
  const double stationary = discrepancy.sd * discrepancy.sd;
  double variance = stationary;  // of the discrepancy before sample i is seen
  for (Eigen::Index i = 0; i < n; ++i) {
    const double step_s = i == 0 ? 0.0 : time_s(i) - time_s(i - 1);
    whitener.decay_(i) = i == 0 ? 0.0 : std::exp(-step_s / discrepancy.tau_s);
    if (i > 0) {
      // expm1 keeps the growth exact for steps far below the correlation time.
      variance = whitener.decay_(i) * whitener.decay_(i) * variance -
                 stationary * std::expm1(-2.0 * step_s / discrepancy.tau_s);
    }
    const double noise = white_sd(i) * white_sd(i);
    const double innovation = variance + noise;
    if (!(innovation > 0.0) || !std::isfinite(innovation)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("sample %d has variance %g given those before it, must be finite and > 0",
                          i, innovation));
    }
    whitener.gain_(i) = variance / innovation;
    whitener.innovation_sd_(i) = std::sqrt(innovation);
    whitener.log_determinant_ += std::log(innovation);
    variance *= noise / innovation;
  }
  return whitener;
}

void OuWhitener::WhitenInto(const double* in, double* out) const {
  double state = 0.0;
  for (Eigen::Index i = 0; i < innovation_sd_.size(); ++i) {
    state *= decay_(i);
    const double innovation = in[i] - state;
    out[i] = innovation / innovation_sd_(i);
    state += gain_(i) * innovation;
  }
}

Eigen::MatrixXd OuWhitener::WhitenColumns(const Eigen::Ref<const Eigen::MatrixXd>& columns) const {
  PARALLAX_CHECK(columns.rows() == innovation_sd_.size());
  Eigen::MatrixXd white(columns.rows(), columns.cols());
  for (Eigen::Index j = 0; j < columns.cols(); ++j) {
    WhitenInto(columns.col(j).data(), white.col(j).data());
  }
  return white;
}

Eigen::VectorXd OuWhitener::Whiten(const Eigen::Ref<const Eigen::VectorXd>& series) const {
  PARALLAX_CHECK(series.size() == innovation_sd_.size());
  Eigen::VectorXd white(series.size());
  WhitenInto(series.data(), white.data());
  return white;
}

double OuWhitener::LogDensity(const Eigen::Ref<const Eigen::VectorXd>& series) const {
  return -0.5 * (Whiten(series).squaredNorm() + log_determinant_ + size() * base::kLogTwoPi);
}

}  // namespace parallax::calibration
