#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace parallax::base {

/// Axes on which two sets of samples are compared: the latent space of a run.
struct PrincipalComponents {
  Eigen::VectorXd center;  ///< d
  Eigen::MatrixXd axes;    ///< d × k, orthonormal, signs fixed (largest entry positive)
  Eigen::VectorXd sd;      ///< k, along the axes, descending
  double explained = 0.0;  ///< share of variance that the k axes carry
};

/// Fits axes to reference samples (n × d, n ≥ 2), as many as carry `explained_share` of the
/// variance, at most `max_components`; axes with no variance are left out. Errors: InvalidArgument
/// on fewer than two samples or no variance at all.
absl::StatusOr<PrincipalComponents> FitPrincipalComponents(
    const Eigen::Ref<const Eigen::MatrixXd>& reference, double explained_share = 0.99,
    int max_components = 8);

/// Whitened scores, n × k: unit variance along every axis for the reference.
Eigen::MatrixXd WhitenedScores(const PrincipalComponents& components,
                               const Eigen::Ref<const Eigen::MatrixXd>& samples);

}  // namespace parallax::base
