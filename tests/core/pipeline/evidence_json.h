#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "core/attribution/verdict.h"
#include "core/pipeline/hypothesis.h"

/// Evidence on disk, so that rules are judged again without a search. A figure that is not finite
/// is null and comes back as NaN.
namespace parallax::pipeline::testing {

nlohmann::json EncodeEvidence(const attribution::Evidence& evidence);
attribution::Evidence DecodeEvidence(const nlohmann::json& in);

nlohmann::json EncodeHypotheses(const std::vector<HypothesisSummary>& hypotheses);
std::vector<HypothesisSummary> DecodeHypotheses(const nlohmann::json& in);

}  // namespace parallax::pipeline::testing
