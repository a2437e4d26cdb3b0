#include "core/divergence/shares.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::divergence {
namespace {

absl::Status Check(const Eigen::VectorXd& p, const Eigen::VectorXd& q) {
  if (p.size() == 0 || p.size() != q.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("shares of %d and %d kinds, must be equal, > 0", p.size(), q.size()));
  }
  for (const Eigen::VectorXd* shares : {&p, &q}) {
    if (!shares->allFinite() || shares->minCoeff() < 0.0 || !(shares->sum() > 0.0)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "shares sum to %g with a least one of %g: must be finite, >= 0, not all zero",
          shares->sum(), shares->minCoeff()));
    }
  }
  return absl::OkStatus();
}

double SumOfLogRatios(const Eigen::VectorXd& p, const Eigen::VectorXd& q) {
  double total = 0.0;
  for (Eigen::Index k = 0; k < p.size(); ++k) {
    if (p(k) == 0.0) continue;
    if (q(k) == 0.0) return std::numeric_limits<double>::infinity();
    total += p(k) * std::log(p(k) / q(k));
  }
  return total;
}

}  // namespace

absl::StatusOr<double> ShareKullbackLeibler(const Eigen::VectorXd& p, const Eigen::VectorXd& q) {
  PARALLAX_RETURN_IF_ERROR(Check(p, q));
  return SumOfLogRatios(p / p.sum(), q / q.sum());
}

absl::StatusOr<double> ShareJensenShannon(const Eigen::VectorXd& p, const Eigen::VectorXd& q) {
  PARALLAX_RETURN_IF_ERROR(Check(p, q));
  const Eigen::VectorXd a = p / p.sum(), b = q / q.sum();
  const Eigen::VectorXd middle = 0.5 * (a + b);
  return 0.5 * (SumOfLogRatios(a, middle) + SumOfLogRatios(b, middle));
}

}  // namespace parallax::divergence
