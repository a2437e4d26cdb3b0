#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/validate.h"

namespace parallax::pipeline {

/// Held-out runs that worlds are held against. Borrows its parts.
struct HeldOutRuns {
  const CampaignModel& model;
  const CampaignNoise& noise;
  const std::vector<std::string>& accused;  ///< channels that prove nothing
};

/// Coordinates of the twin with what they leave of the rows [SI], accused channels silent.
struct KnownWorld {
  const Eigen::VectorXd& z;
  const Eigen::VectorXd& residuals;
};

/// The gap on all scores of the runs together (energy_gauge) as assumed and calibrated, its floor,
/// and the same gap with each calibrated mechanism alone and with all of them but it: does one
/// alone reach the floor, is each needed? Fills gap_before and gap_after with their intervals,
/// floor and replays; leaves them alone where no observable is in all of the runs. Two predictions
/// a run and mechanism where several were calibrated, none where one was; NaN where the twin fails.
/// Errors: those of EnergyGauge::ExcessInterval.
absl::Status ReplayCampaign(const HeldOutRuns& held_out, const KnownWorld& assumed,
                            const KnownWorld& calibrated, uint64_t seed, Validation* validation);

}  // namespace parallax::pipeline
