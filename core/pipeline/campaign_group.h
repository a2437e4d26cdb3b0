#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/shapley.h"
#include "core/pipeline/campaign_evidence.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/campaign_shares.h"
#include "core/pipeline/group_share.h"

namespace parallax::pipeline {

/// How a gap divides where one player is a group.
struct GroupedShares {
  GroupShare group;
  std::vector<int> others;         ///< suspects beside the group, parameters of the twin
  attribution::GapShares shapley;  ///< of the others in their order, the group last
  ShareDraws draws;                ///< without one at which the twin does not fail shares are NaN
};

/// Shapley shares of a campaign's gap with the evidence's rivals as one player. Each of 32 draws
/// takes one rival model, in proportion to their probabilities, and its members at a draw from that
/// model's posterior: the interval holds what differs between the members, too. Suspects beside
/// the group play for themselves, from the explanation's fit.
/// Errors: those of the twin and of attribution::ShareGap; FailedPrecondition where there are no
/// rivals.
absl::StatusOr<GroupedShares> ShareWithGroup(CampaignSearch* search,
                                             const std::vector<attribution::TermModel>& models,
                                             const CampaignExplanation& explanation,
                                             const CampaignGauge& gauge, uint64_t seed);

}  // namespace parallax::pipeline
