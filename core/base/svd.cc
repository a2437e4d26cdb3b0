#include "core/base/svd.h"

namespace parallax::base {

Svd ThinSvd(const Eigen::Ref<const Eigen::MatrixXd>& m) {
  const Eigen::BDCSVD<Eigen::MatrixXd> svd(m, Eigen::ComputeThinU | Eigen::ComputeThinV);
  return {svd.singularValues(), svd.matrixU(), svd.matrixV()};
}

Eigen::VectorXd SingularValues(const Eigen::Ref<const Eigen::MatrixXd>& m) {
  return Eigen::BDCSVD<Eigen::MatrixXd>(m).singularValues();
}

}  // namespace parallax::base
