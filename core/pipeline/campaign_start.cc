#include "core/pipeline/campaign_start.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/calibration/ensemble_kalman.h"

namespace parallax::pipeline {
namespace {

/// A start need not be a minimum: a small ensemble and few updates are enough.
constexpr int kMembers = 32;
constexpr int kUpdates = 8;
constexpr uint64_t kEnsembleStream = 0x656b6900;  // "eki"

Eigen::VectorXd InBox(const calibration::LeastSquaresProblem& problem, const Eigen::VectorXd& x) {
  return x.cwiseMax(problem.lower).cwiseMin(problem.upper);
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> EnsembleStart(const calibration::LeastSquaresProblem& problem) {
  const Eigen::Index d = problem.parameters;
  calibration::EnsembleKalmanProblem ensemble;
  ensemble.evaluate = [&](const Eigen::VectorXd& x, base::Random& /*random*/,
                          Eigen::VectorXd* residuals) {
    if (!problem.evaluate(InBox(problem, x), residuals, nullptr)) return false;
    residuals->conservativeResize(residuals->size() - d);  // members are drawn from the prior
    return true;
  };
  ensemble.prior_mean = Eigen::VectorXd::Zero(d);
  ensemble.prior_sd = Eigen::VectorXd::Ones(d);
  PARALLAX_ASSIGN_OR_RETURN(const calibration::EnsembleKalmanEstimate estimate,
                            calibration::InvertByEnsembleKalman(
                                ensemble, {.members = std::max(kMembers, problem.parameters + 2),
                                           .max_iterations = kUpdates,
                                           .stream = kEnsembleStream}));
  std::vector<Eigen::VectorXd> candidates;
  if (estimate.mean.size() == d) candidates.push_back(estimate.mean);
  for (const auto& member : estimate.members.colwise()) candidates.emplace_back(member);
  Eigen::VectorXd best;
  double lowest = std::numeric_limits<double>::infinity();
  for (const Eigen::VectorXd& candidate : candidates) {
    const Eigen::VectorXd x = InBox(problem, candidate);
    Eigen::VectorXd rows;
    if (!problem.evaluate(x, &rows, nullptr) || !(0.5 * rows.squaredNorm() < lowest)) continue;
    lowest = 0.5 * rows.squaredNorm();
    best = x;
  }
  if (best.size() > 0) return best;
  return absl::FailedPreconditionError(
      absl::StrFormat("the twin fails at %d of %d points drawn from the prior of %d parameters",
                      estimate.failures, estimate.evaluations, problem.parameters));
}

}  // namespace parallax::pipeline
