#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/gap.h"
#include "core/pipeline/validate.h"

namespace parallax::pipeline {

/// Held-out runs of a campaign under the assumed and the calibrated values.
struct CampaignValidation {
  Validation validation;
  std::map<std::string, double> mean_z2;  ///< by observable, calibrated
  std::map<std::string, double> p_value;  ///< share of right twins with at least that
  std::map<std::string, double> chance;   ///< what a right twin seldom exceeds of it
};

/// Predicts held-out runs and applies the gate: density of whole runs under the noise model; RMSE
/// of every channel, of outcomes over their rows, which may grow by the sampling error of the noise
/// alone; runs whose dominant species is called right, which may not become fewer; coverage of
/// intervals that hold noise, discrepancy, the posterior of what was calibrated and its spread
/// between runs.
/// @param assumed  natural values.
/// @param fit      what was calibrated; without parameters nothing is compared, and RMSE and
///                 chirality are those of the assumed values alone.
/// @param accused  channels whose instruments are at fault: they prove nothing.
/// Errors: those of the twin.
absl::StatusOr<CampaignValidation> ValidateCampaign(
    const twin::Twin& twin, const Eigen::VectorXd& assumed, const CampaignFit& fit,
    const std::vector<std::string>& accused, const std::vector<CampaignRun>& runs, uint64_t seed);

/// RMSE of every output over the good samples of some runs, before and after, in the channel's
/// unit; then of outcomes over their rows. @param after  natural values; empty: none.
absl::StatusOr<std::vector<ChannelGap>> RmseByChannel(const twin::Twin& twin,
                                                      const Eigen::VectorXd& before,
                                                      const Eigen::VectorXd& after,
                                                      const std::vector<CampaignRun>& runs);

}  // namespace parallax::pipeline
