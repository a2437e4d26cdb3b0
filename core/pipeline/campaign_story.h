#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/verdict.h"
#include "core/causal/graph.h"
#include "core/pipeline/campaign_rows.h"
#include "core/pipeline/hypothesis.h"
#include "core/pipeline/story.h"
#include "core/signal/rig.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What is known of a campaign once its verdict stands.
struct StoryInput {
  const signal::Rig& rig;
  const twin::Twin& twin;
  const causal::Graph& graph;                ///< of the twin on this rig
  const std::vector<CampaignRun>& runs;      ///< calibrated on
  const std::vector<CampaignRun>& held_out;  ///< that the calibration never saw
  const Eigen::VectorXd& assumed;            ///< natural values
  const std::vector<int>& moved;             ///< parameters of the twin that were calibrated
  Eigen::VectorXd calibrated;                ///< natural values; only those of `moved` are read
  Eigen::MatrixXd draws{};  ///< of `moved` from their posterior, natural, one a column; may be none
  const attribution::Verdict& verdict;
  const attribution::Evidence& evidence;
  const std::vector<HypothesisSummary>& hypotheses;
};

/// Tells a campaign. Where parameters moved: their effect on one or two questions, each in the run
/// in which they change it most, divided among the routes that carry it, and each mechanism alone
/// where several moved; what is left of each mechanism's effect with single mediators held; the
/// calls of held-out runs whose chirality was measured, with what each would have given had the
/// parameters been as assumed, in how many draws; and how many calls are right. Then what was ruled
/// out, and what to measure next. A twin without mediation has no routes. Deterministic.
/// Errors: those of twin and graph.
absl::StatusOr<Story> TellCampaign(const StoryInput& given);

}  // namespace parallax::pipeline
