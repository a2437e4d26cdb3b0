#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/term_search.h"
#include "core/attribution/verdict.h"
#include "core/causal/graph.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/campaign_shares.h"
#include "core/pipeline/hypothesis.h"

namespace parallax::pipeline {

/// What the search of a campaign's hypotheses comes to.
struct CampaignExplanation {
  attribution::Evidence evidence;
  /// Interchangeable parameters that another one stands for in `evidence`, each weighed for itself;
  /// name, pip, loss_without, gain_alone and detectable_sd only.
  std::vector<attribution::ParameterEvidence> twins;
  std::vector<HypothesisSummary> hypotheses;  ///< the most probable first
  std::vector<int> suspects;                  ///< parameters of the twin whose share was measured
  CampaignShares shares;                      ///< one entry a suspect; empty where there is none
  CampaignFit fit;                        ///< the suspects set free, faults and missing terms in
  Eigen::MatrixXd slope;                  ///< WhitenedSlope at that fit
  CampaignFit best;                       ///< the most probable model: what it leaves is misfit
  std::vector<std::string> accused;       ///< channels with P(fault) >= 0.5
  std::map<std::string, double> p_value;  ///< of the gap by channel, Holm-adjusted
  std::vector<std::string> silent;        ///< parameters on which no reading depends
};

/// Weighs what a search found: inclusion of causes (interchangeable parameters pooled), stability
/// over bootstrapped runs, shares of the gap over draws from the posterior of all models, a local
/// explanation at the fit, replay, sensor and missing-term probabilities, rivals.
/// `evidence` lacks faults seen without a twin and the validate runs' misfit.
/// @param graph  of the twin on this rig.
/// Errors: those of the twin.
absl::StatusOr<CampaignExplanation> ExplainCampaign(
    CampaignSearch* search, const std::vector<attribution::TermModel>& models,
    const CampaignGauge& gauge, const causal::Graph& graph, uint64_t seed);

}  // namespace parallax::pipeline
