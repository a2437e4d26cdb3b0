#include "core/calibration/hierarchical.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/calibration/laplace.h"

namespace parallax::calibration {
namespace {

constexpr double kNegligibleNats = 14.0;  // e^−14 of the peak's density is left out
constexpr int kMaxPasses = 30;
constexpr double kTypeTwoReach = 10.0;
constexpr double kTypeTwoTolerance = 1e-6;  // of the scale

/// Coordinates of the fit: shared parameters, μ, one deviation z a run.
struct Layout {
  Eigen::Index shared, runs;
  Eigen::Index mean() const { return shared; }
  Eigen::Index deviation(Eigen::Index run) const { return shared + 1 + run; }
  Eigen::Index size() const { return shared + 1 + runs; }
};

Layout LayoutOf(const HierarchicalProblem& problem) {
  return {problem.shared_prior_mean.size(), static_cast<Eigen::Index>(problem.runs.size())};
}

/// Appends rows to a system that grows run by run.
void Append(const Eigen::VectorXd& rows, const Eigen::MatrixXd* jacobian, Eigen::VectorXd* all_rows,
            Eigen::MatrixXd* all_jacobian) {
  const Eigen::Index before = all_rows->size();
  all_rows->conservativeResize(before + rows.size());
  all_rows->tail(rows.size()) = rows;
  if (jacobian == nullptr) return;
  all_jacobian->conservativeResize(before + rows.size(), jacobian->cols());
  all_jacobian->bottomRows(rows.size()) = *jacobian;
}

/// All rows at spread τ: data run by run, then prior rows.
class SpreadSystem {
 public:
  SpreadSystem(const HierarchicalProblem& problem, double spread)
      : problem_(problem), layout_(LayoutOf(problem)), spread_(spread) {}

  bool operator()(const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                  Eigen::MatrixXd* jacobian) const {
    residuals->resize(0);
    if (jacobian != nullptr) jacobian->resize(0, layout_.size());
    for (Eigen::Index run = 0; run < layout_.runs; ++run) {
      if (!AppendRun(run, x, residuals, jacobian)) return false;
    }
    AppendPriors(x, residuals, jacobian);
    return true;
  }

 private:
  bool AppendRun(Eigen::Index run, const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                 Eigen::MatrixXd* jacobian) const {
    const double quantity = x(layout_.mean()) + spread_ * x(layout_.deviation(run));
    Eigen::VectorXd rows;
    Eigen::MatrixXd local;
    if (!problem_.runs[static_cast<size_t>(run)](x.head(layout_.shared), quantity, &rows,
                                                 jacobian != nullptr ? &local : nullptr)) {
      return false;
    }
    if (jacobian == nullptr) {
      Append(rows, nullptr, residuals, nullptr);
      return true;
    }
    if (local.rows() != rows.size() || local.cols() != layout_.shared + 1) return false;
    Eigen::MatrixXd wide = Eigen::MatrixXd::Zero(rows.size(), layout_.size());
    wide.leftCols(layout_.shared + 1) = local;
    wide.col(layout_.deviation(run)) = spread_ * local.rightCols(1);
    Append(rows, &wide, residuals, jacobian);
    return true;
  }

  void AppendPriors(const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                    Eigen::MatrixXd* jacobian) const {
    Eigen::VectorXd centre = Eigen::VectorXd::Zero(layout_.size());
    Eigen::VectorXd inverse_sd = Eigen::VectorXd::Ones(layout_.size());
    centre.head(layout_.shared) = problem_.shared_prior_mean;
    inverse_sd.head(layout_.shared) = problem_.shared_prior_sd.cwiseInverse();
    centre(layout_.mean()) = problem_.mean_prior_mean;
    inverse_sd(layout_.mean()) = 1.0 / problem_.mean_prior_sd;  // 0 where flat: a row of zeros
    const Eigen::MatrixXd diagonal = inverse_sd.asDiagonal();
    Append(inverse_sd.cwiseProduct(x - centre), jacobian != nullptr ? &diagonal : nullptr,
           residuals, jacobian);
  }

