#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace parallax::surrogate {

/// How well a score tells two kinds apart: the probability that one of the first kind scores above
/// one of the second, ties half.
struct RocArea {
  double area = 0.5;
  double sd = 0.0;   ///< DeLong
  double low = 0.0;  ///< 90 % interval, on the logit scale, within [0, 1]
  double high = 1.0;
};

/// @param positives  scores of the kind to be found, ≥ 2.   @param negatives  of the others, ≥ 2.
/// Where the sd is 0 (area 0 or 1, or all scores tied) the interval's inner end is 0.05^(1/n) from
/// the other side, n the size of the smaller kind: what n independent pairs in the right order
/// exclude at 95 %, one-sided; with ties only it is [0, 1].
/// Errors: InvalidArgument on fewer scores or a score that is not finite.
/// Source: DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837; ties by midranks.
absl::StatusOr<RocArea> AreaUnderRoc(const Eigen::Ref<const Eigen::VectorXd>& positives,
                                     const Eigen::Ref<const Eigen::VectorXd>& negatives);

}  // namespace parallax::surrogate
