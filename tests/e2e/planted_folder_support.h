#pragma once

#include <string>

#include "tests/core/pipeline/planted_campaign.h"

namespace parallax::e2e {

/// Writes a planted campaign as a campaign folder, as a lab would have recorded it: a row a time of
/// a device, rows in order of time, those that a device repeated once.
/// @param id  of the campaign and of its rig.   @param folder  made, must not exist.
void WriteCampaignFolder(const pipeline::testing::Campaign& campaign,
                         const pipeline::testing::PlantedCampaign& what, const std::string& id,
                         const std::string& folder);

}  // namespace parallax::e2e
