#include "core/calibration/rank_statistics.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::calibration {
namespace {

/// Two-sided tail of each possible count below each edge, edges × (n + 1): 2·min(P(X ≤ k),
/// P(X ≥ k)), X binomial(n, edge).
Eigen::MatrixXd TailTable(const Eigen::VectorXd& edge, int n) {
  Eigen::MatrixXd tail(edge.size(), n + 1);
  for (Eigen::Index e = 0; e < edge.size(); ++e) {
    Eigen::VectorXd probability(n + 1);
    for (int k = 0; k <= n; ++k) {
      probability(k) =
          std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) +
                   k * std::log(edge(e)) + (n - k) * std::log1p(-edge(e)));
    }
    double below = 0.0;
    for (int k = 0; k <= n; ++k) {
      below += probability(k);
      tail(e, k) = 2.0 * below;
    }
    double above = 0.0;
    for (int k = n; k >= 0; --k) {
      above += probability(k);
      tail(e, k) = std::min({1.0, tail(e, k), 2.0 * above});
    }
  }
  return tail;
}

/// Counts of ranks per bin.
std::vector<int> Histogram(const std::vector<int>& ranks, int draws, int bins) {
  std::vector<int> histogram(static_cast<size_t>(bins), 0);
  const int width = (draws + 1) / bins;
  for (const int rank : ranks) ++histogram[static_cast<size_t>(rank / width)];
  return histogram;
}

/// The least tail over the edges of a histogram: small where the ECDF is far out somewhere.
double LeastTail(const std::vector<int>& histogram, const Eigen::MatrixXd& tail) {
  double least = 1.0;
  int below = 0;
  for (Eigen::Index e = 0; e < tail.rows(); ++e) {
    below += histogram[static_cast<size_t>(e)];
    least = std::min(least, tail(e, below));
  }
  return least;
}

absl::Status Check(const std::vector<int>& ranks, int draws, const RankOptions& options) {
  if (ranks.empty() || draws < 1) {
    return absl::InvalidArgumentError(absl::StrFormat("%d ranks among %d draws, must be >= 1 each",
                                                      static_cast<int>(ranks.size()), draws));
  }
  for (const int rank : ranks) {
    if (rank < 0 || rank > draws) {
      return absl::InvalidArgumentError(
          absl::StrFormat("rank = %d, must be in [0, %d]", rank, draws));
    }
  }
  if (options.bins < 2 || (draws + 1) % options.bins != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "bins = %d, must be >= 2 and divide draws + 1 = %d", options.bins, draws + 1));
  }
  if (!(options.confidence > 0.0 && options.confidence < 1.0) || options.simulations < 100) {
    return absl::InvalidArgumentError(
        absl::StrFormat("confidence = %g, simulations = %d, must be in (0, 1) and >= 100",
                        options.confidence, options.simulations));
  }
  return absl::OkStatus();
}

/// Least tails of simulated uniform ranks, ascending.
std::vector<double> SimulatedTails(int replicates, const Eigen::MatrixXd& tail,
                                   const RankOptions& options) {
  base::Random random(options.seed, options.stream);
  std::vector<double> tails;
  for (int s = 0; s < options.simulations; ++s) {
    std::vector<int> histogram(static_cast<size_t>(options.bins), 0);
    for (int k = 0; k < replicates; ++k) {
      ++histogram[random.Below(static_cast<uint64_t>(options.bins))];
    }
    tails.push_back(LeastTail(histogram, tail));
  }
  std::sort(tails.begin(), tails.end());
  return tails;
}

}  // namespace

int RankOfTruth(double truth, const Eigen::Ref<const Eigen::VectorXd>& draws, uint64_t seed,
                uint64_t stream) {
  const auto below = static_cast<int>((draws.array() < truth).count());
  const auto ties = static_cast<uint64_t>((draws.array() == truth).count());
  return below + static_cast<int>(base::Random(seed, stream).Below(ties + 1));
}

absl::StatusOr<RankUniformity> TestRankUniformity(const std::vector<int>& ranks, int draws,
                                                  const RankOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(ranks, draws, options));
  const auto n = static_cast<int>(ranks.size());
  const int edges = options.bins - 1;
  RankUniformity result;
  result.histogram = Histogram(ranks, draws, options.bins);
  const double expected = static_cast<double>(n) / options.bins;
  for (const int count : result.histogram) {
    result.chi_square += (count - expected) * (count - expected) / expected;
  }
  result.chi_square_p = boost::math::gamma_q(0.5 * edges, 0.5 * result.chi_square);

  result.edge = Eigen::VectorXd::LinSpaced(edges, 1.0, edges) / options.bins;
  const Eigen::MatrixXd tail = TailTable(result.edge, n);
  const std::vector<double> simulated = SimulatedTails(n, tail, options);
  const double observed = LeastTail(result.histogram, tail);
  const auto extreme = std::upper_bound(simulated.begin(), simulated.end(), observed);
  result.ecdf_p = (1.0 + static_cast<double>(extreme - simulated.begin())) /
                  (1.0 + static_cast<double>(simulated.size()));
  const auto quantile =
      static_cast<size_t>((1.0 - options.confidence) * static_cast<double>(simulated.size()));
  const double limit = simulated[quantile];
  result.inside = observed >= limit;

  result.ecdf.resize(edges);
  result.low = result.high = result.ecdf;
  int below = 0;
  for (int e = 0; e < edges; ++e) {
    below += result.histogram[static_cast<size_t>(e)];
    result.ecdf(e) = static_cast<double>(below) / n;
    int first = 0, last = n;
    while (tail(e, first) < limit) ++first;
    while (tail(e, last) < limit) --last;
    result.low(e) = static_cast<double>(first) / n;
    result.high(e) = static_cast<double>(last) / n;
  }
  return result;
}

}  // namespace parallax::calibration
