#include "core/pipeline/campaign_local.h"

#include <limits>

#include "core/attribution/lime.h"

namespace parallax::pipeline {
namespace {

constexpr uint64_t kLimeStream = 0x6c696d65;

/// From the point explained to the least of the quadratic; empty where it has none.
Eigen::VectorXd StepToLeast(const attribution::LocalExplanation& local) {
  if (local.fit != attribution::LocalFit::kTrusted) return {};
  const Eigen::LLT<Eigen::MatrixXd> curvature(local.curvature);
  if (curvature.info() != Eigen::Success) return {};
  return -curvature.solve(local.slope);
}

}  // namespace

Eigen::VectorXd LocalSteps(const CampaignModel& model, const CampaignFit& fit,
                           const std::vector<int>& suspects,
                           const std::function<double(const Eigen::VectorXd&)>& misfit,
                           uint64_t seed) {
  const auto d = static_cast<Eigen::Index>(suspects.size());
  Eigen::VectorXd steps = Eigen::VectorXd::Constant(d, std::numeric_limits<double>::quiet_NaN());
  if (suspects.empty() || suspects.size() > kMostExplained) return steps;
  const auto response = [&](const Eigen::VectorXd& shift) {
    Eigen::VectorXd residuals;
    const Eigen::VectorXd z = model.Moved(fit.z, suspects, fit.z(suspects) + shift);
    if (!model.Residuals(z, &residuals).ok()) return std::numeric_limits<double>::quiet_NaN();
    return misfit(residuals);
  };
  const auto widths = attribution::ExplainLocally(Eigen::VectorXd::Zero(d), response,
                                                  {.seed = seed, .stream = kLimeStream});
  if (!widths.ok()) return steps;
  for (const attribution::LocalExplanation& local : *widths) {
    const Eigen::VectorXd step = StepToLeast(local);
    if (step.size() == 0) continue;
    for (Eigen::Index i = 0; i < d; ++i) {
      const int p = suspects[static_cast<size_t>(i)];
      const double moved = fit.z(p) - model.base()(p);
      steps(i) = (moved + step(i)) * (moved < 0.0 ? -1.0 : 1.0);
    }
    return steps;
  }
  return steps;
}

}  // namespace parallax::pipeline
