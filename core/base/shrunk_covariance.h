#pragma once

#include <Eigen/Dense>

namespace parallax::base {

/// Covariance shrunk towards a multiple of the identity, always positive definite where the samples
/// differ: (1 − s)·S + s·(tr S/d)·I with the shrinkage s that minimises the expected squared error.
struct ShrunkCovariance {
  Eigen::MatrixXd covariance;
  double shrinkage = 0.0;  ///< in [0, 1]
};
/// @param samples  n × d, n ≥ 2.
/// Source: Ledoit & Wolf, J. Multivariate Analysis 88 (2004) 365, sec. 3.3.
ShrunkCovariance LedoitWolf(const Eigen::Ref<const Eigen::MatrixXd>& samples);

}  // namespace parallax::base
