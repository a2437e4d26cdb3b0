#include "tests/client/json_schema.h"

#include <algorithm>
#include <set>

#include "client/lib/message_json.h"

namespace parallax::client {
namespace {

bool HasType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

class Checker {
 public:
  std::vector<std::string> violations;

  void Check(const Json& schema, const Json& value, const std::string& path) {
    static const std::set<std::string> kKnown = {
        "$schema", "title",    "description", "type",
        "enum",    "required", "properties",  "additionalProperties",
        "items",   "minimum",  "maximum"};
    for (const auto& keyword : schema.items()) {
      if (!kKnown.contains(keyword.key())) Add(path, "unknown keyword " + keyword.key());
    }
    CheckType(schema, value, path);
    if (schema.contains("enum")) {
      const Json& allowed = schema["enum"];
      if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
        Add(path, "not in enum");
    }
    if (value.is_number()) CheckBounds(schema, value.get<double>(), path);
    if (value.is_object()) CheckObject(schema, value, path);
    if (!value.is_array() || !schema.contains("items")) return;
    for (size_t i = 0; i < value.size(); ++i) {
      Check(schema["items"], value[i], path + "/" + std::to_string(i));
    }
  }

 private:
  void Add(const std::string& path, const std::string& what) {
    violations.push_back(path + ": " + what);
  }

  void CheckType(const Json& schema, const Json& value, const std::string& path) {
    if (!schema.contains("type")) return;
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    const bool fits = std::any_of(types.begin(), types.end(), [&](const Json& type) {
      return HasType(value, type.get<std::string>());
    });
    if (!fits) Add(path, "is " + value.dump() + ", must be " + types.dump());
  }

  void CheckBounds(const Json& schema, double value, const std::string& path) {
    if (schema.contains("minimum") && value < schema["minimum"].get<double>())
      Add(path, "too small");
    if (schema.contains("maximum") && value > schema["maximum"].get<double>())
      Add(path, "too large");
  }

  void CheckObject(const Json& schema, const Json& value, const std::string& path) {
    if (schema.contains("required")) {
      for (const Json& key : schema["required"]) {
        if (!value.contains(key.get<std::string>())) Add(path, "lacks " + key.dump());
      }
    }
    for (const auto& member : value.items()) {
      const bool known =
          schema.contains("properties") && schema["properties"].contains(member.key());
      if (known) {
        Check(schema["properties"][member.key()], member.value(), path + "/" + member.key());
      } else if (schema.contains("additionalProperties")) {
        Add(path, "has an extra key " + member.key());
      }
    }
  }
};

}  // namespace

std::vector<std::string> SchemaViolations(const Json& schema, const Json& document) {
  Checker checker;
  checker.Check(schema, document, "");
  return checker.violations;
}

}  // namespace parallax::client
