#include "core/base/principal_components.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/svd.h"

namespace parallax::base {

absl::StatusOr<PrincipalComponents> FitPrincipalComponents(
    const Eigen::Ref<const Eigen::MatrixXd>& reference, double explained_share,
    int max_components) {
  const Eigen::Index n = reference.rows();
  if (n < 2 || reference.cols() < 1 || max_components < 1 || !reference.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("principal components of %d x %d samples: must be finite, at least 2 x 1",
                        n, reference.cols()));
  }
  PrincipalComponents components;
  components.center = reference.colwise().mean().transpose();
  const Eigen::MatrixXd centered = reference.rowwise() - components.center.transpose();
  const Svd svd = ThinSvd(centered);
  const Eigen::VectorXd variance = svd.s.array().square() / static_cast<double>(n - 1);
  const double total = variance.sum();
  const double scale = std::max(reference.cwiseAbs().maxCoeff(), 1e-300);
  if (!(total > 1e-28 * scale * scale)) {
    return absl::InvalidArgumentError("the reference samples are all equal");
  }
  Eigen::Index kept = 0;
  double carried = 0.0;
  while (kept < std::min<Eigen::Index>(variance.size(), max_components) &&
         carried < explained_share * total && variance(kept) > 1e-12 * variance(0)) {
    carried += variance(kept++);
  }
  components.axes = svd.v.leftCols(kept);
  for (Eigen::Index k = 0; k < kept; ++k) {
    Eigen::Index largest = 0;
    components.axes.col(k).cwiseAbs().maxCoeff(&largest);
    if (components.axes(largest, k) < 0.0) components.axes.col(k) *= -1.0;
  }
  components.sd = variance.head(kept).cwiseSqrt();
  components.explained = carried / total;
  return components;
}

Eigen::MatrixXd WhitenedScores(const PrincipalComponents& components,
                               const Eigen::Ref<const Eigen::MatrixXd>& samples) {
  PARALLAX_CHECK(samples.cols() == components.center.size());
  const Eigen::MatrixXd centered = samples.rowwise() - components.center.transpose();
  return centered * components.axes * components.sd.cwiseInverse().asDiagonal();
}

}  // namespace parallax::base
