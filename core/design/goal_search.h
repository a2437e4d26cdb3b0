#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/goal.h"
#include "core/design/local_search.h"

namespace parallax::design {

/// Whether a callable gave what it should. Errors: InvalidArgument naming shape or bound.
absl::Status CheckDraws(const GoalDraws& draws, const Goal& goal);

/// The margin that all but the least share 1 − `probability` of the draws have: ≥ 0 exactly where
/// at least that share keeps the constraint. @param margins  n.
double KeptMargin(const Eigen::Ref<const Eigen::VectorXd>& margins, double probability);

/// ln of the mean of Φ((outcomeᵢ − threshold) / blur), finite however far off the threshold is.
double LogBlurredProbability(const Eigen::Ref<const Eigen::VectorXd>& outcomes, double threshold,
                             double blur);

/// What draws are worth to a search: the mean outcome or the log probability of the threshold, and
/// the margins of the constraints, each in units of its spread over the points screened. Immutable.
class GoalScorer {
 public:
  /// @param screened  draws at the points screened, checked, at least 1.
  /// Errors: FailedPrecondition where the outcome is the same for every point and draw.
  static absl::StatusOr<GoalScorer> Make(const Goal& goal, const GoalOptions& options,
                                         const std::vector<GoalDraws>& screened);

  Merit Of(const GoalDraws& draws) const;

 private:
  GoalScorer(const Goal& goal, const GoalOptions& options) : goal_(goal), options_(options) {}

  Merit Raw(const GoalDraws& draws) const;

  const Goal& goal_;
  const GoalOptions& options_;
  double least_blur_ = 0.0;  ///< [outcome]
  double value_scale_ = 1.0;
  Eigen::VectorXd margin_scale_;  ///< [margin's unit]
};

}  // namespace parallax::design
