#include "core/calibration/evidence.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/normal.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/calibration/laplace.h"

namespace parallax::calibration {
namespace {

Eigen::VectorXd Pick(const Eigen::VectorXd& all, const std::vector<int>& chosen) {
  Eigen::VectorXd some(static_cast<Eigen::Index>(chosen.size()));
  for (size_t k = 0; k < chosen.size(); ++k) some(static_cast<Eigen::Index>(k)) = all(chosen[k]);
  return some;
}

Eigen::VectorXd Fill(const Eigen::VectorXd& assumed, const std::vector<int>& chosen,
                     const Eigen::VectorXd& some) {
  Eigen::VectorXd all = assumed;
  for (size_t k = 0; k < chosen.size(); ++k) all(chosen[k]) = some(static_cast<Eigen::Index>(k));
  return all;
}

/// Data rows of the free parameters, then one prior row each.
bool EvaluateReduced(const EvidenceProblem& problem, const std::vector<int>& free,
                     const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                     Eigen::MatrixXd* jacobian) {
  const auto k = static_cast<Eigen::Index>(free.size());
  Eigen::VectorXd data;
  Eigen::MatrixXd full;
  if (!problem.data.evaluate(Fill(problem.assumed, free, x), &data,
                             jacobian != nullptr ? &full : nullptr)) {
    return false;
  }
  residuals->resize(data.size() + k);
  residuals->head(data.size()) = data;
  const Eigen::VectorXd prior_sd = Pick(problem.prior_sd, free);
  residuals->tail(k) = (x - Pick(problem.assumed, free)).cwiseQuotient(prior_sd);
  if (jacobian == nullptr) return true;
  jacobian->setZero(data.size() + k, k);
  for (Eigen::Index j = 0; j < k; ++j) {
    jacobian->col(j).head(data.size()) = full.col(free[j]);
    (*jacobian)(data.size() + j, j) = 1.0 / prior_sd(j);
  }
  return true;
}

LeastSquaresProblem Reduce(const EvidenceProblem& problem, const std::vector<int>& free,
                           Eigen::Index data_rows) {
  LeastSquaresProblem reduced;
  reduced.parameters = static_cast<int>(free.size());
  reduced.evaluate = [&problem, free](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                                      Eigen::MatrixXd* jacobian) {
    return EvaluateReduced(problem, free, x, residuals, jacobian);
  };
  if (problem.data.lower.size() > 0) reduced.lower = Pick(problem.data.lower, free);
  if (problem.data.upper.size() > 0) reduced.upper = Pick(problem.data.upper, free);
  reduced.robust_scale = Eigen::VectorXd::Constant(data_rows + reduced.parameters,
                                                   std::numeric_limits<double>::infinity());
  reduced.robust_scale.head(data_rows) = problem.data.robust_scale.size() > 0
                                             ? problem.data.robust_scale
                                             : Eigen::VectorXd::Ones(data_rows);
  return reduced;
}

absl::Status CheckProblem(const EvidenceProblem& problem, const std::vector<int>& free) {
  const int p = problem.data.parameters;
  if (p < 1 || problem.assumed.size() != p || problem.prior_sd.size() != p) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d parameters, %d assumed values, %d prior sds: must be equal, at least 1",
                        p, problem.assumed.size(), problem.prior_sd.size()));
  }
  if (!problem.prior_sd.allFinite() || !(problem.prior_sd.minCoeff() > 0.0)) {
    return absl::InvalidArgumentError("prior sds must be finite and > 0");
  }
  int least = 0;
  for (const int i : free) {
    if (i < least || i >= p) {
      return absl::InvalidArgumentError(
          absl::StrFormat("free parameter %d, must be in [%d, %d]: ascending, of those there are",
                          i, least, p - 1));
    }
    least = i + 1;
  }
  return absl::OkStatus();
}

/// Σ ρ over data rows as they are at the assumed values, and how many there are.
absl::StatusOr<std::pair<double, Eigen::Index>> MisfitAsAssumed(const EvidenceProblem& problem,
                                                                const LeastSquaresOptions& solver) {
  Eigen::VectorXd rows;
  if (!problem.data.evaluate(problem.assumed, &rows, nullptr) || !rows.allFinite()) {
    return absl::InvalidArgumentError("the model cannot be evaluated at its assumed parameters");
  }
  double misfit = 0.0;
  for (Eigen::Index i = 0; i < rows.size(); ++i) {
    const double scale =
        problem.data.robust_scale.size() == rows.size() ? problem.data.robust_scale(i) : 1.0;
    const double row = ApplyLoss(solver.loss, rows(i), scale, solver.degrees_of_freedom).residual;
    misfit += row * row;
  }
  return std::make_pair(misfit, rows.size());
}

