#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/surrogate/dataset.h"

namespace parallax::surrogate {

/// An interval of an outcome, in its unit; the bounds may be infinite where too few outcomes are
/// known for the level.
struct Interval {
  double lower = 0.0;
  double upper = 0.0;
};

/// |outcome − mean| / predicted standard deviation of each: what a conformal interval is scaled
/// with, so that it is wide where the model says that it does not know.
/// Errors: InvalidArgument on sizes that differ or a variance that is not positive.
absl::StatusOr<Eigen::VectorXd> ConformalScores(const std::vector<Prediction>& predictions,
                                                const Eigen::Ref<const Eigen::VectorXd>& outcomes);

/// Split conformal: mean ± q·sd, q the ⌈level (n + 1)⌉-th smallest score of n outcomes that the
/// model was not trained on. Covers the next outcome with probability ≥ level where runs are
/// exchangeable.
/// Errors: InvalidArgument on a level outside (0, 1) or no scores.
/// Source: Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, JASA 113 (2018) 1094, §2.2 and §5.2.
absl::StatusOr<std::vector<Interval>> SplitConformal(
    const Eigen::Ref<const Eigen::VectorXd>& scores, const std::vector<Prediction>& predictions,
    double level);

/// Jackknife+ (one fold a run) and CV+: each run i, left out of the model of its fold, says
/// mean₋ᵢ(x) ± sᵢ·sd₋ᵢ(x); the bounds are the ⌊(1 − level)(n + 1)⌋-th smallest of the lower ends
/// and the ⌈level (n + 1)⌉-th smallest of the upper. Covers with probability ≥ 2·level − 1, near
/// level in practice.
/// @param fold_scores  of each fold's model, scores of the runs it was not trained on.
/// @param by_fold      prediction of each fold's model at one point, as many as folds.
/// Errors: InvalidArgument on a level outside (0, 1), counts that differ, no scores at all.
/// Source: Barber, Candès, Ramdas & Tibshirani, Annals of Statistics 49 (2021) 486.
absl::StatusOr<Interval> CrossConformal(const std::vector<Eigen::VectorXd>& fold_scores,
                                        const std::vector<Prediction>& by_fold, double level);

}  // namespace parallax::surrogate
