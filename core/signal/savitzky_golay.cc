#include "core/signal/savitzky_golay.h"

#include <limits>

#include "absl/strings/str_format.h"
#include "core/base/svd.h"

namespace parallax::signal {

absl::StatusOr<Eigen::VectorXd> SavitzkyGolay(int window, int degree) {
  if (window < 1 || window % 2 == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("window = %d, must be odd and >= 1", window));
  }
  if (degree < 0 || degree >= window) {
    return absl::InvalidArgumentError(
        absl::StrFormat("degree = %d, must be in [0, %d)", degree, window));
  }
  // Positions scaled to [-1, 1] keep the powers of a wide window comparable.
  const int half = window / 2;
  Eigen::MatrixXd powers(window, degree + 1);
  for (int i = 0; i < window; ++i) {
    const double x = half == 0 ? 0.0 : static_cast<double>(i - half) / half;
    double power = 1.0;
    for (int k = 0; k <= degree; ++k, power *= x) powers(i, k) = power;
  }
  // The polynomial's value at 0 is its constant: the first row of the pseudo-inverse, in which
  // directions that rounding of the others would drown do not count.
  const base::Svd svd = base::ThinSvd(powers);
  const double least =
      svd.s(0) * static_cast<double>(degree + 1) * std::numeric_limits<double>::epsilon();
  const Eigen::VectorXd inverse =
      svd.s.unaryExpr([least](double s) { return s > least ? 1.0 / s : 0.0; });
  return Eigen::VectorXd(svd.u * inverse.cwiseProduct(svd.v.row(0).transpose()));
}

}  // namespace parallax::signal
