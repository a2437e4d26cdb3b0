#include "core/divergence/displaced_normal.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/random.h"
#include "core/divergence/distance.h"
#include "core/divergence/resampling.h"
#include "core/divergence/transport.h"

namespace parallax::divergence {
namespace {

/// From this distance on the asymptotic series is as good as the convergent one, and shorter.
constexpr double kFar = 20.0;

constexpr int kQuantiles = 16;  ///< that stand for a normal distribution in transport

/// E|Z| of k dimensions.
double MeanNorm(double k) {
  return std::sqrt(2.0) * std::exp(std::lgamma(0.5 * (k + 1.0)) - std::lgamma(0.5 * k));
}

/// E|d + Z − Z'| for two independent standard normals.
double MeanDistance(double d, int dimensions) {
  return std::sqrt(2.0) * MeanDistanceToNormal(d / std::sqrt(2.0), dimensions);
}

/// Quantiles of the standard normal at the middles of equal shares.
Eigen::VectorXd NormalQuantiles() {
  Eigen::VectorXd quantiles(kQuantiles);
  for (int q = 0; q < kQuantiles; ++q) {
    quantiles(q) = boost::math::quantile(boost::math::normal(), (q + 0.5) / kQuantiles);
  }
  return quantiles;
}

/// Every displacement with every quantile.
Eigen::VectorXd Displaced(const Eigen::VectorXd& displacements, const Eigen::VectorXd& quantiles) {
  return (quantiles.replicate(1, displacements.size()).rowwise() + displacements.transpose())
      .reshaped();
}

}  // namespace

double MeanDistanceToNormal(double norm, int dimensions) {
  PARALLAX_CHECK(norm >= 0.0 && dimensions >= 1);
  if (dimensions == 1) {
    return std::sqrt(2.0 / M_PI) * std::exp(-0.5 * norm * norm) +
           norm * std::erf(norm / std::sqrt(2.0));
  }
  const double k = dimensions, y = 0.5 * norm * norm;
  if (norm > kFar) {
    // √2 Γ((k+1)/2)/Γ(k/2) · 1F1(−½; k/2; −y) for large y.
    double term = 1.0, sum = 1.0;
    for (int n = 0; n < 8; ++n) {
      term *= (n - 0.5) * (n + 0.5 - 0.5 * k) / ((n + 1.0) * y);
      sum += term;
    }
    return norm * sum;
  }
  // |x − Z|² is a Poisson(y) mixture of χ² with k + 2j degrees of freedom.
  double weight = std::exp(-y), mean = MeanNorm(k), sum = 0.0;
  for (int j = 0; j < y || weight > 1e-18; ++j) {
    sum += weight * mean;
    weight *= y / (j + 1.0);
    mean *= (0.5 * (k + 1.0) + j) / (0.5 * k + j);
  }
  return sum;
}

double DisplacedEnergyDistance(const Eigen::Ref<const Eigen::MatrixXd>& displacements) {
  const Eigen::Index n = displacements.rows();
  PARALLAX_CHECK(n >= 1 && displacements.cols() >= 1);
  const auto dimensions = static_cast<int>(displacements.cols());
  const double within_normal = MeanDistance(0.0, dimensions);
  const Eigen::MatrixXd runs = displacements.transpose();
  double to_normal = 0.0, spread = 0.0;
  for (Eigen::Index i = 0; i < n; ++i) {
    to_normal += MeanDistance(runs.col(i).norm(), dimensions);
    for (Eigen::Index j = 0; j < i; ++j) {
      spread += MeanDistance((runs.col(i) - runs.col(j)).norm(), dimensions);
    }
  }
  const auto count = static_cast<double>(n);
  return std::max(0.0, 2.0 * to_normal / count -
                           (2.0 * spread + count * within_normal) / (count * count) -
                           within_normal);
}

DisplacedEnergy::DisplacedEnergy(const Eigen::Ref<const Eigen::MatrixXd>& displacements) {
  const Eigen::Index n = displacements.rows();
  PARALLAX_CHECK(n >= 1 && displacements.cols() >= 1);
  const auto dimensions = static_cast<int>(displacements.cols());
  within_normal_ = MeanDistance(0.0, dimensions);
  to_normal_.resize(n);
  apart_ = across_ = Eigen::MatrixXd::Constant(n, n, within_normal_);
  const Eigen::MatrixXd runs = displacements.transpose();
  for (Eigen::Index i = 0; i < n; ++i) {
    to_normal_(i) = MeanDistance(runs.col(i).norm(), dimensions);
    for (Eigen::Index j = 0; j < i; ++j) {
      apart_(i, j) = apart_(j, i) = MeanDistance((runs.col(i) - runs.col(j)).norm(), dimensions);
      across_(i, j) = across_(j, i) = MeanDistance((runs.col(i) + runs.col(j)).norm(), dimensions);
    }
  }
  value_ = std::max(0.0, 2.0 * to_normal_.mean() - apart_.mean() - within_normal_);
}

double DisplacedEnergy::OfDraw(const std::vector<int>& chosen) const {
  PARALLAX_CHECK(!chosen.empty());
  double to_normal = 0.0, spread = 0.0;
  for (const int a : chosen) {
    to_normal += to_normal_(a);
    for (const int b : chosen) spread += apart_(a, b);
  }
  const auto n = static_cast<double>(chosen.size());
  return 2.0 * to_normal / n - spread / (n * n) - within_normal_;
}

double DisplacedEnergy::SpreadOfSigns(const std::vector<bool>& negative) const {
  double sum = 0.0;
  for (size_t i = 1; i < negative.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    for (size_t j = 0; j < i; ++j) {
      const auto column = static_cast<Eigen::Index>(j);
      sum += negative[i] == negative[j] ? apart_(row, column) : across_(row, column);
    }
  }
  const auto n = static_cast<double>(negative.size());
  return (2.0 * sum + n * within_normal_) / (n * n);
}

absl::StatusOr<TestResult> DisplacedEnergy::SignFlipTest(const TestOptions& options) const {
  if (options.permutations < 199) {
    return absl::InvalidArgumentError(
        absl::StrFormat("permutations = %d, must be >= 199", options.permutations));
  }
  const auto runs = static_cast<size_t>(to_normal_.size());
  const double off = 2.0 * to_normal_.mean() - within_normal_;
  base::Random random(options.seed, options.stream);
  std::vector<double> flipped;
  std::vector<bool> negative(runs);
  for (int b = 0; b < options.permutations; ++b) {
    for (size_t i = 0; i < runs; ++i) negative[i] = random.Below(2) == 0;
    flipped.push_back(off - SpreadOfSigns(negative));
  }
  const double limit = value_ - kTie * off;
  const auto extreme = std::count_if(flipped.begin(), flipped.end(),
                                     [limit](double value) { return value >= limit; });
  const double all = options.permutations + 1.0;
  TestResult result{.statistic = value_, .permutations = options.permutations};
  result.p_value = (1.0 + static_cast<double>(extreme)) / all;
  result.null_95 = Quantile(std::move(flipped), 0.95);
  result.smallest_p = std::max(1.0 / all, std::exp2(1.0 - static_cast<double>(runs)));
  return result;
}

std::vector<double> NormalBandwidths(int dimensions, int count) {
  PARALLAX_CHECK(dimensions >= 1 && count >= 2);
  const double median =
      std::sqrt(2.0 * boost::math::quantile(boost::math::chi_squared(dimensions), 0.5));
  std::vector<double> bandwidths;
  for (int b = 0; b < count; ++b) {
    bandwidths.push_back(median * std::exp2(-3.0 + 6.0 * b / (count - 1)));
  }
  return bandwidths;
}

double DisplacedMmdSquared(const Eigen::Ref<const Eigen::MatrixXd>& displacements,
                           const std::vector<double>& bandwidths) {
  PARALLAX_CHECK(displacements.rows() >= 1 && !bandwidths.empty());
  const Eigen::MatrixXd runs = displacements.transpose();
  const auto n = static_cast<double>(runs.cols()), k = static_cast<double>(runs.rows());
  double total = 0.0;
  for (const double h : bandwidths) {
    // E exp(−|d + Z − Z'|²/(2 h²)) = (h²/(h² + 2))^(k/2) exp(−|d|²/(2 (h² + 2))).
    const double scale = -0.5 / (h * h + 2.0);
    double within = 0.0, across = 0.0;
    for (Eigen::Index i = 0; i < runs.cols(); ++i) {
      across += std::exp(scale * runs.col(i).squaredNorm());
      for (Eigen::Index j = 0; j < i; ++j) {
        within += std::exp(scale * (runs.col(i) - runs.col(j)).squaredNorm());
      }
    }
    total += std::pow(h * h / (h * h + 2.0), 0.5 * k) *
             ((2.0 * within + n) / (n * n) + 1.0 - 2.0 * across / n);
  }
  return total / static_cast<double>(bandwidths.size());
}

double DisplacedWasserstein1(const Eigen::Ref<const Eigen::VectorXd>& displacements) {
  const Eigen::VectorXd quantiles = NormalQuantiles();
  return Wasserstein1(Displaced(displacements, quantiles), quantiles);
}

double DisplacedSlicedWasserstein2(const Eigen::Ref<const Eigen::MatrixXd>& displacements,
                                   const Eigen::Ref<const Eigen::MatrixXd>& directions) {
  PARALLAX_CHECK(directions.cols() > 0 && directions.rows() == displacements.cols());
  const Eigen::VectorXd quantiles = NormalQuantiles();
  const Eigen::MatrixXd slices = displacements * directions;
  double total = 0.0;
  for (Eigen::Index m = 0; m < slices.cols(); ++m) {
    const double distance = Wasserstein2(Displaced(slices.col(m), quantiles), quantiles);
    total += distance * distance;
  }
  return std::sqrt(total / static_cast<double>(slices.cols()));
}

Gaussian DisplacedGaussian(const Eigen::Ref<const Eigen::MatrixXd>& displacements) {
  Gaussian gaussian = FitGaussian(displacements);
  gaussian.covariance.diagonal().array() += 1.0;
  return gaussian;
}

}  // namespace parallax::divergence
