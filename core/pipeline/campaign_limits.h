#pragma once

#include <string>
#include <vector>

#include "core/pipeline/campaign_spread.h"
#include "core/pipeline/campaign_weighing.h"
#include "core/pipeline/report.h"

namespace parallax::pipeline {

/// What a campaign's runs cannot tell, in sentences.
/// @param spreads  between runs, of what the report calibrated.
/// @param report   complete but for its limits.
std::vector<std::string> CampaignLimits(const WeighedCampaign& weighed,
                                        const std::vector<RunSpread>& spreads,
                                        const Report& report);

}  // namespace parallax::pipeline
