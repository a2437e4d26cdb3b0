#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/term_search.h"
#include "core/pipeline/campaign_evidence.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/campaign_shares.h"
#include "core/pipeline/group_share.h"

namespace parallax::pipeline {

/// Shares of a campaign's gap with the evidence's rivals as one player, in the game in which
/// suspects divide it otherwise: draws are from the posterior averaged over models, so that the
/// interval holds what differs between the members, too. Suspects beside the group play for
/// themselves. Errors: those of the twin and of attribution::ShareGap; FailedPrecondition where
/// there are no rivals.
absl::StatusOr<GroupedShares> ShareWithGroup(CampaignSearch* search,
                                             const std::vector<attribution::TermModel>& models,
                                             const CampaignExplanation& explanation,
                                             const CampaignGauge& gauge, uint64_t seed);

}  // namespace parallax::pipeline
