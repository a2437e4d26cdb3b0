#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/calibration/least_squares.h"

namespace parallax::calibration {
namespace {

absl::Status CheckBox(const Eigen::VectorXd& low, const Eigen::VectorXd& high, int parameters,
                      int starts) {
  if (starts < 1) {
    return absl::InvalidArgumentError(absl::StrFormat("starts = %d, must be >= 1", starts));
  }
  if (low.size() != parameters || high.size() != parameters || !low.allFinite() ||
      !high.allFinite() || (low.array() > high.array()).any()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the box of starts has %d and %d entries, must be %d finite ones with low <= high",
        low.size(), high.size(), parameters));
  }
  return absl::OkStatus();
}

/// Summarises the ends in the order of their starts.
MultiStartResult Choose(const std::vector<std::optional<FitResult>>& fits, int parameters,
                        double cost_tie) {
  MultiStartResult result;
  const auto count = static_cast<int>(fits.size());
  result.minima = Eigen::MatrixXd::Constant(parameters, count, NAN);
  double lowest = std::numeric_limits<double>::infinity();
  for (int k = 0; k < count; ++k) {
    result.costs.push_back(fits[k] ? fits[k]->cost : std::numeric_limits<double>::infinity());
    if (!fits[k]) {
      ++result.failed;
      continue;
    }
    lowest = std::min(lowest, fits[k]->cost);
    result.minima.col(k) = fits[k]->x;
    result.evaluations += fits[k]->evaluations;
  }
  const double limit = lowest + cost_tie * (std::abs(lowest) + 1e-300);
  for (int k = count - 1; k >= 0; --k) {
    if (!fits[k] || fits[k]->cost > limit) continue;
    ++result.agreeing;
    result.best_start = k;
  }
  result.best = *fits[result.best_start];
  return result;
}

}  // namespace

Eigen::MatrixXd ScrambledStarts(const Eigen::VectorXd& low, const Eigen::VectorXd& high, int count,
                                uint64_t seed, uint64_t stream) {
  base::Random random(seed, stream);
  Eigen::MatrixXd starts(low.size(), count);
  std::vector<int> slice(count);
  for (Eigen::Index i = 0; i < low.size(); ++i) {
    std::iota(slice.begin(), slice.end(), 0);
    for (int k = count - 1; k > 0; --k) std::swap(slice[k], slice[random.Below(k + 1)]);
    for (int k = 0; k < count; ++k) {
      const double share = (slice[k] + random.Uniform()) / count;
      starts(i, k) = low(i) + share * (high(i) - low(i));
    }
  }
  return starts;
}

absl::StatusOr<MultiStartResult> MinimizeFromManyStarts(const LeastSquaresProblem& problem,
                                                        const Eigen::VectorXd& first,
                                                        const Eigen::VectorXd& low,
                                                        const Eigen::VectorXd& high,
                                                        const MultiStartOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckBox(low, high, problem.parameters, options.starts));
  if (first.size() != problem.parameters) {
    return absl::InvalidArgumentError(absl::StrFormat("the first start has %d entries, must be %d",
                                                      first.size(), problem.parameters));
  }
  Eigen::MatrixXd starts(problem.parameters, options.starts + 1);
  starts.col(0) = starts.col(options.starts) = first;
  if (options.starts > 1) {
    starts.middleCols(1, options.starts - 1) =
        ScrambledStarts(low, high, options.starts - 1, options.seed, options.stream);
  }
  LeastSquaresOptions cautious = options.solver;
  cautious.initial_radius *= 1e-3;
  const size_t attempts = static_cast<size_t>(options.starts) + 1;
  std::vector<std::optional<FitResult>> fits(attempts);
  std::vector<absl::Status> errors(attempts);
  base::ParallelFor(attempts, [&](size_t k) {
    absl::StatusOr<FitResult> fit =
        MinimizeLeastSquares(problem, starts.col(static_cast<Eigen::Index>(k)),
                             k + 1 == attempts ? cautious : options.solver);
    errors[k] = fit.status();
    if (fit.ok()) fits[k] = *std::move(fit);
  });
  if (std::none_of(fits.begin(), fits.end(), [](const auto& fit) { return fit.has_value(); })) {
    return errors.front();
  }
  return Choose(fits, problem.parameters, options.cost_tie);
}

}  // namespace parallax::calibration