  const HierarchicalProblem& problem_;
  Layout layout_;
  double spread_;
};

/// The fit at one spread: moments of (μ, q_r, shared) and log marginal likelihood of τ.
struct Conditional {
  double log_marginal = 0.0;
  double rig_mean = 0.0, rig_variance = 0.0;
  Eigen::VectorXd run_mean, run_variance, shared_mean, shared_variance;
  int evaluations = 0;
};

absl::StatusOr<Conditional> FitAt(const HierarchicalProblem& problem, double spread,
                                  const LeastSquaresOptions& solver) {
  const Layout layout = LayoutOf(problem);
  LeastSquaresProblem system;
  system.parameters = static_cast<int>(layout.size());
  system.evaluate = SpreadSystem(problem, spread);
  Eigen::VectorXd start = Eigen::VectorXd::Zero(layout.size());
  start.head(layout.shared) = problem.shared_prior_mean;
  start(layout.mean()) = problem.mean_prior_mean;
  PARALLAX_ASSIGN_OR_RETURN(const FitResult fit, MinimizeLeastSquares(system, start, solver));
  PARALLAX_ASSIGN_OR_RETURN(
      const Posterior posterior,
      LaplacePosterior(fit.x, fit.jacobian, Eigen::VectorXd::Ones(layout.size())));
  Conditional result;
  result.evaluations = fit.evaluations;
  result.log_marginal = -fit.cost - 0.5 * posterior.log_det_hessian;
  const Eigen::MatrixXd& covariance = posterior.covariance;
  const Eigen::Index mean = layout.mean();
  result.rig_mean = fit.x(mean);
  result.rig_variance = covariance(mean, mean);
  const Eigen::VectorXd z = fit.x.tail(layout.runs);
  result.run_mean = (result.rig_mean + spread * z.array()).matrix();
  result.run_variance =
      (result.rig_variance + 2.0 * spread * covariance.col(mean).tail(layout.runs).array() +
       spread * spread * covariance.diagonal().tail(layout.runs).array())
          .matrix();
  result.shared_mean = fit.x.head(layout.shared);
  result.shared_variance = covariance.diagonal().head(layout.shared);
  return result;
}

/// Fits and unnormalised log density of τ on an even grid over [low, high].
struct Pass {
  Eigen::VectorXd spread;
  Eigen::VectorXd log_density;
  std::vector<Conditional> fits;
};

absl::StatusOr<Pass> RunPass(const HierarchicalProblem& problem, const HierarchicalOptions& options,
                             double low, double high) {
  Pass pass;
  pass.spread = Eigen::VectorXd::LinSpaced(options.grid, low, high);
  pass.log_density.resize(options.grid);
  pass.fits.resize(static_cast<size_t>(options.grid));
  std::vector<absl::Status> errors(pass.fits.size());
  base::ParallelFor(pass.fits.size(), [&](size_t k) {
    const double spread = pass.spread(static_cast<Eigen::Index>(k));
    absl::StatusOr<Conditional> fit = FitAt(problem, spread, options.solver);
    errors[k] = fit.status();
    if (!fit.ok()) return;
    const double z = options.prior == SpreadPrior::kHalfNormal ? spread / options.scale : 0.0;
    pass.log_density(static_cast<Eigen::Index>(k)) = fit->log_marginal - 0.5 * z * z;
    pass.fits[k] = *std::move(fit);
  });
  for (const absl::Status& error : errors) PARALLAX_RETURN_IF_ERROR(error);
  return pass;
}

/// First and last grid point within `nats` of the peak, one more on either side.
std::pair<Eigen::Index, Eigen::Index> Support(const Pass& pass, double nats) {
  const double peak = pass.log_density.maxCoeff();
  Eigen::Index first = 0, last = pass.spread.size() - 1;
  while (pass.log_density(first) < peak - nats) ++first;
  while (pass.log_density(last) < peak - nats) --last;
  return {std::max<Eigen::Index>(first - 1, 0),
          std::min<Eigen::Index>(last + 1, pass.spread.size() - 1)};
}

/// Narrows the grid until the density fills a good part of it, or to its peak for kTypeTwo.
absl::StatusOr<Pass> Narrow(const HierarchicalProblem& problem, const HierarchicalOptions& options,
                            int* evaluations) {
  const bool integrate = options.prior == SpreadPrior::kHalfNormal;
  double low = 0.0;
  double high = options.scale * (integrate ? std::sqrt(2.0 * kNegligibleNats) : kTypeTwoReach);
  Pass pass;
  for (int k = 0; k < kMaxPasses; ++k) {
    PARALLAX_ASSIGN_OR_RETURN(pass, RunPass(problem, options, low, high));
    for (const Conditional& fit : pass.fits) *evaluations += fit.evaluations;
    const auto [first, last] = Support(pass, integrate ? kNegligibleNats : 0.0);
    const double width = pass.spread(last) - pass.spread(first);
    const bool fine =
        integrate ? width > 0.5 * (high - low) : high - low < kTypeTwoTolerance * options.scale;
    if (fine) break;
    low = pass.spread(first);
    high = pass.spread(last);
  }
  return pass;
}

/// Density of τ relative to its peak.
Eigen::VectorXd Density(const Pass& pass) {
  return (pass.log_density.array() - pass.log_density.maxCoeff()).exp().matrix();
}

/// Weights of Simpson's rule; all on the peak for kTypeTwo.
Eigen::VectorXd Weights(const Pass& pass, SpreadPrior prior) {
  Eigen::VectorXd weight = Density(pass);
  Eigen::Index peak = 0;
  weight.maxCoeff(&peak);
  const Eigen::Index last = weight.size() - 1;
  if (prior == SpreadPrior::kTypeTwo) return Eigen::VectorXd::Unit(last + 1, peak);
  for (Eigen::Index k = 1; k < last; ++k) weight(k) *= k % 2 == 1 ? 4.0 : 2.0;
  return weight / weight.sum();
}

/// Quantile of τ, its density taken as linear within a step of the grid.
double Quantile(const Pass& pass, double share) {
  const Eigen::VectorXd density = Density(pass);
  const Eigen::Index steps = density.size() - 1;
  const Eigen::VectorXd area = 0.5 * (density.head(steps) + density.tail(steps));
  double left = share * area.sum();
  for (Eigen::Index k = 0; k < steps; ++k) {
    if (left <= area(k)) {
      return pass.spread(k) + left / area(k) * (pass.spread(k + 1) - pass.spread(k));
    }
    left -= area(k);
  }
  return pass.spread(steps);
}

/// Shortest of 101 intervals that hold 90 % of the density, from the one without a lower tail to
/// the one without an upper one.
std::pair<double, double> ShortestInterval(const Pass& pass) {
  constexpr double kHeld = 0.9;
  constexpr int kSteps = 100;
  std::pair<double, double> shortest(pass.spread(0), Quantile(pass, kHeld));
  for (int k = 1; k <= kSteps; ++k) {
    const double below = (1.0 - kHeld) * k / kSteps;
    const double low = Quantile(pass, below), high = Quantile(pass, below + kHeld);
    if (high - low < shortest.second - shortest.first) shortest = {low, high};
  }
  return shortest;
}

/// Mixture of the conditional moments.
Hierarchy Mix(const Pass& pass, const HierarchicalOptions& options) {
  Hierarchy result;
  result.spread_grid = pass.spread;
  result.spread_weight = Weights(pass, options.prior);
  Eigen::Index peak = 0;
  pass.log_density.maxCoeff(&peak);
  result.spread_mode = pass.spread(peak);
  const bool point = options.prior == SpreadPrior::kTypeTwo;
  result.spread_mean = result.spread_weight.dot(pass.spread);
  result.spread_low = result.spread_high = result.spread_mode;
  if (!point) std::tie(result.spread_low, result.spread_high) = ShortestInterval(pass);

  const Conditional& shape = pass.fits.front();
  result.run_mean = Eigen::VectorXd::Zero(shape.run_mean.size());
  result.shared_mean = Eigen::VectorXd::Zero(shape.shared_mean.size());
  for (size_t k = 0; k < pass.fits.size(); ++k) {
    const double weight = result.spread_weight(static_cast<Eigen::Index>(k));
    result.rig_mean += weight * pass.fits[k].rig_mean;
    result.run_mean += weight * pass.fits[k].run_mean;
    result.shared_mean += weight * pass.fits[k].shared_mean;
  }
  double rig = 0.0, new_run = 0.0;
  Eigen::VectorXd run = 0.0 * result.run_mean, shared = 0.0 * result.shared_mean;
  for (size_t k = 0; k < pass.fits.size(); ++k) {
    const Conditional& fit = pass.fits[k];
    const double weight = result.spread_weight(static_cast<Eigen::Index>(k));
    const double spread = pass.spread(static_cast<Eigen::Index>(k));
    const double rig_k = fit.rig_variance + std::pow(fit.rig_mean - result.rig_mean, 2);
    rig += weight * rig_k;
    new_run += weight * (rig_k + spread * spread);
    run += weight * (fit.run_variance + (fit.run_mean - result.run_mean).cwiseAbs2());
    shared += weight * (fit.shared_variance + (fit.shared_mean - result.shared_mean).cwiseAbs2());
  }
  result.rig_sd = std::sqrt(rig);
  result.new_run_sd = std::sqrt(new_run);
  result.run_sd = run.cwiseSqrt();
  result.shared_sd = shared.cwiseSqrt();
  return result;
}

absl::Status Check(const HierarchicalProblem& problem, const HierarchicalOptions& options) {
  if (problem.runs.size() < 2) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "there are %d runs, must be >= 2 to have a spread", static_cast<int>(problem.runs.size())));
  }
  const Eigen::Index shared = problem.shared_prior_mean.size();
  if (problem.shared_prior_sd.size() != shared || !problem.shared_prior_mean.allFinite() ||
      (shared > 0 && !(problem.shared_prior_sd.minCoeff() > 0.0)) ||
      !std::isfinite(problem.mean_prior_mean) || !(problem.mean_prior_sd > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the priors have %d means and %d sds and mean_prior_sd = %g, must be as "
                        "many, finite, and sds > 0",
                        shared, problem.shared_prior_sd.size(), problem.mean_prior_sd));
  }
  if (!(options.scale > 0.0) || !std::isfinite(options.scale) || options.grid < 9 ||
      options.grid % 2 == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("scale = %g, grid = %d, must be finite and > 0, and odd and >= 9",
                        options.scale, options.grid));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Hierarchy> FitHierarchy(const HierarchicalProblem& problem,
                                       const HierarchicalOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(problem, options));
  int evaluations = 0;
  PARALLAX_ASSIGN_OR_RETURN(const Pass pass, Narrow(problem, options, &evaluations));
  Hierarchy result = Mix(pass, options);
  result.evaluations = evaluations;
  return result;
}

}  // namespace parallax::calibration
