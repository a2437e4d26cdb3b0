#include "core/surrogate/gp_checks.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace parallax::surrogate {

absl::Status CheckHyperprior(const LogNormal& belief, std::string_view name) {
  if (belief.median > 0.0 && std::isfinite(belief.median) && belief.log_sd > 0.0 &&
      std::isfinite(belief.log_sd)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s has median = %g and log_sd = %g: both must be finite and > 0", name,
                      belief.median, belief.log_sd));
}

absl::Status CheckLengthScales(const Eigen::Ref<const Eigen::VectorXd>& length_scales,
                               Eigen::Index features) {
  if (length_scales.size() != features) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d length_scales for %d features", length_scales.size(), features));
  }
  for (Eigen::Index j = 0; j < features; ++j) {
    if (!(length_scales(j) > 0.0) || !std::isfinite(length_scales(j))) {
      return absl::InvalidArgumentError(
          absl::StrFormat("length_scales[%d] = %g, must be finite and > 0", j, length_scales(j)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDraws(int draws) {
  if (draws >= 1 && draws <= kMostDraws) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("draws = %d, must be in [1, %d]", draws, kMostDraws));
}

absl::Status CheckAsked(const Eigen::Ref<const Eigen::MatrixXd>& features, const Dataset& runs) {
  if (features.cols() != runs.features.cols()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d features asked, the model of \"%s\" has %d", features.cols(),
                        runs.outcome_name, runs.features.cols()));
  }
  for (Eigen::Index j = 0; j < features.cols(); ++j) {
    if (!features.col(j).allFinite()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("feature \"%s\" is not finite where it is asked", runs.feature_names[j]));
    }
  }
  return absl::OkStatus();
}

}  // namespace parallax::surrogate
