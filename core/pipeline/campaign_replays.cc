#include "core/pipeline/campaign_replays.h"

#include <cmath>
#include <utility>

#include "core/base/status_macros.h"
#include "core/causal/replay.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/energy_gauge.h"
#include "core/pipeline/joint_scores.h"

namespace parallax::pipeline {

absl::Status ReplayCampaign(const HeldOutRuns& held_out, const KnownWorld& assumed,
                            const KnownWorld& calibrated, uint64_t seed, Validation* validation) {
  const CampaignModel& model = held_out.model;
  const JointScores joint(model, held_out.noise, held_out.accused);
  const Eigen::MatrixXd scores = joint.Of(assumed.residuals);
  if (scores.cols() == 0) return absl::OkStatus();
  const EnergyGauge gauge(scores.rows(), scores.cols(), seed);
  PARALLAX_ASSIGN_OR_RETURN(const EnergyGap known,
                            MeasureEnergyGap(gauge, scores, joint.Of(calibrated.residuals), seed));
  SetGaps(known.before, known.after, validation);
  validation->floor = known.floor;
  // In coordinates, which a fit leaves to the last bit where it moved nothing.
  const auto gap = [&](const Eigen::VectorXd& z) -> absl::StatusOr<double> {
    if (z == assumed.z) return known.before.value;
    if (z == calibrated.z) return known.after.value;
    Eigen::VectorXd residuals;
    if (!model.Residuals(z, &residuals).ok()) return std::nan("");
    SilenceChannels(model, held_out.accused, residuals);
    return gauge.Excess(joint.Of(residuals));
  };
  PARALLAX_ASSIGN_OR_RETURN(
      causal::MechanismReplays replays,
      causal::ReplayMechanisms(model.description(), assumed.z, calibrated.z, gap));
  validation->replays = std::move(replays.mechanisms);
  return absl::OkStatus();
}

}  // namespace parallax::pipeline
