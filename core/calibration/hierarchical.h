#pragma once

#include <Eigen/Dense>
#include <functional>
#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/least_squares.h"

namespace parallax::calibration {

/// A quantity q that changes from run to run, q_r = μ + τ z_r with z_r ~ N(0, 1), beside parameters
/// that all runs share. The rig-wide mean μ, the spread τ and each run's value are estimated
/// together: runs that say little borrow from the others, by as much as the runs are alike.
struct HierarchicalProblem {
  /// Whitened data rows of one run, given the shared parameters and the run's quantity. Where
  /// `jacobian` is not null, rows × (shared + 1), the quantity's column last. Returns false where
  /// it cannot be evaluated. Must be thread-safe.
  using RunRows = std::function<bool(const Eigen::VectorXd& shared, double quantity,
                                     Eigen::VectorXd* residuals, Eigen::MatrixXd* jacobian)>;
  std::vector<RunRows> runs;

  Eigen::VectorXd shared_prior_mean;  ///< start of the fit, too; may be empty
  Eigen::VectorXd shared_prior_sd;    ///< > 0; infinity: flat
  double mean_prior_mean = 0.0;       ///< of μ; start of the fit, too
  double mean_prior_sd = std::numeric_limits<double>::infinity();  ///< infinity: flat
};

enum class SpreadPrior {
  kHalfNormal,  ///< τ ~ |N(0, scale²)|, integrated over: its uncertainty is in every sd
  kTypeTwo,     ///< τ at its largest marginal likelihood: with few runs often 0, and sds too small
};

struct HierarchicalOptions {
  SpreadPrior prior = SpreadPrior::kHalfNormal;
  double scale = 1.0;  ///< of the half-normal, in units of q; kTypeTwo looks up to ten of it
  int grid = 49;       ///< spreads a pass, odd and ≥ 9
  LeastSquaresOptions solver = {};
};

struct Hierarchy {
  double spread_mode = 0.0;  ///< of p(τ | data); with kTypeTwo the value used
  double spread_mean = 0.0;
  /// Shortest interval that holds 90 % of p(τ | data): it begins at 0 where the runs need no
  /// spread.
  double spread_low = 0.0;
  double spread_high = 0.0;
  double rig_mean = 0.0;  ///< μ
  double rig_sd = 0.0;
  Eigen::VectorXd run_mean;  ///< q of each run
  Eigen::VectorXd run_sd;
  Eigen::VectorXd shared_mean;
  Eigen::VectorXd shared_sd;
  double new_run_sd = 0.0;  ///< of q in a run not seen yet, about rig_mean
  Eigen::VectorXd spread_grid;
  Eigen::VectorXd spread_weight;  ///< probability of each grid point; sums to 1
  int evaluations = 0;            ///< of all runs' rows
};

/// Fits the hierarchy: for each τ of a grid a Levenberg–Marquardt fit of (shared, μ, z) with
/// Laplace's marginal likelihood, p(τ | data) ∝ p(τ) exp(−cost) |H|^−½; means and variances are
/// mixtures over the grid, which is narrowed to where the density is. Exact for rows linear in
/// shared parameters and quantity. At τ = 0 the runs are pooled, without a special case.
/// Errors: InvalidArgument on shapes, options, fewer than two runs, or a start that cannot be
/// evaluated; FailedPrecondition where the data and priors leave a direction undetermined.
/// Source: Gelman et al., Bayesian Data Analysis (2013), ch. 5; Gelman, Bayesian Analysis 1 (2006)
/// 515 (half-normal); Rue, Martino & Chopin, JRSS B 71 (2009) 319 (nested Laplace).
absl::StatusOr<Hierarchy> FitHierarchy(const HierarchicalProblem& problem,
                                       const HierarchicalOptions& options = {});

}  // namespace parallax::calibration
