#pragma once

#include <Eigen/Dense>
#include <string_view>

#include "absl/status/status.h"
#include "core/surrogate/dataset.h"
#include "core/surrogate/map_search.h"

namespace parallax::surrogate {

/// What regression and classification by Gaussian processes ask of their input alike; all errors
/// are InvalidArgument.

/// @param belief  median and log_sd finite and > 0.   @param name  of the option.
absl::Status CheckHyperprior(const LogNormal& belief, std::string_view name);

/// @param length_scales  one a feature, finite and > 0.
absl::Status CheckLengthScales(const Eigen::Ref<const Eigen::VectorXd>& length_scales,
                               Eigen::Index features);

constexpr int kMostDraws = 1024;
/// @param draws  in [1, kMostDraws].
absl::Status CheckDraws(int draws);

/// @param features  m × d as `runs`, finite.
absl::Status CheckAsked(const Eigen::Ref<const Eigen::MatrixXd>& features, const Dataset& runs);

}  // namespace parallax::surrogate
