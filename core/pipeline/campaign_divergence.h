#pragma once

#include <Eigen/Dense>
#include <cstdint>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/divergences.h"

namespace parallax::pipeline {

/// Compares the runs of a campaign with what a right twin would show, signal by signal and on the
/// latent space, under the assumed values and at the fit. Kullback-Leibler and
/// Jensen-Shannon divergences of shares and of Raman lines are those of the shares themselves (of
/// shares, what no row lists is one kind more), averaged over runs, their floor from right twins;
/// NaN where one is infinite or no run has two. What the twin foresees on the sample and no run
/// measured is listed with the reason.
/// @param jacobian    of the model as assumed.
/// @param assumed     residuals [SI].   @param fitted  at the fit; empty: nothing was calibrated.
/// Errors: InvalidArgument on a residual that is not finite.
absl::StatusOr<Divergences> CompareCampaign(const CampaignModel& model, const CampaignNoise& noise,
                                            const Eigen::MatrixXd& jacobian,
                                            const Eigen::VectorXd& assumed,
                                            const Eigen::VectorXd& fitted, uint64_t seed);

}  // namespace parallax::pipeline
