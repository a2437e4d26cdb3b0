#pragma once

#include <Eigen/Dense>

#include "absl/status/status.h"
#include "core/attribution/sensitivity.h"

namespace parallax::attribution {

/// InvalidArgument unless 1 ≤ inputs ≤ most and the options are as SensitivityOptions says.
absl::Status CheckSensitivity(int inputs, int most, const SensitivityOptions& options);

/// Mean over independent scramblings (columns) with Student's interval.
IndexEstimate AverageScramblings(const Eigen::Ref<const Eigen::MatrixXd>& indices,
                                 double confidence);

}  // namespace parallax::attribution
