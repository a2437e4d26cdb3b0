#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/design/explanations.h"

namespace parallax::design {
namespace {

constexpr int kBlock = 64;  ///< draws of one task
constexpr double kEqualCovariances = 1e-9;

absl::Status CheckSeparationOptions(const SeparationOptions& options) {
  if (options.draws < 100) {
    return absl::InvalidArgumentError(absl::StrFormat("draws = %d, must be >= 100", options.draws));
  }
  if (!(options.lead_nats > 0.0) || !std::isfinite(options.lead_nats)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("lead_nats = %g, must be > 0", options.lead_nats));
  }
  return absl::OkStatus();
}

/// What one draw of data did to the odds.
struct Drawn {
  double information = 0.0;  ///< ln p(y | k) − ln p(y), nats
  double lead = 0.0;         ///< of the best over the second, nats
  Eigen::Index best = 0;
  Eigen::Index holds = 0;  ///< the explanation that the data were drawn from
};

/// The explanation of draw i of n: shared out by weight without chance.
Eigen::Index Holder(const Eigen::VectorXd& weights, int draw, int draws) {
  double rest = (draw + 0.5) / draws;
  for (Eigen::Index k = 0; k + 1 < weights.size(); ++k) {
    rest -= weights(k);
    if (rest < 0.0) return k;
  }
  return weights.size() - 1;
}

/// @param scores  K, ln of weight times density, up to a common term.
Drawn Judge(const Eigen::VectorXd& scores, const Eigen::VectorXd& weights, Eigen::Index holds) {
  Drawn drawn{.holds = holds};
  const double top = scores.maxCoeff(&drawn.best);
  double second = -std::numeric_limits<double>::infinity();
  for (Eigen::Index k = 0; k < scores.size(); ++k) {
    if (k != drawn.best) second = std::max(second, scores(k));
  }
  drawn.lead = top - second;
  const double log_sum = top + std::log((scores.array() - top).exp().sum());
  drawn.information = scores(holds) - std::log(weights(holds)) - log_sum;
  return drawn;
}

class Simulator {
 public:
  Simulator(const RivalPredictions::Mixture& mixture, const SeparationOptions& options)
      : mixture_(mixture), options_(options) {
    for (const Eigen::MatrixXd& covariance : mixture.covariances) {
      roots_.emplace_back(covariance.llt().matrixL());
    }
  }

  std::vector<Drawn> Run() const {
    std::vector<Drawn> drawn(static_cast<size_t>(options_.draws));
    const int blocks = (options_.draws + kBlock - 1) / kBlock;
    base::ParallelFor(static_cast<size_t>(blocks),
                      [&](size_t block) { RunBlock(static_cast<int>(block) * kBlock, drawn); });
    return drawn;
  }

 private:
  void RunBlock(int first, std::vector<Drawn>& drawn) const {
    const int count = std::min(kBlock, options_.draws - first);
    const Eigen::Index rows = mixture_.means.rows();
    Eigen::MatrixXd data(rows, count);
    for (int i = 0; i < count; ++i) {
      base::Random random(options_.seed, static_cast<uint64_t>(first + i));
      Eigen::VectorXd normal(rows);
      for (double& one : normal) one = random.Normal();
      const Eigen::Index holds = Holder(mixture_.weights, first + i, options_.draws);
      data.col(i) = mixture_.means.col(holds) + roots_[static_cast<size_t>(holds)] * normal;
    }
    Eigen::MatrixXd scores(mixture_.weights.size(), count);
    for (Eigen::Index k = 0; k < scores.rows(); ++k) {
      const Eigen::MatrixXd& root = roots_[static_cast<size_t>(k)];
      const Eigen::MatrixXd off =
          root.triangularView<Eigen::Lower>().solve(data.colwise() - mixture_.means.col(k));
      const double constant = std::log(mixture_.weights(k)) - root.diagonal().array().log().sum();
      scores.row(k) = constant - 0.5 * off.colwise().squaredNorm().array();
    }
    for (int i = 0; i < count; ++i) {
      const int at = first + i;
      drawn[static_cast<size_t>(at)] =
          Judge(scores.col(i), mixture_.weights, Holder(mixture_.weights, at, options_.draws));
    }
  }

  const RivalPredictions::Mixture& mixture_;
  const SeparationOptions& options_;
  std::vector<Eigen::MatrixXd> roots_;
};

/// P(|x| ≥ lead) of x ~ N(mean, sd²).
double Outside(double mean, double sd, double lead) {
  if (!(sd > 0.0)) return std::abs(mean) >= lead ? 1.0 : 0.0;
  const double scale = 1.0 / (std::sqrt(2.0) * sd);
  return 0.5 * (std::erfc((lead - mean) * scale) + std::erfc((lead + mean) * scale));
}

}  // namespace

absl::StatusOr<Separation> SimulateSeparation(const RivalPredictions::Mixture& mixture,
                                              const SeparationOptions& options) {
  if (absl::Status status = CheckSeparationOptions(options); !status.ok()) return status;
  const std::vector<Drawn> drawn = Simulator(mixture, options).Run();
  Separation separation{.leads = Eigen::VectorXd::Zero(mixture.weights.size())};
  double sum = 0.0, squares = 0.0;
  int resolved = 0, misleading = 0;
  for (const Drawn& one : drawn) {
    sum += one.information;
    squares += one.information * one.information;
    separation.expected_lead += one.lead / options.draws;
    if (one.lead < options.lead_nats) continue;
    ++resolved;
    if (one.best != one.holds) ++misleading;
    separation.leads(one.best) += 1.0 / options.draws;
  }
  const double n = options.draws, mean = sum / n;
  separation.information = {
      .value = mean,
      .standard_error = std::sqrt(std::max(0.0, squares / n - mean * mean) / (n - 1.0)),
      .draws = options.draws};
  separation.resolved = CountedProbability(resolved, options.draws);
  separation.misleading = CountedProbability(misleading, options.draws);
  return separation;
}

absl::StatusOr<Probability> ResolvedOfTwo(const RivalPredictions::Mixture& mixture,
                                          double lead_nats) {
  if (!(lead_nats > 0.0)) {
    return absl::InvalidArgumentError(absl::StrFormat("lead_nats = %g, must be > 0", lead_nats));
  }
  if (mixture.weights.size() != 2) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%d explanations, must be 2", mixture.weights.size()));
  }
  const Eigen::MatrixXd& covariance = mixture.covariances[0];
  if ((covariance - mixture.covariances[1]).cwiseAbs().maxCoeff() >
      kEqualCovariances * covariance.cwiseAbs().maxCoeff()) {
    return absl::FailedPreconditionError("the covariances of both explanations differ");
  }
  const Eigen::VectorXd off = mixture.means.col(0) - mixture.means.col(1);
  const double squared = off.dot(covariance.llt().solve(off)), distance = std::sqrt(squared);
  const double odds = std::log(mixture.weights(0) / mixture.weights(1));
  const double value = mixture.weights(0) * Outside(odds + 0.5 * squared, distance, lead_nats) +
                       mixture.weights(1) * Outside(odds - 0.5 * squared, distance, lead_nats);
  return Probability{.value = value, .low = value, .high = value, .draws = 0};
}

}  // namespace parallax::design
