#include "core/calibration/rao_score.h"

#include <algorithm>

namespace parallax::calibration {
namespace {

/// The least of ½ δᵀ H δ - gᵀ δ over some coordinates.
struct Least {
  Eigen::VectorXd step;
  double nats = 0.0;
};

Least LeastOf(const Eigen::MatrixXd& hessian, const Eigen::VectorXd& gradient,
              const std::vector<int>& free) {
  if (free.empty()) return {};
  Least least{.step = hessian(free, free).llt().solve(gradient(free))};
  least.nats = 0.5 * gradient(free).dot(least.step);
  return least;
}

}  // namespace

RaoScores ScoreCoordinates(const Eigen::VectorXd& residuals, const Eigen::MatrixXd& jacobian,
                           const std::vector<int>& refitted) {
  const Eigen::Index count = jacobian.cols();
  const Eigen::MatrixXd hessian =
      jacobian.transpose() * jacobian + Eigen::MatrixXd::Identity(count, count);
  const Eigen::VectorXd gradient = -jacobian.transpose() * residuals;
  const Least refit = LeastOf(hessian, gradient, refitted);
  RaoScores test{.refit_nats = refit.nats,
                 .nats = Eigen::VectorXd::Zero(count),
                 .step = Eigen::VectorXd::Zero(count)};
  test.step(refitted) = refit.step;
  std::vector<int> free = refitted;
  free.push_back(0);
  for (int k = 0; k < count; ++k) {
    if (std::find(refitted.begin(), refitted.end(), k) != refitted.end()) continue;
    free.back() = k;
    const Least with = LeastOf(hessian, gradient, free);
    test.nats(k) = with.nats - refit.nats;
    test.step(k) = with.step(with.step.size() - 1);
  }
  return test;
}

}  // namespace parallax::calibration
