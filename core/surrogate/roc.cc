#include "core/surrogate/roc.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/normal.h"

namespace parallax::surrogate {
namespace {

/// Of each value, the share of `others` (sorted) below it, those equal half.
Eigen::VectorXd SharesBelow(const Eigen::VectorXd& values, const std::vector<double>& others) {
  Eigen::VectorXd shares(values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    const auto [first, last] = std::equal_range(others.begin(), others.end(), values(i));
    const auto below = static_cast<double>(first - others.begin());
    shares(i) =
        (below + 0.5 * static_cast<double>(last - first)) / static_cast<double>(others.size());
  }
  return shares;
}

double VarianceOfMean(const Eigen::VectorXd& values) {
  const auto n = static_cast<double>(values.size());
  return (values.array() - values.mean()).square().sum() / (n - 1.0) / n;
}

std::vector<double> SortedScores(const Eigen::Ref<const Eigen::VectorXd>& values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

absl::StatusOr<RocArea> AreaUnderRoc(const Eigen::Ref<const Eigen::VectorXd>& positives,
                                     const Eigen::Ref<const Eigen::VectorXd>& negatives) {
  if (positives.size() < 2 || negatives.size() < 2 || !positives.allFinite() ||
      !negatives.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d scores against %d: must be finite, at least 2 of each",
                        positives.size(), negatives.size()));
  }
  const Eigen::VectorXd above = SharesBelow(positives, SortedScores(negatives));
  const Eigen::VectorXd under = SharesBelow(negatives, SortedScores(positives));
  RocArea roc{.area = above.mean(), .sd = std::sqrt(VarianceOfMean(above) + VarianceOfMean(under))};
  if (!(roc.sd > 0.0)) {
    // All pairs are ordered alike, or all tied: no spread to judge by. 0.05^(1/n) is the least
    // chance of a right order at which n independent pairs come out right with probability 0.05.
    const auto n = static_cast<double>(std::min(positives.size(), negatives.size()));
    const double inner = std::pow(0.05, 1.0 / n);
    roc.low = roc.area == 1.0 ? inner : 0.0;
    roc.high = roc.area == 0.0 ? 1.0 - inner : 1.0;
    return roc;
  }
  const double logit = std::log(roc.area / (1.0 - roc.area));
  const double half = base::kCentral90 * roc.sd / (roc.area * (1.0 - roc.area));
  roc.low = 1.0 / (1.0 + std::exp(half - logit));
  roc.high = 1.0 / (1.0 + std::exp(-half - logit));
  return roc;
}

}  // namespace parallax::surrogate
