#include "core/base/qr.h"

#include <algorithm>

namespace parallax::base {
namespace {

/// Of what Eigen keeps, which holds the reflections below the diagonal.
Eigen::MatrixXd UpperPart(const Eigen::MatrixXd& packed) {
  return packed.topRows(std::min(packed.rows(), packed.cols())).triangularView<Eigen::Upper>();
}

Eigen::MatrixXd InverseOfUpper(const Eigen::MatrixXd& r) {
  return r.triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(r.cols(), r.cols()));
}

}  // namespace

HouseholderQr::HouseholderQr(const Eigen::Ref<const Eigen::MatrixXd>& m) : qr_(m) {}

Eigen::VectorXd HouseholderQr::Solve(const Eigen::Ref<const Eigen::VectorXd>& b) const {
  return qr_.solve(b);
}

Eigen::MatrixXd HouseholderQr::Q() const { return qr_.householderQ(); }

Eigen::MatrixXd HouseholderQr::ThinQ() const {
  return qr_.householderQ() *
         Eigen::MatrixXd::Identity(qr_.rows(), std::min(qr_.rows(), qr_.cols()));
}

Eigen::MatrixXd HouseholderQr::R() const { return UpperPart(qr_.matrixQR()); }

Eigen::MatrixXd HouseholderQr::InverseR() const { return InverseOfUpper(R()); }

PivotedQr::PivotedQr(const Eigen::Ref<const Eigen::MatrixXd>& m) : qr_(m) {}

Eigen::Index PivotedQr::rank() const { return qr_.rank(); }

Eigen::MatrixXd PivotedQr::Solve(const Eigen::Ref<const Eigen::MatrixXd>& b) const {
  return qr_.solve(b);
}

Eigen::MatrixXd PivotedQr::R() const { return UpperPart(qr_.matrixQR()); }

Eigen::MatrixXd PivotedQr::InverseR() const { return qr_.colsPermutation() * InverseOfUpper(R()); }

}  // namespace parallax::base
