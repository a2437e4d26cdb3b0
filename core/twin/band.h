#pragma once

#include <Eigen/Dense>
#include <array>

#include "absl/status/statusor.h"
#include "core/twin/twin.h"

namespace parallax::twin {

/// Levels of a band: the ends of the central 95 % and 50 % intervals and the median.
inline constexpr std::array<double, 5> kBandLevels = {0.025, 0.25, 0.5, 0.75, 0.975};

/// Quantiles of a prediction over draws of the parameters, one entry a level of kBandLevels. NaN
/// where a draw predicts NaN.
struct PredictionBand {
  std::array<Eigen::MatrixXd, kBandLevels.size()> outputs;  ///< n × outputs, SI
  std::array<Eigen::VectorXd, kBandLevels.size()> outcome;  ///< outcomes, SI
};

/// Predicts every draw on all cores and takes quantiles, linear between order statistics. The same
/// draws give the same band on any number of threads, and two twins or drives that are given the
/// same draws differ by what they are, not by chance (common random numbers).
/// @param draws  parameters × draws, natural units, inside the bounds.
/// Errors: InvalidArgument on fewer than two draws; the first error of the twin in order of draws.
absl::StatusOr<PredictionBand> PredictBand(const Twin& twin, const Drive& drive,
                                           const Eigen::Ref<const Eigen::MatrixXd>& draws);

}  // namespace parallax::twin
