#include "core/calibration/mcmc_diagnostics.h"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_format.h"

namespace parallax::calibration {
namespace {

constexpr Eigen::Index kMinSweeps = 8;  // two halves of four: one pair of lags
constexpr double kSqrtTwo = 1.4142135623730951;

using Chains = std::vector<Eigen::MatrixXd>;

/// Draws replaced by normal scores Φ⁻¹((rank − 3/8)/(S + 1/4)), ties by their mean rank.
Chains RankNormalise(const Chains& chains) {
  const Eigen::Index size = chains.front().size();
  const size_t total = chains.size() * static_cast<size_t>(size);
  const auto at = [&](size_t k) {
    return chains[k / static_cast<size_t>(size)].data()[k % static_cast<size_t>(size)];
  };
  std::vector<std::pair<double, size_t>> order(total);
  for (size_t k = 0; k < total; ++k) order[k] = {at(k), k};
  std::sort(order.begin(), order.end());
  Chains scores = chains;
  for (size_t first = 0, last = 0; first < total; first = last) {
    while (last < total && order[last].first == order[first].first) ++last;
    const double rank = 0.5 * static_cast<double>(first + 1 + last);
    const double share = (rank - 0.375) / (static_cast<double>(total) + 0.25);
    const double score = kSqrtTwo * boost::math::erf_inv(2.0 * share - 1.0);
    for (size_t k = first; k < last; ++k) {
      const size_t index = order[k].second;
      scores[index / static_cast<size_t>(size)].data()[index % static_cast<size_t>(size)] = score;
    }
  }
  return scores;
}

/// Each chain's first and second half; the middle sweep of an odd number belongs to neither.
Chains Halves(const Chains& chains) {
  Chains halves;
  for (const Eigen::MatrixXd& chain : chains) {
    halves.emplace_back(chain.topRows(chain.rows() / 2));
    halves.emplace_back(chain.bottomRows(chain.rows() / 2));
  }
  return halves;
}

double Variance(const Eigen::Ref<const Eigen::VectorXd>& values) {
  return (values.array() - values.mean()).square().sum() / static_cast<double>(values.size() - 1);
}

struct Spread {
  double within = 0.0;  // W
  double plus = 0.0;    // var⁺
};

Spread SpreadOf(const Chains& halves) {
  const auto n = static_cast<double>(halves.front().size());
  Eigen::VectorXd mean(static_cast<Eigen::Index>(halves.size()));
  Spread spread;
  for (size_t k = 0; k < halves.size(); ++k) {
    const Eigen::Map<const Eigen::VectorXd> draws(halves[k].data(), halves[k].size());
    mean(static_cast<Eigen::Index>(k)) = draws.mean();
    spread.within += Variance(draws) / static_cast<double>(halves.size());
  }
  spread.plus = (n - 1.0) / n * spread.within + Variance(mean);
  return spread;
}

double SplitRHat(const Chains& halves) {
  const Spread spread = SpreadOf(halves);
  if (!(spread.within > 0.0)) return std::numeric_limits<double>::infinity();
  return std::sqrt(spread.plus / spread.within);
}

/// Mean over the series of their autocovariance at a lag (divisor n).
double MeanAutocovariance(const std::vector<Eigen::VectorXd>& centred, Eigen::Index lag) {
  double sum = 0.0;
  for (const Eigen::VectorXd& series : centred) {
    const Eigen::Index n = series.size();
    sum += series.head(n - lag).dot(series.tail(n - lag)) / static_cast<double>(n);
  }
  return sum / static_cast<double>(centred.size());
}

/// Integrated autocorrelation time by Geyer's initial monotone sequence of pairs.
double AutocorrelationTime(const std::vector<Eigen::VectorXd>& centred, double within,
                           double plus) {
  const Eigen::Index n = centred.front().size();
  const double bias = static_cast<double>(n) / static_cast<double>(n - 1);
  const auto correlation = [&](Eigen::Index lag) {
    return 1.0 - (within - bias * MeanAutocovariance(centred, lag)) / plus;
  };
  double pair = 1.0 + correlation(1), tau = -1.0 + 2.0 * pair;
  for (Eigen::Index lag = 2; lag + 3 < n; lag += 2) {
    const double even = correlation(lag), next = even + correlation(lag + 1);
    if (!(next > 0.0)) {
      tau += std::max(even, 0.0);
      break;
    }
    pair = std::min(pair, next);
    tau += 2.0 * pair;
  }
  return tau;
}

/// Squared standard error of the mean of all draws.
double MeanErrorVariance(const Chains& halves) {
  Chains sweep_means;
  std::vector<Eigen::VectorXd> centred;
  for (const Eigen::MatrixXd& half : halves) {
    const Eigen::VectorXd mean = half.rowwise().mean();
    sweep_means.emplace_back(mean);
    centred.emplace_back(mean.array() - mean.mean());
  }
  const Spread spread = SpreadOf(sweep_means);
  if (!(spread.within > 0.0)) return std::numeric_limits<double>::infinity();
  const auto total = static_cast<double>(halves.size()) * static_cast<double>(halves[0].rows());
  // Antithetic chains may look better than any finite number of draws can show: Stan's cap.
  const double tau =
      std::max(AutocorrelationTime(centred, spread.within, spread.plus), 1.0 / std::log10(total));
  return spread.plus * tau / total;
}

absl::Status CheckChains(const Chains& chains) {
  if (chains.empty()) return absl::InvalidArgumentError("there are 0 chains, must be >= 1");
  const Eigen::Index sweeps = chains.front().rows(), walkers = chains.front().cols();
  if (sweeps < kMinSweeps || walkers < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a chain is %d sweeps x %d walkers, must be >= %d x 1", sweeps, walkers, kMinSweeps));
  }
  for (const Eigen::MatrixXd& chain : chains) {
    if (chain.rows() != sweeps || chain.cols() != walkers || !chain.allFinite()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a chain is %d x %d, must be %d x %d like the first and finite",
                          chain.rows(), chain.cols(), sweeps, walkers));
    }
  }
  return absl::OkStatus();
}

