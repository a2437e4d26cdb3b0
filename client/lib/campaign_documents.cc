#include "client/lib/campaign_documents.h"

#include <map>
#include <string>
#include <utility>

namespace parallax::client {
namespace {

/// In order of the keys, so that the same message gives the same bytes.
Json NumbersOf(const google::protobuf::Map<std::string, double>& numbers) {
  const std::map<std::string, double> sorted(numbers.begin(), numbers.end());
  Json json = Json::object();
  for (const auto& [key, number] : sorted) json[key] = number;
  return json;
}

const char* RoleText(v1::ChannelRole role) {
  return role == v1::CHANNEL_ROLE_SETPOINT   ? "setpoint"
         : role == v1::CHANNEL_ROLE_ACTUATOR ? "actuator"
                                             : "measured";
}

Json ChannelDocument(const v1::Channel& channel) {
  Json json = {{"id", channel.id()},
               {"quantity", channel.quantity()},
               {"unit", channel.unit()},
               {"role", RoleText(channel.role())},
               {"rate_hz", channel.rate_hz()},
               {"noise_sd", channel.noise_sd()},
               {"resolution", channel.resolution()},
               {"range", Json::array({channel.range_low(), channel.range_high()})}};
  if (channel.has_reference()) {
    json["reference"] = {{"temperature_k", channel.reference().temperature_k()},
                         {"pressure_pa", channel.reference().pressure_pa()}};
  }
  json.update(NumbersOf(channel.attributes()));
  return json;
}

Json SegmentDocument(const v1::Segment& segment) {
  const std::map<std::string, v1::Setpoint> sorted(segment.setpoints().begin(),
                                                   segment.setpoints().end());
  Json setpoints = Json::object();
  for (const auto& [name, setpoint] : sorted) {
    setpoints[name] =
        setpoint.ramp() ? Json::object({{"ramp_to", setpoint.value()}}) : Json(setpoint.value());
  }
  return {{"name", segment.name()},
          {"start_s", segment.start_s()},
          {"end_s", segment.end_s()},
          {"setpoints", std::move(setpoints)}};
}

Json MeasurementDocument(const v1::Measurement& measurement) {
  return {{"value", measurement.value()}, {"sd", measurement.sd()}};
}

Json ChiralityDocument(const v1::Outcome& outcome) {
  Json shares = Json::array();
  for (const v1::ChiralityShare& share : outcome.chirality()) {
    shares.push_back(
        {{"n", share.n()}, {"m", share.m()}, {"share", share.share()}, {"sd", share.sd()}});
  }
  return {{"method", outcome.chirality_method()},
          {"counts", outcome.chirality_counts()},
          {"shares", std::move(shares)}};
}

Json RamanDocument(const v1::Outcome& outcome) {
  Json json = {{"laser_nm", outcome.raman_laser_nm()}};
  if (outcome.has_raman_d_over_g()) {
    json["d_over_g"] = MeasurementDocument(outcome.raman_d_over_g());
  }
  json["rbm"] = Json::array();
  for (const v1::RamanLine& line : outcome.raman_rbm()) {
    json["rbm"].push_back({{"shift_per_cm", line.shift_per_cm()},
                           {"intensity", line.intensity()},
                           {"sd", line.sd()}});
  }
  return json;
}

}  // namespace

Json RigDocument(const v1::Rig& rig, const std::string& id) {
  Json devices = Json::array();
  for (const v1::Device& device : rig.devices()) {
    Json channels = Json::array();
    for (const v1::Channel& channel : device.channels()) {
      channels.push_back(ChannelDocument(channel));
    }
    devices.push_back({{"id", device.id()}, {"channels", std::move(channels)}});
  }
  return {{"id", id},
          {"kind", rig.kind()},
          {"geometry", NumbersOf(rig.geometry())},
          {"devices", std::move(devices)}};
}

Json RunDocument(const v1::Run& run, const std::string& id) {
  Json segments = Json::array();
  for (const v1::Segment& segment : run.segments()) segments.push_back(SegmentDocument(segment));
  Json json = {{"id", id},
               {"started_at", TimestampText(run.start_time())},
               {"segments", std::move(segments)},
               {"substrate", nullptr},
               {"catalyst", nullptr},
               {"notes", run.notes()}};
  if (run.has_substrate()) {
    json["substrate"] = {{"material", run.substrate().material()},
                         {"thickness_m", run.substrate().thickness_m()}};
  }
  if (run.has_catalyst()) {
    json["catalyst"] = {{"set", run.catalyst().set()},
                        {"feed", run.catalyst().feed()},
                        {"reduction_s", run.catalyst().reduction_s()},
                        {"anneal_s", run.catalyst().anneal_s()}};
  }
  return json;
}

Json OutcomeDocument(const v1::Outcome& outcome) {
  Json json = Json::object();
  if (outcome.has_measure_time()) json["measured_at"] = TimestampText(outcome.measure_time());
  const bool counted = !outcome.chirality_method().empty() || outcome.chirality_counts() != 0.0 ||
                       !outcome.chirality().empty();
  if (counted) json["chirality"] = ChiralityDocument(outcome);
  if (outcome.has_height_um()) json["height_um"] = MeasurementDocument(outcome.height_um());
  const bool spectrum = outcome.raman_laser_nm() != 0.0 || outcome.has_raman_d_over_g() ||
                        !outcome.raman_rbm().empty();
  if (spectrum) json["raman"] = RamanDocument(outcome);
  return json;
}

}  // namespace parallax::client
