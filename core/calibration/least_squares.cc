#include "core/calibration/least_squares.h"

#include <ceres/ceres.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::calibration {
namespace {

/// Evaluates a problem with its loss and counts the calls.
class RobustEvaluator {
 public:
  RobustEvaluator(const LeastSquaresProblem& problem, const LeastSquaresOptions& options)
      : problem_(problem), options_(options) {}

  bool Evaluate(const Eigen::VectorXd& x, Eigen::VectorXd* raw, Eigen::VectorXd* robust,
                Eigen::MatrixXd* jacobian) const {
    ++evaluations_;
    if (!problem_.evaluate(x, raw, jacobian) || !raw->allFinite()) return false;
    if (jacobian != nullptr && !jacobian->allFinite()) return false;
    *robust = *raw;
    if (options_.loss == RobustLoss::kNone) return true;
    for (Eigen::Index i = 0; i < raw->size(); ++i) {
      const double scale = problem_.robust_scale.size() > 0 ? problem_.robust_scale(i) : 1.0;
      const RobustRow row = ApplyLoss(options_.loss, (*raw)(i), scale, options_.degrees_of_freedom);
      (*robust)(i) = row.residual;
      if (jacobian != nullptr) jacobian->row(i) *= row.derivative;
    }
    return true;
  }

  int evaluations() const { return evaluations_; }

 private:
  const LeastSquaresProblem& problem_;
  const LeastSquaresOptions& options_;
  mutable int evaluations_ = 0;
};

/// The whole problem as one Ceres residual block: rows come from one simulation, not one by one.
class BlockCost final : public ceres::CostFunction {
 public:
  BlockCost(const RobustEvaluator* evaluator, int rows, int parameters) : evaluator_(evaluator) {
    set_num_residuals(rows);
    mutable_parameter_block_sizes()->push_back(parameters);
  }

  bool Evaluate(double const* const* parameters, double* residuals,
                double** jacobians) const override {
    const int p = parameter_block_sizes()[0];
    const Eigen::VectorXd x = Eigen::Map<const Eigen::VectorXd>(parameters[0], p);
    const bool wants_jacobian = jacobians != nullptr && jacobians[0] != nullptr;
    Eigen::VectorXd raw, robust;
    Eigen::MatrixXd jacobian;
    if (!evaluator_->Evaluate(x, &raw, &robust, wants_jacobian ? &jacobian : nullptr)) return false;
    if (raw.size() != num_residuals()) return false;
    Eigen::Map<Eigen::VectorXd>(residuals, num_residuals()) = robust;
    if (wants_jacobian) {
      if (jacobian.rows() != num_residuals() || jacobian.cols() != p) return false;
      Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          jacobians[0], num_residuals(), p) = jacobian;
    }
    return true;
  }

 private:
  const RobustEvaluator* evaluator_;
};

/// Stops when the evaluations are spent.
class EvaluationBudget final : public ceres::IterationCallback {
 public:
  EvaluationBudget(const RobustEvaluator* evaluator, int budget)
      : evaluator_(evaluator), budget_(budget) {}
  ceres::CallbackReturnType operator()(const ceres::IterationSummary&) override {
    return evaluator_->evaluations() < budget_ ? ceres::SOLVER_CONTINUE
                                               : ceres::SOLVER_TERMINATE_SUCCESSFULLY;
  }

 private:
  const RobustEvaluator* evaluator_;
  int budget_;
};

absl::Status CheckOptions(const LeastSquaresOptions& options) {
  if (options.max_iterations < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("max_iterations = %d, must be >= 1", options.max_iterations));
  }
  if (options.max_evaluations < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("max_evaluations = %d, must be >= 1", options.max_evaluations));
  }
  if (!(options.initial_radius > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("initial_radius = %g, must be > 0", options.initial_radius));
  }
  if (!(options.degrees_of_freedom > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("degrees_of_freedom = %g, must be > 0", options.degrees_of_freedom));
  }
  return absl::OkStatus();
}

