#include "core/surrogate/conformal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"

namespace parallax::surrogate {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// level (n + 1) is meant exactly: 0.9 · 10 is 9, whatever its last bit.
constexpr double kRankRounding = 1e-9;

absl::Status CheckLevel(double level) {
  if (level > 0.0 && level < 1.0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("level = %g, must be within (0, 1)", level));
}

/// The k-th smallest, k from 1; +∞ beyond the last.
double Smallest(std::vector<double>* values, size_t k) {
  if (k > values->size()) return kInfinity;
  const auto at = values->begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(values->begin(), at, values->end());
  return *at;
}

size_t UpperRank(double level, size_t count) {
  return static_cast<size_t>(std::ceil(level * static_cast<double>(count + 1) - kRankRounding));
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> ConformalScores(const std::vector<Prediction>& predictions,
                                                const Eigen::Ref<const Eigen::VectorXd>& outcomes) {
  if (static_cast<Eigen::Index>(predictions.size()) != outcomes.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d predictions of %d outcomes", predictions.size(), outcomes.size()));
  }
  Eigen::VectorXd scores(outcomes.size());
  for (Eigen::Index i = 0; i < outcomes.size(); ++i) {
    const Prediction& prediction = predictions[static_cast<size_t>(i)];
    if (!(prediction.variance() > 0.0)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("variance of prediction %d = %g, must be > 0", i, prediction.variance()));
    }
    scores(i) = std::abs(outcomes(i) - prediction.mean) / std::sqrt(prediction.variance());
  }
  return scores;
}

absl::StatusOr<std::vector<Interval>> SplitConformal(
    const Eigen::Ref<const Eigen::VectorXd>& scores, const std::vector<Prediction>& predictions,
    double level) {
  if (absl::Status status = CheckLevel(level); !status.ok()) return status;
  if (scores.size() == 0) return absl::InvalidArgumentError("no scores to calibrate with");
  std::vector<double> sorted(scores.begin(), scores.end());
  const double factor = Smallest(&sorted, UpperRank(level, sorted.size()));
  std::vector<Interval> intervals;
  intervals.reserve(predictions.size());
  for (const Prediction& prediction : predictions) {
    const double half = factor * std::sqrt(prediction.variance());
    intervals.push_back({.lower = prediction.mean - half, .upper = prediction.mean + half});
  }
  return intervals;
}

absl::StatusOr<Interval> CrossConformal(const std::vector<Eigen::VectorXd>& fold_scores,
                                        const std::vector<Prediction>& by_fold, double level) {
  if (absl::Status status = CheckLevel(level); !status.ok()) return status;
  if (fold_scores.size() != by_fold.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d folds with %d predictions", fold_scores.size(), by_fold.size()));
  }
  std::vector<double> below, above;  // the lower ends with their signs changed, the upper ends
  for (size_t fold = 0; fold < by_fold.size(); ++fold) {
    const double sd = std::sqrt(by_fold[fold].variance());
    for (const double score : fold_scores[fold]) {
      below.push_back(score * sd - by_fold[fold].mean);
      above.push_back(score * sd + by_fold[fold].mean);
    }
  }
  if (above.empty()) return absl::InvalidArgumentError("no scores to calibrate with");
  // The ⌊α (n + 1)⌋-th smallest lower end is the ⌈(1 − α)(n + 1)⌉-th largest.
  const size_t rank = UpperRank(level, above.size());
  return Interval{.lower = -Smallest(&below, rank), .upper = Smallest(&above, rank)};
}

}  // namespace parallax::surrogate
