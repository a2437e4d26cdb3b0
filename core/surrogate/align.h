#pragma once

#include <Eigen/Dense>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::surrogate {

/// Moves features of simulated runs so that they look like those of real ones: x → matrix x +
/// offset.
struct AlignmentMap {
  Eigen::MatrixXd matrix;  ///< d × d [feature/feature]
  Eigen::VectorXd offset;  ///< d [feature]

  /// n × d → n × d. REQUIRES: d columns.
  Eigen::MatrixXd Apply(const Eigen::Ref<const Eigen::MatrixXd>& features) const;
};

/// What an alignment is made from, a row a run. Real runs that are to judge it must not be in.
struct AlignmentInput {
  Eigen::MatrixXd simulated;   ///< n × d features
  Eigen::MatrixXd parameters;  ///< n × p, those that each was simulated with [prior sd]
  Eigen::MatrixXd real;        ///< m × d, m ≥ 3
  /// Each d × p, ∂features/∂parameters at some place the posterior allows [feature/prior sd].
  /// Empty: the coefficients of the linear regression of `simulated` on `parameters`.
  std::vector<Eigen::MatrixXd> sensitivities;
};

/// Which directions an alignment may change.
enum class AlignedDirections {
  kNuisance,  ///< those that parameters do not move
  kAll,       ///< plain CORAL, the standard to compare with: erases the gap that is to be explained
};

struct AlignmentOptions {
  AlignedDirections directions = AlignedDirections::kNuisance;
  double explained_share = 0.99;  ///< of the simulated variance that the latent space carries
  int most_components = 8;        ///< of the latent space
  /// Directions of sensitivity are protected while their singular value is at least this part of
  /// the largest, in (0, 1).
  double rank_tolerance = 1e-3;
  double most_information_drop = 0.05;  ///< refused above, in [0, 1)
};

/// Squared errors of predicting outcomes of held-out real runs, one a run, by a model trained on
/// these simulated features (n × d, rows as in AlignmentInput::simulated).
using HeldOutErrors = std::function<absl::StatusOr<Eigen::VectorXd>(const Eigen::MatrixXd&)>;

/// Runs on the two main axes of all of them together (features over their simulated sd): a map for
/// people.
struct LatentMap {
  Eigen::MatrixXd simulated;  ///< n × 2, before
  Eigen::MatrixXd aligned;    ///< n × 2, after
  Eigen::MatrixXd real;       ///< m × 2
  Eigen::Vector2d explained;  ///< share of the variance on each axis
};

struct AlignmentResult {
  AlignmentMap map;
  bool refused = false;
  std::vector<std::string> because;  ///< of the refusal, for people
  int components = 0;                ///< k, of the latent space
  int protected_directions = 0;      ///< r, moved by parameters
  /// What a shift of the real runs away from the simulated ones says of the parameters, nats:
  /// Σ over sensitivities of ½ log det(I + Jᵀ J), J (k × p) in latent coordinates in which all that
  /// moves a simulated run but the parameters has unit covariance, divided by their number. After:
  /// of (I − P) J, P the projector on the directions aligned, since an alignment fitted to the real
  /// runs takes any shift along them for its own.
  double information_before = 0.0;
  double information_after = 0.0;
  double information_drop = 0.0;     ///< 1 − after/before, in [0, 1]
  double shrinkage_simulated = 0.0;  ///< of the covariances, in [0, 1]
  double shrinkage_real = 0.0;
  Eigen::VectorXd errors_before;  ///< as HeldOutErrors gave them, empty without
  Eigen::VectorXd errors_after;
  LatentMap latent;
};

/// Correlation alignment (CORAL) with shrunk covariances, on nuisance directions only.
/// 1. Latent space: principal components of the standardised simulated features, whitened by the
///    shrunk covariance of what the parameters do not explain linearly.
/// 2. The span of all sensitivities there (singular value decomposition, rank tolerance) is
///    projected out.
/// 3. On the complement u: u → m_r + C_r^½ C_s^{−½} (u − m_s), with means and Ledoit–Wolf
///    covariances of real and simulated runs. What the latent space does not carry stays as it is.
/// Refused, as data, where information_drop exceeds its limit, where no direction is left to align,
/// or where the mean of `held_out`'s errors grows.
/// @param held_out  may be null: then only the information is looked at.
/// Errors: InvalidArgument on shapes, values that are not finite, options; FailedPrecondition on
/// fewer than 3 real runs, fewer than p + 3 simulated ones, a feature never varied in simulation
/// (its number); those of held_out.
/// Source: Sun, Feng & Saenko, AAAI (2016) 2058; Ledoit & Wolf, J. Multivariate Analysis 88 (2004)
/// 365.
absl::StatusOr<AlignmentResult> Align(const AlignmentInput& input,
                                      const AlignmentOptions& options = {},
                                      const HeldOutErrors& held_out = nullptr);

}  // namespace parallax::surrogate
