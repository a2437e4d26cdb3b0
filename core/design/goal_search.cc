#include "core/design/goal_search.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/normal.h"
#include "core/base/quantile.h"

namespace parallax::design {
namespace {

constexpr Eigen::Index kLeastDraws = 8;
/// Below it Φ is taken from its tail's series: erfc ends at −38.
constexpr double kSeriesBelow = -30.0;
/// Blur of draws that all agree, of the range of the screened means.
constexpr double kLeastBlur = 1e-3;
constexpr double kWhole = 1e-9;

double LogNormalBelow(double x) {
  if (x > kSeriesBelow) return std::log(0.5 * std::erfc(-x / std::sqrt(2.0)));
  return -0.5 * x * x - std::log(-x) - base::kLogSqrtTwoPi - 1.0 / (x * x);
}

double SdOf(const Eigen::Ref<const Eigen::VectorXd>& values) {
  if (values.size() < 2) return 0.0;
  return std::sqrt((values.array() - values.mean()).square().sum() /
                   static_cast<double>(values.size() - 1));
}

}  // namespace

absl::Status CheckDraws(const GoalDraws& draws, const Goal& goal) {
  const auto constraints = static_cast<Eigen::Index>(goal.constraints.size());
  if (draws.outcomes.size() < kLeastDraws) {
    return absl::InvalidArgumentError(absl::StrFormat("%d draws of the outcome, must be >= %d",
                                                      draws.outcomes.size(), kLeastDraws));
  }
  if (draws.margins.cols() != constraints ||
      (constraints > 0 && draws.margins.rows() != draws.outcomes.size())) {
    return absl::InvalidArgumentError(absl::StrFormat("margins are %d x %d, must be %d x %d",
                                                      draws.margins.rows(), draws.margins.cols(),
                                                      draws.outcomes.size(), constraints));
  }
  if (!draws.outcomes.allFinite() || !draws.margins.allFinite()) {
    return absl::InvalidArgumentError("an outcome or margin drawn is not finite");
  }
  return absl::OkStatus();
}

double KeptMargin(const Eigen::Ref<const Eigen::VectorXd>& margins, double probability) {
  const auto count = static_cast<double>(margins.size());
  const double given_up = std::floor((1.0 - std::min(1.0, probability)) * count + kWhole);
  std::vector<double> sorted(margins.begin(), margins.end());
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(given_up, count - 1.0));
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

double LogBlurredProbability(const Eigen::Ref<const Eigen::VectorXd>& outcomes, double threshold,
                             double blur) {
  Eigen::VectorXd logs(outcomes.size());
  for (Eigen::Index i = 0; i < logs.size(); ++i) {
    logs(i) = LogNormalBelow((outcomes(i) - threshold) / blur);
  }
  const double top = logs.maxCoeff();
  return top + std::log((logs.array() - top).exp().mean());
}

absl::StatusOr<GoalScorer> GoalScorer::Make(const Goal& goal, const GoalOptions& options,
                                            const std::vector<GoalDraws>& screened) {
  double least = screened.front().outcomes(0), most = least;
  std::vector<double> means;
  for (const GoalDraws& one : screened) {
    least = std::min(least, one.outcomes.minCoeff());
    most = std::max(most, one.outcomes.maxCoeff());
    means.push_back(one.outcomes.mean());
  }
  if (!(most > least)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the outcome is %g at all %d points and draws: there is nothing to seek",
                        most, screened.size()));
  }
  GoalScorer scorer(goal, options);
  const auto [low, high] = std::minmax_element(means.begin(), means.end());
  scorer.least_blur_ = kLeastBlur * (*high > *low ? *high - *low : most - least);
  std::vector<double> values;
  Eigen::MatrixXd margins(static_cast<Eigen::Index>(screened.size()),
                          static_cast<Eigen::Index>(goal.constraints.size()));
  for (const GoalDraws& one : screened) {
    const Merit raw = scorer.Raw(one);
    margins.row(static_cast<Eigen::Index>(values.size())) = raw.margins.transpose();
    values.push_back(raw.value);
  }
  // The better half only: how bad the worst points are is none of a climb's business.
  const double top = *std::max_element(values.begin(), values.end());
  const double spread = top - base::Quantile(values, 0.5);
  if (spread > 0.0) scorer.value_scale_ = spread;
  scorer.margin_scale_ = Eigen::VectorXd::Ones(margins.cols());
  for (Eigen::Index j = 0; j < margins.cols(); ++j) {
    const double sd = SdOf(margins.col(j)), size = margins.col(j).cwiseAbs().maxCoeff();
    if (sd > 0.0 || size > 0.0) scorer.margin_scale_(j) = sd > 0.0 ? sd : size;
  }
  return scorer;
}

Merit GoalScorer::Raw(const GoalDraws& draws) const {
  const double sign = goal_.direction == GoalDirection::kMaximize ? 1.0 : -1.0;
  const auto count = static_cast<double>(draws.outcomes.size());
  Merit merit{.value = sign * draws.outcomes.mean(),
              .margins = Eigen::VectorXd(draws.margins.cols())};
  if (options_.aim == GoalAim::kProbability) {
    // In proportion to the spread at the point: of normal outcomes it then leaves the order of
    // points as it is.
    const double blur = std::max(SdOf(draws.outcomes) * std::pow(count, -0.2), least_blur_);
    merit.value = LogBlurredProbability(sign * draws.outcomes, sign * *goal_.threshold, blur);
  }
  for (Eigen::Index j = 0; j < merit.margins.size(); ++j) {
    const double p = goal_.constraints[static_cast<size_t>(j)].probability;
    const double more = options_.constraint_margin_sd * std::sqrt(p * (1.0 - p) / count);
    merit.margins(j) = KeptMargin(draws.margins.col(j), p + more);
  }
  return merit;
}

Merit GoalScorer::Of(const GoalDraws& draws) const {
  Merit merit = Raw(draws);
  merit.value /= value_scale_;
  merit.margins = merit.margins.cwiseQuotient(margin_scale_);
  return merit;
}

}  // namespace parallax::design
