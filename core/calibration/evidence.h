#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/least_squares.h"

namespace parallax::calibration {

/// A Bayesian model of which every subset of parameters can be set free.
struct EvidenceProblem {
  /// Data rows only, whitened; `parameters` are all. Bounds hold for what is free.
  LeastSquaresProblem data;
  double log_determinant = 0.0;  ///< of the covariance that whitened the rows
  Eigen::VectorXd assumed;       ///< value of a parameter that is not free; centre of its prior
  Eigen::VectorXd prior_sd;      ///< > 0, finite, same coordinates
};

struct EvidenceOptions {
  LeastSquaresOptions solver = {};
  /// Starts of the free parameters, in prior sds from the assumed value; the best end counts.
  std::vector<double> start_offsets = {0.0};
};

/// One refitted model.
struct SubsetEvidence {
  std::vector<int> free;  ///< parameters, ascending
  double log_evidence = 0.0;
  double log_likelihood = 0.0;  ///< at the mode
  Eigen::VectorXd mode;         ///< all parameters
  double largest_shift = 0.0;   ///< max |mode − assumed|/prior sd over the free
  Termination termination = Termination::kFailed;
  int evaluations = 0;
};

/// Laplace's approximation log Z = log p(y|θ̂) + log p(θ̂) + |S|/2·log 2π − ½ log |H|.
double LaplaceLogEvidence(double log_likelihood, double log_prior, int free_parameters,
                          double log_det_hessian);

/// Refits the model in which some parameters are free and the rest at their assumed value, and
/// approximates its evidence by Laplace with the Gauss–Newton Hessian JᵀJ + prior precision. Robust
/// losses count with their transformed rows.
/// @param free  parameters, ascending; may be none.
/// Errors: InvalidArgument on shapes, a parameter that there is not or one twice, or a start not
/// evaluable.
absl::StatusOr<SubsetEvidence> EvidenceOfSubset(const EvidenceProblem& problem,
                                                const std::vector<int>& free,
                                                const EvidenceOptions& options = {});

/// EvidenceOfSubset of many, in parallel, in the order given. `problem.data.evaluate` must be
/// thread-safe. Errors: the first error in that order.
absl::StatusOr<std::vector<SubsetEvidence>> EvidenceOfSubsets(
    const EvidenceProblem& problem, const std::vector<std::vector<int>>& subsets,
    const EvidenceOptions& options = {});

}  // namespace parallax::calibration
