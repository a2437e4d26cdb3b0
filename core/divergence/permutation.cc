#include "core/divergence/permutation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/divergence/distance.h"
#include "core/divergence/resampling.h"

namespace parallax::divergence {
namespace {

absl::Status CheckPermutations(int permutations) {
  if (permutations >= 199) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("permutations = %d, must be >= 199", permutations));
}

absl::Status CheckUnits(const std::vector<Eigen::MatrixXd>& measured,
                        const std::vector<Eigen::MatrixXd>& predicted) {
  if (measured.size() < 2 || predicted.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a permutation test of %d and %d units, must be >= 2 each: use the paired "
                        "test over blocks",
                        measured.size(), predicted.size()));
  }
  for (const std::vector<Eigen::MatrixXd>* side : {&measured, &predicted}) {
    for (const Eigen::MatrixXd& unit : *side) {
      if (unit.rows() == 0 || unit.cols() != measured.front().cols() || !unit.allFinite()) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "a unit is %d x %d, must be finite with at least one row and %d columns", unit.rows(),
            unit.cols(), measured.front().cols()));
      }
    }
  }
  return absl::OkStatus();
}

TestResult Summarize(double observed, std::vector<double> permuted, double smallest_p) {
  TestResult result;
  result.statistic = observed;
  result.permutations = static_cast<int>(permuted.size());
  const double limit = observed - kTie * std::abs(observed);
  const auto extreme = std::count_if(permuted.begin(), permuted.end(),
                                     [limit](double value) { return value >= limit; });
  const double all = static_cast<double>(permuted.size()) + 1.0;
  result.p_value = (1.0 + static_cast<double>(extreme)) / all;
  result.null_95 = Quantile(std::move(permuted), 0.95);
  result.smallest_p = std::max(smallest_p, 1.0 / all);
  return result;
}

/// Least p-value of relabelling n of n + m units; equal sides mirror each other.
double SmallestP(size_t n, size_t m) {
  double ways = 1.0;
  for (size_t k = 1; k <= n; ++k) {
    ways *= static_cast<double>(m + k) / static_cast<double>(k);
  }
  return (n == m ? 2.0 : 1.0) / ways;
}

/// Orders of `units` indices, one a permutation, from one stream.
std::vector<std::vector<int>> Orders(size_t units, const TestOptions& options) {
  base::Random random(options.seed, options.stream);
  std::vector<std::vector<int>> orders(options.permutations);
  for (std::vector<int>& order : orders) {
    order.resize(units);
    std::iota(order.begin(), order.end(), 0);
    for (size_t k = units - 1; k > 0; --k) std::swap(order[k], order[random.Below(k + 1)]);
  }
  return orders;
}

/// Σ |x − y| over all pairs of samples, for every pair of units.
Eigen::MatrixXd DistanceSums(const std::vector<const Eigen::MatrixXd*>& units) {
  const size_t n = units.size();
  Eigen::MatrixXd sums(n, n);
  base::ParallelFor(n, [&](size_t i) {
    const Eigen::MatrixXd a = units[i]->transpose();
    for (size_t j = 0; j <= i; ++j) {
      const Eigen::MatrixXd b = units[j]->transpose();
      double total = 0.0;
      for (Eigen::Index k = 0; k < a.cols(); ++k) {
        total += (b.colwise() - a.col(k)).colwise().norm().sum();
      }
      sums(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = total;
    }
  });
  return sums.selfadjointView<Eigen::Lower>();
}

/// Energy distance of the first `first` units of an order against the rest.
double EnergyOfOrder(const Eigen::MatrixXd& sums, const std::vector<double>& sizes,
                     const std::vector<int>& order, size_t first) {
  double xx = 0.0, yy = 0.0, xy = 0.0, n = 0.0, m = 0.0;
  for (size_t i = 0; i < order.size(); ++i) {
    (i < first ? n : m) += sizes[order[i]];
    for (size_t j = 0; j < order.size(); ++j) {
      const double sum = sums(order[i], order[j]);
      if (i < first && j < first) {
        xx += sum;
      } else if (i >= first && j >= first) {
        yy += sum;
      } else if (i < first) {
        xy += sum;
      }
    }
  }
  return 2.0 * xy / (n * m) - xx / (n * n) - yy / (m * m);
}

double SignFlipStatistic(const Eigen::MatrixXd& blocks, const Eigen::VectorXd& sign) {
  double total = 0.0;
  for (Eigen::Index j = 0; j < blocks.cols(); ++j) {
    const Eigen::VectorXd d = blocks.col(j).cwiseProduct(sign);
    const Eigen::VectorXd product = d.head(d.size() - 1).cwiseProduct(d.tail(d.size() - 1));
    const double norm = d.norm(), product_norm = product.norm();
    const double a = norm > 0.0 ? d.sum() / norm : 0.0;
    const double b = product_norm > 0.0 ? std::max(product.sum() / product_norm, 0.0) : 0.0;
    total += a * a + b * b;
  }
  return total;
}

}  // namespace