absl::Status CheckProblem(const LeastSquaresProblem& problem, const Eigen::VectorXd& start) {
  const int p = problem.parameters;
  if (p < 1) return absl::InvalidArgumentError(absl::StrFormat("parameters = %d, must be > 0", p));
  if (!problem.evaluate) return absl::InvalidArgumentError("the problem has no evaluate function");
  if (start.size() != p || !start.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("start has %d entries, must be %d finite ones", start.size(), p));
  }
  for (const Eigen::VectorXd* bound : {&problem.lower, &problem.upper}) {
    if (bound->size() != 0 && bound->size() != p) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a bound has %d entries, must be 0 or %d", bound->size(), p));
    }
  }
  for (int i = 0; i < p && problem.lower.size() == p && problem.upper.size() == p; ++i) {
    if (!(problem.lower(i) < problem.upper(i))) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "parameter %d: lower = %g, must be < upper = %g", i, problem.lower(i), problem.upper(i)));
    }
  }
  return absl::OkStatus();
}

Eigen::VectorXd MoveIntoBox(const LeastSquaresProblem& problem, Eigen::VectorXd x) {
  if (problem.lower.size() > 0) x = x.cwiseMax(problem.lower);
  if (problem.upper.size() > 0) x = x.cwiseMin(problem.upper);
  return x;
}

ceres::Solver::Options SolverOptions(const LeastSquaresOptions& options,
                                     ceres::IterationCallback* budget) {
  ceres::Solver::Options solver;
  solver.linear_solver_type = ceres::DENSE_QR;
  solver.dense_linear_algebra_library_type = ceres::EIGEN;
  solver.num_threads = 1;  // with two, the cost differs in the last bits
  solver.logging_type = ceres::SILENT;
  solver.max_num_iterations = options.max_iterations;
  solver.initial_trust_region_radius = options.initial_radius;
  solver.function_tolerance = options.function_tolerance;
  solver.gradient_tolerance = options.gradient_tolerance;
  solver.parameter_tolerance = options.parameter_tolerance;
  solver.max_solver_time_in_seconds = 1e9;  // the clock never decides
  solver.callbacks.push_back(budget);
  return solver;
}

/// Minimises over all parameters but the held ones, from fit->x.
void Solve(const LeastSquaresProblem& problem, const RobustEvaluator& evaluator,
           const LeastSquaresOptions& options, int rows, const std::vector<int>& held,
           FitResult* fit) {
  ceres::Problem ceres_problem;
  double* const x = fit->x.data();
  ceres_problem.AddResidualBlock(new BlockCost(&evaluator, rows, problem.parameters), nullptr, x);
  if (!held.empty()) {
    ceres_problem.SetManifold(x, new ceres::SubsetManifold(problem.parameters, held));
  }
  for (int i = 0; i < problem.parameters; ++i) {
    if (problem.lower.size() > 0 && std::isfinite(problem.lower(i))) {
      ceres_problem.SetParameterLowerBound(x, i, problem.lower(i));
    }
    if (problem.upper.size() > 0 && std::isfinite(problem.upper(i))) {
      ceres_problem.SetParameterUpperBound(x, i, problem.upper(i));
    }
  }
  EvaluationBudget budget(&evaluator, options.max_evaluations);
  ceres::Solver::Summary summary;
  ceres::Solve(SolverOptions(options, &budget), &ceres_problem, &summary);
  fit->iterations += static_cast<int>(summary.iterations.size());
  switch (summary.termination_type) {
    case ceres::CONVERGENCE:
      fit->termination = Termination::kConverged;
      break;
    case ceres::NO_CONVERGENCE:
      fit->termination = Termination::kIterationLimit;
      break;
    case ceres::USER_SUCCESS:
      fit->termination = Termination::kEvaluationLimit;
      break;
    default:
      fit->termination = Termination::kFailed;
  }
}

/// Parameters at a bound that the gradient presses against it.
std::vector<int> Pressed(const LeastSquaresProblem& problem, const FitResult& fit) {
  const Eigen::VectorXd gradient = fit.jacobian.transpose() * fit.residuals;
  std::vector<int> pressed;
  for (int i = 0; i < problem.parameters; ++i) {
    const bool low = problem.lower.size() > 0 && fit.x(i) <= problem.lower(i) && gradient(i) > 0.0;
    const bool high = problem.upper.size() > 0 && fit.x(i) >= problem.upper(i) && gradient(i) < 0.0;
    if (low || high) pressed.push_back(i);
  }
  return pressed;
}

