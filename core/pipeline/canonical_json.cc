#include "core/pipeline/canonical_json.h"

#include <cmath>

namespace parallax::pipeline {

nlohmann::json JsonNumber(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

std::string CanonicalJson(const nlohmann::json& value) {
  // nlohmann::json keeps objects in a std::map, and prints doubles by Grisu2: sorted and
  // round-trip.
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace parallax::pipeline
