#include "core/divergence/distance.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace parallax::divergence {
namespace {

/// Σ over pairs (i, j) of f(|xᵢ − yⱼ|²), columns being samples.
template <typename F>
double PairSum(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, const F& f) {
  double total = 0.0;
  for (Eigen::Index i = 0; i < x.cols(); ++i) {
    double row = 0.0;
    for (Eigen::Index j = 0; j < y.cols(); ++j) row += f((x.col(i) - y.col(j)).squaredNorm());
    total += row;
  }
  return total;
}

/// The same over i < j of one sample.
template <typename F>
double SelfSum(const Eigen::MatrixXd& x, const F& f) {
  double total = 0.0;
  for (Eigen::Index i = 1; i < x.cols(); ++i) {
    double row = 0.0;
    for (Eigen::Index j = 0; j < i; ++j) row += f((x.col(i) - x.col(j)).squaredNorm());
    total += row;
  }
  return total;
}

/// Mean of f over pairs within a sample; `at_zero` is f(0), what a sample with itself adds.
template <typename F>
double SelfMean(const Eigen::MatrixXd& x, const F& f, double at_zero, Estimator estimator) {
  const auto n = static_cast<double>(x.cols());
  const double twice = 2.0 * SelfSum(x, f);
  if (estimator == Estimator::kV) return (twice + n * at_zero) / (n * n);
  return twice / (n * (n - 1.0));
}

void CheckSamples(const Eigen::Ref<const Eigen::MatrixXd>& x,
                  const Eigen::Ref<const Eigen::MatrixXd>& y, Estimator estimator) {
  const Eigen::Index least = estimator == Estimator::kV ? 1 : 2;
  PARALLAX_CHECK(x.cols() == y.cols() && x.rows() >= least && y.rows() >= least);
}

}  // namespace

double EnergyDistance(const Eigen::Ref<const Eigen::MatrixXd>& x,
                      const Eigen::Ref<const Eigen::MatrixXd>& y, Estimator estimator) {
  CheckSamples(x, y, estimator);
  // Samples as columns: the inner loop then reads memory in order.
  const Eigen::MatrixXd a = x.transpose(), b = y.transpose();
  const auto distance = [](double squared) { return std::sqrt(squared); };
  const double cross =
      PairSum(a, b, distance) / (static_cast<double>(a.cols()) * static_cast<double>(b.cols()));
  return 2.0 * cross - SelfMean(a, distance, 0.0, estimator) -
         SelfMean(b, distance, 0.0, estimator);
}

double MmdSquared(const Eigen::Ref<const Eigen::MatrixXd>& x,
                  const Eigen::Ref<const Eigen::MatrixXd>& y, double bandwidth,
                  Estimator estimator) {
  CheckSamples(x, y, estimator);
  PARALLAX_CHECK(bandwidth > 0.0);
  const Eigen::MatrixXd a = x.transpose(), b = y.transpose();
  const double scale = -0.5 / (bandwidth * bandwidth);
  const auto kernel = [scale](double squared) { return std::exp(scale * squared); };
  const double cross =
      PairSum(a, b, kernel) / (static_cast<double>(a.cols()) * static_cast<double>(b.cols()));
  return SelfMean(a, kernel, 1.0, estimator) + SelfMean(b, kernel, 1.0, estimator) - 2.0 * cross;
}

std::vector<double> Bandwidths(const Eigen::Ref<const Eigen::MatrixXd>& x,
                               const Eigen::Ref<const Eigen::MatrixXd>& y, int count) {
  PARALLAX_CHECK(count >= 2 && x.cols() == y.cols() && x.rows() + y.rows() >= 2);
  Eigen::MatrixXd pooled(x.rows() + y.rows(), x.cols());
  pooled << x, y;
  // A thousand samples, evenly taken, give the median as well as all of them.
  const Eigen::Index stride = (pooled.rows() + 999) / 1000;
  std::vector<double> distances;
  for (Eigen::Index i = 0; i < pooled.rows(); i += stride) {
    for (Eigen::Index j = 0; j < i; j += stride) {
      distances.push_back((pooled.row(i) - pooled.row(j)).norm());
    }
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  // Quantised readings repeat: where half the pairs coincide, the mean still has a scale.
  double scale = *middle;
  if (!(scale > 0.0)) {
    for (double distance : distances) scale += distance / static_cast<double>(distances.size());
  }
  if (!(scale > 0.0)) scale = 1.0;
  std::vector<double> bandwidths(count);
  for (int k = 0; k < count; ++k) {
    bandwidths[k] = scale * std::exp2(-3.0 + 6.0 * k / (count - 1));
  }
  return bandwidths;
}

double AggregatedMmdSquared(const Eigen::Ref<const Eigen::MatrixXd>& x,
                            const Eigen::Ref<const Eigen::MatrixXd>& y,
                            const std::vector<double>& bandwidths) {
  PARALLAX_CHECK(!bandwidths.empty());
  double total = 0.0;
  for (double bandwidth : bandwidths) {
    total += MmdSquared(x, y, bandwidth, Estimator::kUnbiased);
  }
  return total / static_cast<double>(bandwidths.size());
}

double Wasserstein1(const Eigen::Ref<const Eigen::VectorXd>& x,
                    const Eigen::Ref<const Eigen::VectorXd>& y) {
  PARALLAX_CHECK(x.size() > 0 && y.size() > 0);
  Eigen::VectorXd a = x, b = y;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  Eigen::Index i = 0, j = 0;
  double at = std::min(a(0), b(0)), total = 0.0;
  while (i < a.size() || j < b.size()) {
    const bool from_a = j == b.size() || (i < a.size() && a(i) <= b(j));
    const double next = from_a ? a(i) : b(j);
    total += (next - at) * std::abs(static_cast<double>(i) / n - static_cast<double>(j) / m);
    at = next;
    from_a ? ++i : ++j;
  }
  return total;
}

}  // namespace parallax::divergence
