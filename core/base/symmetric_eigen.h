#pragma once

#include <Eigen/Dense>

namespace parallax::base {

/// Eigendecomposition m = vectors diag(values) vectorsᵀ of a symmetric matrix. Here and not at its
/// callers: Eigen's templates take a compiler ten seconds each time.
struct SymmetricEigen {
  Eigen::VectorXd values;   ///< n, ascending [unit of m]
  Eigen::MatrixXd vectors;  ///< n × n, orthonormal columns in the order of `values`
};

/// @param m  n × n, n ≥ 1; only its lower triangle is read. Not finite in, not finite out.
/// Any other shape is a broken invariant.
SymmetricEigen DecomposeSymmetric(const Eigen::Ref<const Eigen::MatrixXd>& m);

/// The eigenvalues alone, n, ascending; m as above.
Eigen::VectorXd SymmetricEigenvalues(const Eigen::Ref<const Eigen::MatrixXd>& m);

}  // namespace parallax::base
