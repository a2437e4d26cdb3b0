#pragma once

#include <Eigen/Dense>

namespace parallax::base {

/// Thin singular value decomposition m = u diag(s) vᵀ, s descending. Both here and not at their
/// callers: Eigen's templates take a compiler twenty seconds each time.
struct Svd {
  Eigen::VectorXd s;  ///< min(rows, cols)
  Eigen::MatrixXd u;  ///< rows × s.size()
  Eigen::MatrixXd v;  ///< cols × s.size()
};
Svd ThinSvd(const Eigen::Ref<const Eigen::MatrixXd>& m);

/// The singular values alone, descending.
Eigen::VectorXd SingularValues(const Eigen::Ref<const Eigen::MatrixXd>& m);

}  // namespace parallax::base
