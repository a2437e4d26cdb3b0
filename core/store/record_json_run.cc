#include "core/store/record_json.h"

namespace parallax::signal {

using nlohmann::json;
using store::NumberFromJson;
using store::NumberToJson;
using store::OptionalFromJson;
using store::OptionalToJson;

void to_json(json& out, const Setpoint& setpoint) {
  out = {{"value", NumberToJson(setpoint.value)}, {"ramp", setpoint.ramp}};
}

void from_json(const json& in, Setpoint& setpoint) {
  setpoint.value = NumberFromJson(in.at("value"));
  in.at("ramp").get_to(setpoint.ramp);
}

void to_json(json& out, const Segment& segment) {
  out = {{"name", segment.name},
         {"start_s", NumberToJson(segment.start_s)},
         {"end_s", NumberToJson(segment.end_s)},
         {"setpoints", segment.setpoints}};
}

void from_json(const json& in, Segment& segment) {
  in.at("name").get_to(segment.name);
  segment.start_s = NumberFromJson(in.at("start_s"));
  segment.end_s = NumberFromJson(in.at("end_s"));
  in.at("setpoints").get_to(segment.setpoints);
}

void to_json(json& out, const Substrate& substrate) {
  out = {{"material", substrate.material}, {"thickness_m", NumberToJson(substrate.thickness_m)}};
}

void from_json(const json& in, Substrate& substrate) {
  in.at("material").get_to(substrate.material);
  substrate.thickness_m = NumberFromJson(in.at("thickness_m"));
}

void to_json(json& out, const Catalyst& catalyst) {
  out = {{"set", catalyst.set},
         {"feed", catalyst.feed},
         {"reduction_s", NumberToJson(catalyst.reduction_s)},
         {"anneal_s", NumberToJson(catalyst.anneal_s)}};
}

void from_json(const json& in, Catalyst& catalyst) {
  in.at("set").get_to(catalyst.set);
  in.at("feed").get_to(catalyst.feed);
  catalyst.reduction_s = NumberFromJson(in.at("reduction_s"));
  catalyst.anneal_s = NumberFromJson(in.at("anneal_s"));
}

void to_json(json& out, const Run& run) {
  out = {{"id", run.id},
         {"started_at_unix_ns", run.started_at_unix_ns},
         {"recipe", run.recipe.segments},
         {"substrate", OptionalToJson(run.substrate)},
         {"catalyst", OptionalToJson(run.catalyst)},
         {"notes", run.notes},
         {"split", static_cast<int>(run.split)}};
}

void from_json(const json& in, Run& run) {
  in.at("id").get_to(run.id);
  in.at("started_at_unix_ns").get_to(run.started_at_unix_ns);
  in.at("recipe").get_to(run.recipe.segments);
  run.substrate = OptionalFromJson<Substrate>(in.at("substrate"));
  run.catalyst = OptionalFromJson<Catalyst>(in.at("catalyst"));
  in.at("notes").get_to(run.notes);
  run.split = static_cast<Split>(in.at("split").get<int>());
}

}  // namespace parallax::signal