double LogLikelihood(const EvidenceProblem& problem, double misfit, Eigen::Index rows) {
  return -0.5 * (misfit + problem.log_determinant + static_cast<double>(rows) * base::kLogTwoPi);
}

absl::StatusOr<FitResult> BestFit(const LeastSquaresProblem& reduced, const Eigen::VectorXd& center,
                                  const Eigen::VectorXd& prior_sd, const EvidenceOptions& options,
                                  int* evaluations) {
  absl::StatusOr<FitResult> best = absl::InvalidArgumentError("start_offsets is empty");
  for (double offset : options.start_offsets) {
    absl::StatusOr<FitResult> fit =
        MinimizeLeastSquares(reduced, center + offset * prior_sd, options.solver);
    if (fit.ok()) *evaluations += fit->evaluations;
    if (!best.ok() || (fit.ok() && fit->cost < best->cost)) best = std::move(fit);
  }
  return best;
}

}  // namespace

double LaplaceLogEvidence(double log_likelihood, double log_prior, int free_parameters,
                          double log_det_hessian) {
  return log_likelihood + log_prior + 0.5 * free_parameters * base::kLogTwoPi -
         0.5 * log_det_hessian;
}

absl::StatusOr<SubsetEvidence> EvidenceOfSubset(const EvidenceProblem& problem,
                                                const std::vector<int>& free,
                                                const EvidenceOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckProblem(problem, free));
  PARALLAX_ASSIGN_OR_RETURN(const auto assumed, MisfitAsAssumed(problem, options.solver));
  const Eigen::Index rows = assumed.second;
  SubsetEvidence evidence;
  evidence.free = free;
  evidence.mode = problem.assumed;
  evidence.log_likelihood = LogLikelihood(problem, assumed.first, rows);
  evidence.log_evidence = evidence.log_likelihood;
  evidence.termination = Termination::kConverged;
  evidence.evaluations = 1;
  if (free.empty()) return evidence;
  const Eigen::VectorXd prior_sd = Pick(problem.prior_sd, free);
  const Eigen::VectorXd center = Pick(problem.assumed, free);
  PARALLAX_ASSIGN_OR_RETURN(const FitResult fit, BestFit(Reduce(problem, free, rows), center,
                                                         prior_sd, options, &evidence.evaluations));
  PARALLAX_ASSIGN_OR_RETURN(const Posterior posterior,
                            LaplacePosterior(fit.x, fit.jacobian, prior_sd));
  evidence.mode = Fill(problem.assumed, free, fit.x);
  evidence.log_likelihood = LogLikelihood(problem, fit.residuals.head(rows).squaredNorm(), rows);
  const Eigen::VectorXd shift = (fit.x - center).cwiseQuotient(prior_sd);
  const double log_prior = -0.5 * shift.squaredNorm() - prior_sd.array().log().sum() -
                           0.5 * static_cast<double>(free.size()) * base::kLogTwoPi;
  evidence.largest_shift = shift.cwiseAbs().maxCoeff();
  evidence.log_evidence = LaplaceLogEvidence(
      evidence.log_likelihood, log_prior, static_cast<int>(free.size()), posterior.log_det_hessian);
  evidence.termination = fit.termination;
  return evidence;
}

absl::StatusOr<std::vector<SubsetEvidence>> EvidenceOfSubsets(
    const EvidenceProblem& problem, const std::vector<std::vector<int>>& subsets,
    const EvidenceOptions& options) {
  std::vector<SubsetEvidence> results(subsets.size());
  std::vector<absl::Status> errors(subsets.size());
  base::ParallelFor(subsets.size(), [&](size_t k) {
    absl::StatusOr<SubsetEvidence> evidence = EvidenceOfSubset(problem, subsets[k], options);
    errors[k] = evidence.status();
    if (evidence.ok()) results[k] = *std::move(evidence);
  });
  for (const absl::Status& error : errors) PARALLAX_RETURN_IF_ERROR(error);
  return results;
}

}  // namespace parallax::calibration