/// |x − median| of every draw.
Chains Fold(const Chains& chains) {
  std::vector<double> all;
  for (const Eigen::MatrixXd& chain : chains) {
    all.insert(all.end(), chain.data(), chain.data() + chain.size());
  }
  const auto upper = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), upper, all.end());
  const double median =
      all.size() % 2 == 1 ? *upper : 0.5 * (*upper + *std::max_element(all.begin(), upper));
  Chains folded;
  for (const Eigen::MatrixXd& chain : chains) {
    folded.emplace_back((chain.array() - median).abs().matrix());
  }
  return folded;
}

}  // namespace

absl::StatusOr<ChainDiagnostics> DiagnoseChains(const Chains& chains) {
  if (absl::Status status = CheckChains(chains); !status.ok()) return status;
  ChainDiagnostics result;
  const auto total = static_cast<double>(chains.size()) * static_cast<double>(chains[0].size());
  for (const Eigen::MatrixXd& chain : chains) result.mean += chain.sum() / total;
  double square = 0.0;
  for (const Eigen::MatrixXd& chain : chains)
    square += (chain.array() - result.mean).square().sum();
  result.sd = std::sqrt(square / (total - 1.0));
  result.mcse_mean = std::sqrt(MeanErrorVariance(Halves(chains)));
  const Chains bulk = Halves(RankNormalise(chains));
  result.r_hat = std::max(SplitRHat(bulk), SplitRHat(Halves(RankNormalise(Fold(chains)))));
  const double error = MeanErrorVariance(bulk);
  result.ess_bulk = std::isfinite(error) ? SpreadOf(bulk).plus / error : 0.0;
  return result;
}

bool Converged(const std::vector<ChainDiagnostics>& quantities, const ConvergenceLimits& limits) {
  return !quantities.empty() &&
         std::all_of(quantities.begin(), quantities.end(), [&](const ChainDiagnostics& quantity) {
           return quantity.r_hat < limits.r_hat && quantity.ess_bulk >= limits.ess;
         });
}

}  // namespace parallax::calibration
