#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace parallax::client {

/// What of a document breaks a JSON Schema, one line a violation; empty where it conforms. Knows
/// the keywords that docs/evaluate.schema.json uses: type, enum, required, properties,
/// additionalProperties: false, items, minimum, maximum. Any other keyword is itself a violation.
std::vector<std::string> SchemaViolations(const nlohmann::ordered_json& schema,
                                          const nlohmann::ordered_json& document);

}  // namespace parallax::client
