#include "core/surrogate/map_search.h"

#include <ceres/gradient_problem.h>
#include <ceres/gradient_problem_solver.h>

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/sobol_points.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::surrogate {
namespace {

/// Minus log posterior in u = (x − mean)/sd, where the prior is a standard normal: so scaled, the
/// first step of BFGS is of the right size.
class NegativeLogPosterior final : public ceres::FirstOrderFunction {
 public:
  NegativeLogPosterior(const LogLikelihood& log_likelihood, const Eigen::VectorXd& mean,
                       const Eigen::VectorXd& sd)
      : log_likelihood_(log_likelihood), mean_(mean), sd_(sd) {}

  bool Evaluate(const double* parameters, double* cost, double* gradient) const override {
    const Eigen::Map<const Eigen::VectorXd> u(parameters, mean_.size());
    Eigen::VectorXd slope(mean_.size());
    double value = 0.0;
    if (!u.allFinite() || !log_likelihood_(mean_ + sd_.cwiseProduct(u), &value, &slope) ||
        !std::isfinite(value) || !slope.allFinite()) {
      return false;
    }
    *cost = 0.5 * u.squaredNorm() - value;
    if (gradient != nullptr) {
      Eigen::Map<Eigen::VectorXd>(gradient, mean_.size()) = u - sd_.cwiseProduct(slope);
    }
    return true;
  }
  int NumParameters() const override { return static_cast<int>(mean_.size()); }

 private:
  const LogLikelihood& log_likelihood_;
  const Eigen::VectorXd& mean_;
  const Eigen::VectorXd& sd_;
};

absl::Status CheckOptions(const MapSearchOptions& options) {
  if (options.starts < 1 || options.max_iterations < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("starts = %d, max_iterations = %d: both must be >= 1", options.starts,
                        options.max_iterations));
  }
  if (!(options.reach > 0.0) || !(options.tolerance > 0.0) || !(options.improvement > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("reach = %g, tolerance = %g, improvement = %g: all must be > 0",
                        options.reach, options.tolerance, options.improvement));
  }
  return absl::OkStatus();
}

/// Where the search ends from u, and the cost there; nothing where it cannot start.
std::optional<std::pair<Eigen::VectorXd, double>> Descend(const ceres::GradientProblem& problem,
                                                          Eigen::VectorXd u,
                                                          const MapSearchOptions& options) {
  ceres::GradientProblemSolver::Options solver;
  solver.line_search_direction_type = ceres::BFGS;
  solver.max_num_iterations = options.max_iterations;
  solver.gradient_tolerance = options.tolerance;
  solver.function_tolerance = options.improvement;
  solver.logging_type = ceres::SILENT;
  ceres::GradientProblemSolver::Summary summary;
  ceres::Solve(solver, problem, u.data(), &summary);
  double cost = 0.0;
  if (!problem.Evaluate(u.data(), &cost, nullptr)) return std::nullopt;
  return std::pair(std::move(u), cost);
}

/// Square root of the inverse of the posterior's curvature at u, by differences of its gradient,
/// times kWider, since posteriors of scales have longer tails than the normal distribution.
/// Where the likelihood does not bend, the prior's curvature is 1; where it bends upwards or has no
/// value beside u, half of that, so that draws go wider than the prior rather than nowhere.
Eigen::MatrixXd LocalSpread(const NegativeLogPosterior& posterior, const Eigen::VectorXd& u) {
  constexpr double kStep = 1e-3, kLeast = 0.5, kWider = 1.2;
  const Eigen::Index k = u.size();
  Eigen::MatrixXd curvature = Eigen::MatrixXd::Identity(k, k);
  Eigen::VectorXd above(k), below(k);
  for (Eigen::Index j = 0; j < k; ++j) {
    const Eigen::VectorXd step = kStep * Eigen::VectorXd::Unit(k, j);
    double unused = 0.0;
    if (posterior.Evaluate((u + step).eval().data(), &unused, above.data()) &&
        posterior.Evaluate((u - step).eval().data(), &unused, below.data())) {
      curvature.col(j) = (above - below) / (2.0 * kStep);
    }
  }
  const base::SymmetricEigen eigen =
      base::DecomposeSymmetric(0.5 * (curvature + curvature.transpose()));
  return kWider * eigen.vectors *
         eigen.values.cwiseMax(kLeast).cwiseSqrt().cwiseInverse().asDiagonal();
}

/// Weights from their logarithms up to a constant, none above √count times the mean.
Eigen::VectorXd TruncatedWeights(const Eigen::VectorXd& logs) {
  Eigen::VectorXd weights = (logs.array() - logs.maxCoeff()).exp();
  const auto count = static_cast<double>(logs.size());
  weights = weights.cwiseMin(std::sqrt(count) * weights.mean());
  return weights / weights.sum();
}

double NormalQuantile(double probability) {
  using Policy = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  return -std::sqrt(2.0) * boost::math::erfc_inv(2.0 * probability, Policy());
}

}  // namespace

