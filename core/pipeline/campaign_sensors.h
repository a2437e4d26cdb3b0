#pragma once

#include <string>
#include <vector>

#include "core/attribution/verdict.h"
#include "core/pipeline/campaign_rows.h"

namespace parallax::pipeline {

/// Faults of instruments that need no search: what cleaning saw, clocks apart from the others,
/// instruments that lag, and held channels whose readings leave their set-points by an offset, from
/// run to run or within runs. One entry a channel, the
/// most probable fault in words with its figure; `explained` is left to the caller.
std::vector<attribution::SensorEvidence> FaultsWithoutTwin(const std::vector<CampaignRun>& runs);

}  // namespace parallax::pipeline