/// Ceres projects its step onto the box, which stalls once a bound is met that the full step would
/// cross: minimise again with such parameters held, until the same ones are pressed.
bool SolveInBox(const LeastSquaresProblem& problem, const RobustEvaluator& evaluator,
                const LeastSquaresOptions& options, int rows, FitResult* fit) {
  std::vector<int> held;
  for (int round = 0; round <= problem.parameters + 1; ++round) {
    Solve(problem, evaluator, options, rows, held, fit);
    if (!evaluator.Evaluate(fit->x, &fit->raw_residuals, &fit->residuals, &fit->jacobian)) {
      return false;
    }
    std::vector<int> pressed = Pressed(problem, *fit);
    if (pressed == held || static_cast<int>(pressed.size()) == problem.parameters) break;
    held = std::move(pressed);
  }
  return true;
}

}  // namespace

std::string ToString(Termination termination) {
  switch (termination) {
    case Termination::kConverged:
      return "converged";
    case Termination::kIterationLimit:
      return "iteration limit";
    case Termination::kEvaluationLimit:
      return "evaluation limit";
    case Termination::kFailed:
      return "failed";
  }
  return "failed";
}

RobustRow ApplyLoss(RobustLoss loss, double residual, double scale, double degrees_of_freedom) {
  if (loss == RobustLoss::kNone || std::isinf(scale)) return {residual, 1.0};
  const double z = residual / scale;
  const double size = std::abs(z);
  // √ρ/c and its derivative in |z|.
  double root = size, slope = 1.0;
  if (loss == RobustLoss::kHuber && size > 1.0) {
    root = std::sqrt(2.0 * size - 1.0);
    slope = 1.0 / root;
  } else if (loss == RobustLoss::kCauchy && size > 0.0) {
    root = std::sqrt(std::log1p(size * size));
    slope = size / ((1.0 + size * size) * root);
  } else if (loss == RobustLoss::kStudentT) {
    const double nu = degrees_of_freedom;
    const double unit = std::sqrt((nu + 1.0) / nu) / scale;  // limit of root/(c·|z|) at zero
    if (size < 1e-150) return {unit * residual, unit};
    root = std::sqrt((nu + 1.0) * std::log1p(size * size / nu));
    slope = (nu + 1.0) * size / ((nu + size * size) * root);
    return {std::copysign(root, residual), slope / scale};
  }
  if (size < 1e-150) return {residual, 1.0};
  return {std::copysign(scale * root, residual), slope};
}

absl::StatusOr<FitResult> MinimizeLeastSquares(const LeastSquaresProblem& problem,
                                               const Eigen::VectorXd& start,
                                               const LeastSquaresOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckOptions(options));
  PARALLAX_RETURN_IF_ERROR(CheckProblem(problem, start));
  FitResult fit;
  fit.x = MoveIntoBox(problem, start);
  Eigen::VectorXd first;
  if (!problem.evaluate(fit.x, &first, nullptr) || first.size() == 0 || !first.allFinite()) {
    return absl::InvalidArgumentError("the problem cannot be evaluated at its start");
  }
  if (problem.robust_scale.size() != 0 &&
      (problem.robust_scale.size() != first.size() || !(problem.robust_scale.minCoeff() > 0.0))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("robust_scale has %d entries, must be 0 or %d positive ones",
                        problem.robust_scale.size(), first.size()));
  }
  const RobustEvaluator evaluator(problem, options);
  if (!SolveInBox(problem, evaluator, options, static_cast<int>(first.size()), &fit)) {
    return absl::InvalidArgumentError("the problem has no derivatives at its start");
  }
  fit.cost = 0.5 * fit.residuals.squaredNorm();
  fit.evaluations = evaluator.evaluations() + 1;
  return fit;
}

}  // namespace parallax::calibration
