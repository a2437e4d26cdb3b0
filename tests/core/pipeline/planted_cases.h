#pragma once

#include <string>
#include <vector>

#include "tests/core/pipeline/planted_campaign.h"

/// The planted-fault suite: which campaigns are judged.
namespace parallax::pipeline::testing {

enum class Family { kSingle, kPair, kSensor, kMissing, kNull };
inline constexpr Family kFamilies[] = {Family::kSingle, Family::kPair, Family::kSensor,
                                       Family::kMissing, Family::kNull};
const char* NameOf(Family family);

/// Thresholds are set on one half; the other is scored once.
enum class Half { kTuning, kHeldBack };

struct PlantedCase {
  int id = 0;  ///< in the whole suite, whatever part of it is judged
  Family family = Family::kNull;
  Half half = Half::kTuning;
  PlantedCampaign plant;
};

/// All cases, the families spread evenly over the list so that its beginning is a fair sample:
/// every parameter with both signs at 3 and 4 prior sds on a bench that may show it, pairs at 3
/// sds, every fault of every instrument, missing mechanisms on every bench, campaigns without a
/// cause.
std::vector<PlantedCase> AllCases();

/// "vd0 +3.0 sd", "pyro/pyro_t drifts from run to run by 20", "feed is lost".
std::string Describe(const PlantedCampaign& plant);

}  // namespace parallax::pipeline::testing
