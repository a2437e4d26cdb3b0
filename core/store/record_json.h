#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/signal/rig.h"
#include "core/signal/run.h"

// nlohmann's conversions of our records, found by the record's namespace. They throw
// nlohmann::json::exception; record_codec.cc catches.

namespace parallax::store {

/// A double; JSON has no infinities, so those are strings.
inline nlohmann::json NumberToJson(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

inline double NumberFromJson(const nlohmann::json& json) {
  if (!json.is_string()) return json.get<double>();
  const std::string text = json.get<std::string>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  return text == "inf" ? std::numeric_limits<double>::infinity()
                       : -std::numeric_limits<double>::infinity();
}

inline nlohmann::json NumbersToJson(const std::map<std::string, double>& numbers) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, value] : numbers) json[name] = NumberToJson(value);
  return json;
}

inline std::map<std::string, double> NumbersFromJson(const nlohmann::json& json) {
  std::map<std::string, double> numbers;
  for (const auto& [name, value] : json.items()) numbers[name] = NumberFromJson(value);
  return numbers;
}

template <typename T>
nlohmann::json OptionalToJson(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

template <typename T>
std::optional<T> OptionalFromJson(const nlohmann::json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<T>();
}

}  // namespace parallax::store

namespace parallax::signal {

void to_json(nlohmann::json& out, const GasReference& reference);
void from_json(const nlohmann::json& in, GasReference& reference);
void to_json(nlohmann::json& out, const Channel& channel);
void from_json(const nlohmann::json& in, Channel& channel);
void to_json(nlohmann::json& out, const Device& device);
void from_json(const nlohmann::json& in, Device& device);
void to_json(nlohmann::json& out, const Rig& rig);
void from_json(const nlohmann::json& in, Rig& rig);

void to_json(nlohmann::json& out, const Setpoint& setpoint);
void from_json(const nlohmann::json& in, Setpoint& setpoint);
void to_json(nlohmann::json& out, const Segment& segment);
void from_json(const nlohmann::json& in, Segment& segment);
void to_json(nlohmann::json& out, const Substrate& substrate);
void from_json(const nlohmann::json& in, Substrate& substrate);
void to_json(nlohmann::json& out, const Catalyst& catalyst);
void from_json(const nlohmann::json& in, Catalyst& catalyst);
void to_json(nlohmann::json& out, const Run& run);
void from_json(const nlohmann::json& in, Run& run);

void to_json(nlohmann::json& out, const Measurement& measurement);
void from_json(const nlohmann::json& in, Measurement& measurement);
void to_json(nlohmann::json& out, const ChiralityShare& share);
void from_json(const nlohmann::json& in, ChiralityShare& share);
void to_json(nlohmann::json& out, const RamanLine& line);
void from_json(const nlohmann::json& in, RamanLine& line);
void to_json(nlohmann::json& out, const Outcome& outcome);
void from_json(const nlohmann::json& in, Outcome& outcome);

}  // namespace parallax::signal