double PooledEnergy(const std::vector<const Eigen::MatrixXd*>& measured,
                    const std::vector<const Eigen::MatrixXd*>& predicted) {
  const auto pool = [](const std::vector<const Eigen::MatrixXd*>& units) {
    Eigen::Index rows = 0;
    for (const Eigen::MatrixXd* unit : units) rows += unit->rows();
    Eigen::MatrixXd all(rows, units.front()->cols());
    Eigen::Index at = 0;
    for (const Eigen::MatrixXd* unit : units) {
      all.middleRows(at, unit->rows()) = *unit;
      at += unit->rows();
    }
    return all;
  };
  return EnergyDistance(pool(measured), pool(predicted), Estimator::kV);
}

absl::StatusOr<TestResult> PermutationTest(const std::vector<Eigen::MatrixXd>& measured,
                                           const std::vector<Eigen::MatrixXd>& predicted,
                                           const UnitStatistic& statistic,
                                           const TestOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckPermutations(options.permutations));
  PARALLAX_RETURN_IF_ERROR(CheckUnits(measured, predicted));
  std::vector<const Eigen::MatrixXd*> units;
  for (const Eigen::MatrixXd& unit : measured) units.push_back(&unit);
  for (const Eigen::MatrixXd& unit : predicted) units.push_back(&unit);
  const auto split = [&](const std::vector<int>& order) {
    std::vector<const Eigen::MatrixXd*> first, second;
    for (size_t k = 0; k < order.size(); ++k) {
      (k < measured.size() ? first : second).push_back(units[order[k]]);
    }
    return statistic(first, second);
  };
  std::vector<int> identity(units.size());
  std::iota(identity.begin(), identity.end(), 0);
  const std::vector<std::vector<int>> orders = Orders(units.size(), options);
  std::vector<double> permuted(orders.size());
  base::ParallelFor(orders.size(), [&](size_t b) { permuted[b] = split(orders[b]); });
  return Summarize(split(identity), std::move(permuted),
                   SmallestP(measured.size(), predicted.size()));
}

absl::StatusOr<TestResult> EnergyPermutationTest(const std::vector<Eigen::MatrixXd>& measured,
                                                 const std::vector<Eigen::MatrixXd>& predicted,
                                                 const TestOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckPermutations(options.permutations));
  PARALLAX_RETURN_IF_ERROR(CheckUnits(measured, predicted));
  std::vector<const Eigen::MatrixXd*> units;
  for (const Eigen::MatrixXd& unit : measured) units.push_back(&unit);
  for (const Eigen::MatrixXd& unit : predicted) units.push_back(&unit);
  std::vector<double> sizes;
  for (const Eigen::MatrixXd* unit : units) sizes.push_back(static_cast<double>(unit->rows()));
  const Eigen::MatrixXd sums = DistanceSums(units);
  std::vector<int> identity(units.size());
  std::iota(identity.begin(), identity.end(), 0);
  const std::vector<std::vector<int>> orders = Orders(units.size(), options);
  std::vector<double> permuted(orders.size());
  base::ParallelFor(orders.size(), [&](size_t b) {
    permuted[b] = EnergyOfOrder(sums, sizes, orders[b], measured.size());
  });
  return Summarize(EnergyOfOrder(sums, sizes, identity, measured.size()), std::move(permuted),
                   SmallestP(measured.size(), predicted.size()));
}

absl::StatusOr<TestResult> SignFlipTest(const Eigen::Ref<const Eigen::MatrixXd>& block_means,
                                        const TestOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckPermutations(options.permutations));
  const Eigen::Index blocks = block_means.rows();
  if (blocks < 5 || block_means.cols() < 1 || !block_means.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a sign-flip test of %d x %d block means: must be finite, at least 5 x 1",
                        blocks, block_means.cols()));
  }
  base::Random random(options.seed, options.stream);
  Eigen::MatrixXd signs(blocks, options.permutations);
  for (Eigen::Index b = 0; b < signs.cols(); ++b) {
    for (Eigen::Index k = 0; k < blocks; ++k) signs(k, b) = random.Below(2) == 0 ? -1.0 : 1.0;
  }
  const Eigen::MatrixXd means = block_means;
  std::vector<double> permuted(options.permutations);
  base::ParallelFor(permuted.size(), [&](size_t b) {
    permuted[b] = SignFlipStatistic(means, signs.col(static_cast<Eigen::Index>(b)));
  });
  return Summarize(SignFlipStatistic(means, Eigen::VectorXd::Ones(blocks)), std::move(permuted),
                   std::exp2(1.0 - static_cast<double>(blocks)));
}

std::vector<double> HolmAdjust(const std::vector<double>& p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double running = 0.0;
  for (size_t k = 0; k < order.size(); ++k) {
    const auto factor = static_cast<double>(p_values.size() - k);
    running = std::max(running, std::min(1.0, factor * p_values[order[k]]));
    adjusted[order[k]] = running;
  }
  return adjusted;
}

}  // namespace parallax::divergence
