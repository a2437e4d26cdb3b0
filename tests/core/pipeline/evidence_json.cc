#include "tests/core/pipeline/evidence_json.h"

#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

namespace parallax::pipeline::testing {
namespace {

using attribution::ChannelMisfit;
using attribution::Evidence;
using attribution::ParameterEvidence;
using attribution::SensorEvidence;
using nlohmann::json;

/// Writes or reads members by name, whichever it is made for, so that either is listed once.
class Writer {
 public:
  void operator()(const char* name, const double& value) {
    out_[name] = std::isfinite(value) ? json(value) : json();
  }
  template <typename T>
  void operator()(const char* name, const T& value) {
    out_[name] = value;
  }
  json Take() { return std::move(out_); }

 private:
  json out_ = json::object();
};

/// Evidence that was kept before a member existed leaves it as it is made.
class Reader {
 public:
  explicit Reader(const json& in) : in_(in) {}
  void operator()(const char* name, double& value) {
    if (!in_.contains(name)) return;
    const json& found = in_.at(name);
    value = found.is_null() ? std::nan("") : found.get<double>();
  }
  template <typename T>
  void operator()(const char* name, T& value) {
    if (in_.contains(name)) value = in_.at(name).get<T>();
  }

 private:
  const json& in_;
};

template <typename Visitor, typename T>
void Visit(Visitor& visit,
           T& one) requires std::is_same_v<std::remove_const_t<T>, ParameterEvidence> {
  visit("name", one.name);
  visit("pip", one.pip);
  visit("loss_without", one.loss_without);
  visit("gain_alone", one.gain_alone);
  visit("shapley", one.shapley);
  visit("shapley_low", one.shapley_low);
  visit("shapley_high", one.shapley_high);
  visit("contraction", one.contraction);
  visit("cluster", one.cluster);
  visit("shift_sd", one.shift_sd);
  visit("replay_removed", one.replay_removed);
  visit("stability", one.stability);
  visit("local_step", one.local_step);
  visit("channels", one.channels);
  visit("detectable_sd", one.detectable_sd);
}

template <typename Visitor, typename T>
void Visit(Visitor& visit, T& one) requires std::is_same_v<std::remove_const_t<T>, SensorEvidence> {
  visit("channel", one.channel);
  visit("fault", one.fault);
  visit("probability", one.probability);
  visit("explained", one.explained);
  visit("inferred", one.inferred);
}

template <typename Visitor, typename T>
void Visit(Visitor& visit, T& one) requires std::is_same_v<std::remove_const_t<T>, ChannelMisfit> {
  visit("channel", one.channel);
  visit("calibrate_mean_z2", one.calibrate_mean_z2);
  visit("validate_mean_z2", one.validate_mean_z2);
  visit("calibrate_chance", one.calibrate_chance);
  visit("validate_chance", one.validate_chance);
  visit("calibrate_p_value", one.calibrate_p_value);
  visit("validate_p_value", one.validate_p_value);
  visit("instrument", one.instrument);
  visit("where", one.where);
}

template <typename Visitor, typename T>
void Visit(Visitor& visit, T& one) requires std::is_same_v<std::remove_const_t<T>, Evidence> {
  visit("gap", one.gap);
  visit("floor", one.floor);
  visit("gap_p_value", one.gap_p_value);
  visit("smallest_p_value", one.smallest_p_value);
  visit("significant_gap", one.significant_gap);
  visit("nothing_probability", one.nothing_probability);
  visit("large_discrepancy_probability", one.large_discrepancy_probability);
  visit("discrepancy_where", one.discrepancy_where);
  visit("discrepancy_channel", one.discrepancy_channel);
  visit("rival_group", one.rival_group);
  visit("rival_probability", one.rival_probability);
  visit("separating_experiment", one.separating_experiment);
}

template <typename Visitor, typename T>
void Visit(Visitor& visit,
           T& one) requires std::is_same_v<std::remove_const_t<T>, HypothesisSummary> {
  visit("name", one.name);
  visit("pip", one.pip);
  visit("loss_without", one.loss_without);
  visit("gain_alone", one.gain_alone);
  visit("shift_sd", one.shift_sd);
}

template <typename T>
json Encode(const T& one) {
  Writer writer;
  Visit(writer, one);
  return writer.Take();
}

template <typename T>
json EncodeAll(const std::vector<T>& some) {
  json out = json::array();
  for (const T& one : some) out.push_back(Encode(one));
  return out;
}

template <typename T>
std::vector<T> DecodeAll(const json& some) {
  std::vector<T> out;
  for (const json& one : some) {
    Reader reader(one);
    Visit(reader, out.emplace_back());
  }
  return out;
}

}  // namespace

json EncodeEvidence(const Evidence& evidence) {
  json out = Encode(evidence);
  out["parameters"] = EncodeAll(evidence.parameters);
  out["sensors"] = EncodeAll(evidence.sensors);
  out["channels"] = EncodeAll(evidence.channels);
  return out;
}

Evidence DecodeEvidence(const json& in) {
  Evidence evidence;
  Reader reader(in);
  Visit(reader, evidence);
  evidence.parameters = DecodeAll<ParameterEvidence>(in.at("parameters"));
  evidence.sensors = DecodeAll<SensorEvidence>(in.at("sensors"));
  evidence.channels = DecodeAll<ChannelMisfit>(in.at("channels"));
  return evidence;
}

json EncodeHypotheses(const std::vector<HypothesisSummary>& hypotheses) {
  return EncodeAll(hypotheses);
}

std::vector<HypothesisSummary> DecodeHypotheses(const json& in) {
  return DecodeAll<HypothesisSummary>(in);
}

}  // namespace parallax::pipeline::testing
