#include "client/lib/rig_json.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr std::array<const char*, 8> kChannelKeys = {"id",      "quantity", "unit",       "role",
                                                     "rate_hz", "noise_sd", "resolution", "range"};

absl::StatusOr<v1::ChannelRole> ParseRole(const JsonReader& json) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string role, json.String());
  if (role == "setpoint") return v1::CHANNEL_ROLE_SETPOINT;
  if (role == "actuator") return v1::CHANNEL_ROLE_ACTUATOR;
  if (role == "measured") return v1::CHANNEL_ROLE_MEASURED;
  return json.Error("one of \"setpoint\", \"actuator\", \"measured\"");
}

absl::Status ParseReference(const JsonReader& json, v1::GasReference& reference) {
  PARALLAX_ASSIGN_OR_RETURN(const double temperature_k, json.NumberAt("temperature_k"));
  PARALLAX_ASSIGN_OR_RETURN(const double pressure_pa, json.NumberAt("pressure_pa"));
  json.WarnUnknown({"temperature_k", "pressure_pa"});
  reference.set_temperature_k(temperature_k);
  reference.set_pressure_pa(pressure_pa);
  return absl::OkStatus();
}

/// Every further number of a channel is an attribute that its twin may read.
absl::Status ParseExtras(const JsonReader& json, v1::Channel& channel) {
  PARALLAX_ASSIGN_OR_RETURN(const auto members, json.Members());
  for (const auto& member : members) {
    const std::string& key = member.first;
    if (std::find(kChannelKeys.begin(), kChannelKeys.end(), key) != kChannelKeys.end()) continue;
    if (key == "reference") {
      PARALLAX_ASSIGN_OR_RETURN(const auto reference, json.Find(key));
      if (!reference.has_value()) continue;
      PARALLAX_RETURN_IF_ERROR(ParseReference(*reference, *channel.mutable_reference()));
      continue;
    }
    PARALLAX_ASSIGN_OR_RETURN(const double number, member.second.Number());
    (*channel.mutable_attributes())[key] = number;
  }
  return absl::OkStatus();
}

absl::Status ParseChannel(const JsonReader& json, v1::Channel& channel) {
  PARALLAX_ASSIGN_OR_RETURN(*channel.mutable_id(), json.StringAt("id"));
  PARALLAX_ASSIGN_OR_RETURN(*channel.mutable_quantity(), json.StringOrEmpty("quantity"));
  PARALLAX_ASSIGN_OR_RETURN(*channel.mutable_unit(), json.StringAt("unit"));
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader role_json, json.Member("role"));
  PARALLAX_ASSIGN_OR_RETURN(const v1::ChannelRole role, ParseRole(role_json));
  PARALLAX_ASSIGN_OR_RETURN(const double rate_hz, json.NumberOr("rate_hz", 0.0));
  PARALLAX_ASSIGN_OR_RETURN(const double noise_sd, json.NumberOr("noise_sd", 0.0));
  PARALLAX_ASSIGN_OR_RETURN(const double resolution, json.NumberOr("resolution", 0.0));
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader range_json, json.Member("range"));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JsonReader> range, range_json.Elements());
  if (range.size() != 2) return range_json.Error("two numbers, [low, high]");
  PARALLAX_ASSIGN_OR_RETURN(const double low, range[0].Number());
  PARALLAX_ASSIGN_OR_RETURN(const double high, range[1].Number());
  channel.set_role(role);
  channel.set_rate_hz(rate_hz);
  channel.set_noise_sd(noise_sd);
  channel.set_resolution(resolution);
  channel.set_range_low(low);
  channel.set_range_high(high);
  return ParseExtras(json, channel);
}

absl::Status ParseDevice(const JsonReader& json, v1::Device& device) {
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader id, json.Member("id"));
  PARALLAX_ASSIGN_OR_RETURN(*device.mutable_id(), id.String());
  if (!IsFileName(device.id())) return id.Error("the name of a CSV file in every run");
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader channels_json, json.Member("channels"));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JsonReader> channels, channels_json.Elements());
  if (channels.empty()) return channels_json.Error("at least one channel");
  for (const JsonReader& channel : channels) {
    PARALLAX_RETURN_IF_ERROR(ParseChannel(channel, *device.add_channels()));
  }
  json.WarnUnknown({"id", "channels"});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Rig> ParseRig(const JsonReader& json) {
  v1::Rig rig;
  PARALLAX_RETURN_IF_ERROR(json.StringAt("id").status());
  PARALLAX_ASSIGN_OR_RETURN(*rig.mutable_kind(), json.StringAt("kind"));
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader geometry_json, json.Member("geometry"));
  PARALLAX_ASSIGN_OR_RETURN(const auto geometry, geometry_json.Members());
  for (const auto& member : geometry) {
    PARALLAX_ASSIGN_OR_RETURN(const double number, member.second.Number());
    (*rig.mutable_geometry())[member.first] = number;
  }
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader devices_json, json.Member("devices"));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JsonReader> devices, devices_json.Elements());
  if (devices.empty()) return devices_json.Error("at least one device");
  for (const JsonReader& device : devices) {
    PARALLAX_RETURN_IF_ERROR(ParseDevice(device, *rig.add_devices()));
  }
  json.WarnUnknown({"id", "kind", "geometry", "devices"});
  return rig;
}

}  // namespace parallax::client
