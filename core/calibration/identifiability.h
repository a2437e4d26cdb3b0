#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/laplace.h"

namespace parallax::calibration {

struct IdentifiabilityOptions {
  double gamma_limit = 7.0;  ///< collinearity index from which a subset is a cluster
  int max_subset = 4;        ///< subsets up to this size are examined
  /// A parameter whose contraction reaches this is determined whatever the others do: it takes no
  /// part in subsets. Collinearity alone misleads: with enough readings columns at a cosine of .98
  /// are told apart, and every strong parameter would be chained into one cluster.
  double determined_limit = 0.7;
  double contraction_limit = 0.1;   ///< below it a parameter is unidentifiable
  double sensitivity_limit = 0.05;  ///< columns of smaller scaled norm take no part in subsets
};

/// Parameters whose effects can stand in for each other.
struct Cluster {
  std::vector<int> parameters;  ///< ascending
  double gamma = 1.0;           ///< collinearity index of the whole cluster
};

/// A parameter that the data say next to nothing about, in words.
struct Unidentifiable {
  int parameter = 0;
  double contraction = 0.0;
  std::string because;  ///< "alpha2 has no effect on any reading of these runs"
};

struct Identifiability {
  Eigen::VectorXd singular_values;  ///< of the scaled Jacobian, descending
  Eigen::VectorXd sensitivity;      ///< column norms: readings' sds moved by one prior sd
  Eigen::MatrixXd pair_gamma;       ///< p × p, 1 on the diagonal, 0 where a column is too weak
  std::vector<Cluster> minimal;     ///< subsets at the limit of which no part is at the limit
  std::vector<Cluster> clusters;    ///< the minimal ones, merged where they share a parameter
  std::vector<int> cluster_of;      ///< p, index into `clusters` or −1
  std::vector<Unidentifiable> unidentifiable;
};

/// Collinearity index γ_K = 1/√λ_min(S̃ᵀ S̃) of the given columns, S̃ the columns of unit norm.
/// 1 for orthogonal columns, ∞ for dependent ones.
/// Source: Brun, Reichert & Künsch, Water Resources Research 37 (2001) 1015, eq. 12.
double CollinearityIndex(const Eigen::Ref<const Eigen::MatrixXd>& columns);

/// What the data can tell apart.
/// @param data_jacobian  rows × p, whitened by noise and discrepancy, without prior rows, at the
/// MAP.
/// @param prior_sd       p, finite, > 0: the natural range of each parameter.
/// @param posterior      of the same fit, prior rows included.
/// @param names          p, for the sentences.
/// Errors: InvalidArgument on shape mismatches.
absl::StatusOr<Identifiability> AnalyzeIdentifiability(
    const Eigen::Ref<const Eigen::MatrixXd>& data_jacobian, const Eigen::VectorXd& prior_sd,
    const Posterior& posterior, const std::vector<std::string>& names,
    const IdentifiabilityOptions& options = {});

}  // namespace parallax::calibration
