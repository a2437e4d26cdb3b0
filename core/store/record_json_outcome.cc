#include "core/store/record_json.h"

namespace parallax::signal {

using nlohmann::json;
using store::NumberFromJson;
using store::NumberToJson;
using store::OptionalFromJson;
using store::OptionalToJson;

void to_json(json& out, const Measurement& measurement) {
  out = {{"value", NumberToJson(measurement.value)}, {"sd", NumberToJson(measurement.sd)}};
}

void from_json(const json& in, Measurement& measurement) {
  measurement.value = NumberFromJson(in.at("value"));
  measurement.sd = NumberFromJson(in.at("sd"));
}

void to_json(json& out, const ChiralityShare& share) {
  out = {{"n", share.n},
         {"m", share.m},
         {"share", NumberToJson(share.share)},
         {"sd", NumberToJson(share.sd)}};
}

void from_json(const json& in, ChiralityShare& share) {
  in.at("n").get_to(share.n);
  in.at("m").get_to(share.m);
  share.share = NumberFromJson(in.at("share"));
  share.sd = NumberFromJson(in.at("sd"));
}

void to_json(json& out, const RamanLine& line) {
  out = {{"shift_per_cm", NumberToJson(line.shift_per_cm)},
         {"intensity", NumberToJson(line.intensity)},
         {"sd", NumberToJson(line.sd)}};
}

void from_json(const json& in, RamanLine& line) {
  line.shift_per_cm = NumberFromJson(in.at("shift_per_cm"));
  line.intensity = NumberFromJson(in.at("intensity"));
  line.sd = NumberFromJson(in.at("sd"));
}

void to_json(json& out, const Outcome& outcome) {
  out = {{"measured_at_unix_ns", outcome.measured_at_unix_ns},
         {"chirality_method", outcome.chirality_method},
         {"chirality_counts", NumberToJson(outcome.chirality_counts)},
         {"chirality", outcome.chirality},
         {"height_um", OptionalToJson(outcome.height_um)},
         {"raman_laser_nm", NumberToJson(outcome.raman_laser_nm)},
         {"raman_d_over_g", OptionalToJson(outcome.raman_d_over_g)},
         {"raman_rbm", outcome.raman_rbm}};
}

void from_json(const json& in, Outcome& outcome) {
  in.at("measured_at_unix_ns").get_to(outcome.measured_at_unix_ns);
  in.at("chirality_method").get_to(outcome.chirality_method);
  outcome.chirality_counts = NumberFromJson(in.at("chirality_counts"));
  in.at("chirality").get_to(outcome.chirality);
  outcome.height_um = OptionalFromJson<Measurement>(in.at("height_um"));
  outcome.raman_laser_nm = NumberFromJson(in.at("raman_laser_nm"));
  outcome.raman_d_over_g = OptionalFromJson<Measurement>(in.at("raman_d_over_g"));
  in.at("raman_rbm").get_to(outcome.raman_rbm);
}

}  // namespace parallax::signal
