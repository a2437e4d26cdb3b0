#include "core/divergence/transport.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/base/qr.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/divergence/distance.h"

namespace parallax::divergence {
namespace {

absl::Status Check(const Eigen::Ref<const Eigen::MatrixXd>& x,
                   const Eigen::Ref<const Eigen::MatrixXd>& y, const SlicedOptions& options) {
  if (x.rows() < 1 || y.rows() < 1 || x.cols() < 1 || x.cols() != y.cols() || !x.allFinite() ||
      !y.allFinite()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "samples are %d x %d and %d x %d, must be finite, of equal width, not empty", x.rows(),
        x.cols(), y.rows(), y.cols()));
  }
  if (options.directions >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("directions = %d, must be >= 1", options.directions));
}

using ScalarDistance = std::function<double(const Eigen::VectorXd&, const Eigen::VectorXd&)>;

double MeanOverDirections(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                          const SlicedOptions& options, const ScalarDistance& distance) {
  const Eigen::MatrixXd directions = SliceDirections(x.cols(), options);
  std::vector<double> slices(directions.cols());
  base::ParallelFor(slices.size(), [&](size_t k) {
    const Eigen::VectorXd direction = directions.col(static_cast<Eigen::Index>(k));
    slices[k] = distance(x * direction, y * direction);
  });
  double total = 0.0;
  for (double slice : slices) total += slice;
  return total / static_cast<double>(slices.size());
}

}  // namespace

Eigen::MatrixXd SliceDirections(Eigen::Index d, const SlicedOptions& options) {
  if (d == 1) return Eigen::MatrixXd::Ones(1, 1);
  const Eigen::Index frames = (options.directions + d - 1) / d;
  base::Random random(options.seed, options.stream);
  Eigen::MatrixXd directions(d, frames * d);
  for (Eigen::Index frame = 0; frame < frames; ++frame) {
    Eigen::MatrixXd normal(d, d);
    for (Eigen::Index k = 0; k < normal.size(); ++k) normal(k) = random.Normal();
    directions.middleCols(frame * d, d) = base::HouseholderQr(normal).Q();
  }
  return directions;
}

double Wasserstein2(const Eigen::Ref<const Eigen::VectorXd>& x,
                    const Eigen::Ref<const Eigen::VectorXd>& y) {
  PARALLAX_CHECK(x.size() > 0 && y.size() > 0);
  Eigen::VectorXd a = x, b = y;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  // Mass in units of 1/(n m): every sample of x holds m of them, every one of y holds n.
  const Eigen::Index n = a.size(), m = b.size();
  Eigen::Index i = 0, j = 0, left_a = m, left_b = n;
  double total = 0.0;
  while (i < n && j < m) {
    const Eigen::Index moved = std::min(left_a, left_b);
    total += static_cast<double>(moved) * (a(i) - b(j)) * (a(i) - b(j));
    left_a -= moved;
    left_b -= moved;
    if (left_a == 0) {
      ++i;
      left_a = m;
    }
    if (left_b == 0) {
      ++j;
      left_b = n;
    }
  }
  return std::sqrt(total / (static_cast<double>(n) * static_cast<double>(m)));
}

absl::StatusOr<double> SlicedWasserstein1(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                          const Eigen::Ref<const Eigen::MatrixXd>& y,
                                          const SlicedOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(x, y, options));
  return MeanOverDirections(x, y, options, Wasserstein1);
}

absl::StatusOr<double> SlicedWasserstein2(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                          const Eigen::Ref<const Eigen::MatrixXd>& y,
                                          const SlicedOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(x, y, options));
  const auto squared = [](const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
    const double distance = Wasserstein2(a, b);
    return distance * distance;
  };
  return std::sqrt(MeanOverDirections(x, y, options, squared));
}

}  // namespace parallax::divergence
