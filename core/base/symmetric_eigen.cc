#include "core/base/symmetric_eigen.h"

#include "core/base/check.h"

namespace parallax::base {

SymmetricEigen DecomposeSymmetric(const Eigen::Ref<const Eigen::MatrixXd>& m) {
  PARALLAX_CHECK(m.rows() == m.cols() && m.rows() > 0);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(m);
  return {eigen.eigenvalues(), eigen.eigenvectors()};
}

Eigen::VectorXd SymmetricEigenvalues(const Eigen::Ref<const Eigen::MatrixXd>& m) {
  PARALLAX_CHECK(m.rows() == m.cols() && m.rows() > 0);
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(m, Eigen::EigenvaluesOnly).eigenvalues();
}

}  // namespace parallax::base
