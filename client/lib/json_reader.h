#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"

namespace parallax::client {

/// Reads and parses a JSON file.
/// Errors: NotFound; InvalidArgument with line and column of a syntax error, or a repeated key.
absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path);

/// A value of a JSON document that knows where it stands, so that every error says
/// `FILE: devices[0].channels[2].unit: is 3, must be a string`. Borrows the document.
class JsonReader {
 public:
  /// @param warnings  receives one line for every key that nothing reads.
  JsonReader(const nlohmann::json& value, std::string file, std::vector<std::string>& warnings)
      : value_(&value), file_(std::move(file)), warnings_(&warnings) {}

  /// A member of an object. Errors: InvalidArgument when this is no object or lacks the key.
  absl::StatusOr<JsonReader> Member(const std::string& key) const;
  /// The same, nullopt where the key is absent or null.
  absl::StatusOr<std::optional<JsonReader>> Find(const std::string& key) const;
  absl::StatusOr<std::vector<std::pair<std::string, JsonReader>>> Members() const;
  absl::StatusOr<std::vector<JsonReader>> Elements() const;

  /// Errors of the four: InvalidArgument naming value and expected type.
  absl::StatusOr<std::string> String() const;
  absl::StatusOr<double> Number() const;
  absl::StatusOr<int> Integer() const;
  absl::StatusOr<google::protobuf::Timestamp> Time() const;  ///< RFC 3339

  absl::StatusOr<std::string> StringAt(const std::string& key) const;
  absl::StatusOr<std::string> StringOrEmpty(const std::string& key) const;
  absl::StatusOr<double> NumberAt(const std::string& key) const;
  absl::StatusOr<double> NumberOr(const std::string& key, double fallback) const;

  bool is_object() const { return value_->is_object(); }
  /// Warns of every member whose key is not in `known`.
  void WarnUnknown(std::initializer_list<const char*> known) const;
  /// InvalidArgument `FILE: path: is VALUE, must be BOUND`.
  absl::Status Error(const std::string& bound) const;

 private:
  JsonReader At(const nlohmann::json& value, const std::string& step) const;

  const nlohmann::json* value_;
  std::string file_;
  std::string path_;
  std::vector<std::string>* warnings_;
};

}  // namespace parallax::client