absl::StatusOr<MapEstimate> MaximizePosterior(const LogLikelihood& log_likelihood,
                                              const Eigen::VectorXd& mean,
                                              const Eigen::VectorXd& sd,
                                              const MapSearchOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckOptions(options));
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd points,
                            base::SobolPoints(static_cast<int>(mean.size()), options.starts,
                                              options.seed, options.stream));
  const ceres::GradientProblem problem(new NegativeLogPosterior(log_likelihood, mean, sd));
  std::vector<std::optional<std::pair<Eigen::VectorXd, double>>> ends(options.starts);
  base::ParallelFor(ends.size(), [&](size_t k) {
    const Eigen::VectorXd start =
        k == 0 ? Eigen::VectorXd::Zero(mean.size())
               : Eigen::VectorXd(
                     options.reach *
                     (2.0 * points.row(static_cast<Eigen::Index>(k)).transpose().array() - 1.0));
    ends[k] = Descend(problem, start, options);
  });
  MapEstimate estimate;
  const std::pair<Eigen::VectorXd, double>* best = nullptr;
  for (const auto& end : ends) {
    if (!end) ++estimate.failed;
    // Ends that differ by rounding only are one: the first stays.
    if (end &&
        (best == nullptr || end->second < best->second - 1e-9 * (1.0 + std::abs(best->second)))) {
      best = &*end;
    }
  }
  if (best == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("none of %d starts has a likelihood", options.starts));
  }
  estimate.x = mean + sd.cwiseProduct(best->first);
  estimate.log_likelihood = 0.5 * best->first.squaredNorm() - best->second;
  return estimate;
}

absl::StatusOr<WeightedDraws> DrawPosterior(const LogLikelihood& log_likelihood,
                                            const Eigen::VectorXd& mean, const Eigen::VectorXd& sd,
                                            const Eigen::VectorXd& mode, int count, uint64_t seed,
                                            uint64_t stream) {
  if (count == 1) return WeightedDraws{.x = mode, .weights = Eigen::VectorXd::Ones(1)};
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd points,
                            base::SobolPoints(static_cast<int>(mean.size()), count, seed, stream));
  const NegativeLogPosterior posterior(log_likelihood, mean, sd);
  const Eigen::VectorXd centre = (mode - mean).cwiseQuotient(sd);
  const Eigen::MatrixXd spread = LocalSpread(posterior, centre);
  const Eigen::MatrixXd z = points.transpose().unaryExpr(&NormalQuantile);
  const Eigen::MatrixXd u = (spread * z).colwise() + centre;
  Eigen::VectorXd logs(count);
  base::ParallelFor(static_cast<size_t>(count), [&](size_t k) {
    const auto i = static_cast<Eigen::Index>(k);
    double cost = 0.0;
    const bool known = posterior.Evaluate(u.col(i).data(), &cost, nullptr);
    logs(i) =
        known ? 0.5 * z.col(i).squaredNorm() - cost : -std::numeric_limits<double>::infinity();
  });
  if (logs.maxCoeff() == -std::numeric_limits<double>::infinity()) {
    return WeightedDraws{.x = mode, .weights = Eigen::VectorXd::Ones(1)};
  }
  return WeightedDraws{.x = (sd.asDiagonal() * u).colwise() + mean,
                       .weights = TruncatedWeights(logs)};
}

}  // namespace parallax::surrogate
