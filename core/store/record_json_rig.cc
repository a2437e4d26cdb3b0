#include "core/store/record_json.h"

namespace parallax::signal {

using nlohmann::json;
using store::NumberFromJson;
using store::NumbersFromJson;
using store::NumbersToJson;
using store::NumberToJson;
using store::OptionalFromJson;
using store::OptionalToJson;

void to_json(json& out, const GasReference& reference) {
  out = {{"temperature_k", NumberToJson(reference.temperature_k)},
         {"pressure_pa", NumberToJson(reference.pressure_pa)}};
}

void from_json(const json& in, GasReference& reference) {
  reference.temperature_k = NumberFromJson(in.at("temperature_k"));
  reference.pressure_pa = NumberFromJson(in.at("pressure_pa"));
}

void to_json(json& out, const Channel& channel) {
  out = {{"id", channel.id},
         {"quantity", channel.quantity},
         {"unit", channel.unit},
         {"role", static_cast<int>(channel.role)},
         {"rate_hz", NumberToJson(channel.rate_hz)},
         {"noise_sd", NumberToJson(channel.noise_sd)},
         {"resolution", NumberToJson(channel.resolution)},
         {"range_low", NumberToJson(channel.range_low)},
         {"range_high", NumberToJson(channel.range_high)},
         {"reference", OptionalToJson(channel.reference)},
         {"attributes", NumbersToJson(channel.attributes)}};
}

void from_json(const json& in, Channel& channel) {
  in.at("id").get_to(channel.id);
  in.at("quantity").get_to(channel.quantity);
  in.at("unit").get_to(channel.unit);
  channel.role = static_cast<Role>(in.at("role").get<int>());
  channel.rate_hz = NumberFromJson(in.at("rate_hz"));
  channel.noise_sd = NumberFromJson(in.at("noise_sd"));
  channel.resolution = NumberFromJson(in.at("resolution"));
  channel.range_low = NumberFromJson(in.at("range_low"));
  channel.range_high = NumberFromJson(in.at("range_high"));
  channel.reference = OptionalFromJson<GasReference>(in.at("reference"));
  channel.attributes = NumbersFromJson(in.at("attributes"));
}

void to_json(json& out, const Device& device) {
  out = {{"id", device.id}, {"channels", device.channels}};
}

void from_json(const json& in, Device& device) {
  in.at("id").get_to(device.id);
  in.at("channels").get_to(device.channels);
}

void to_json(json& out, const Rig& rig) {
  out = {{"id", rig.id},
         {"kind", rig.kind},
         {"geometry", NumbersToJson(rig.geometry)},
         {"devices", rig.devices}};
}

void from_json(const json& in, Rig& rig) {
  in.at("id").get_to(rig.id);
  in.at("kind").get_to(rig.kind);
  rig.geometry = NumbersFromJson(in.at("geometry"));
  in.at("devices").get_to(rig.devices);
}

}  // namespace parallax::signal
