#include "client/lib/run_json.h"

#include <optional>
#include <vector>

#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

absl::Status ParseSetpoint(const JsonReader& json, v1::Setpoint& setpoint) {
  if (json.is_object()) {
    PARALLAX_ASSIGN_OR_RETURN(const double target, json.NumberAt("ramp_to"));
    json.WarnUnknown({"ramp_to"});
    setpoint.set_value(target);
    setpoint.set_ramp(true);
    return absl::OkStatus();
  }
  const absl::StatusOr<double> value = json.Number();
  if (!value.ok()) return json.Error("a number or {\"ramp_to\": number}");
  setpoint.set_value(*value);
  return absl::OkStatus();
}

absl::Status ParseSegment(const JsonReader& json, v1::Segment& segment) {
  PARALLAX_ASSIGN_OR_RETURN(*segment.mutable_name(), json.StringAt("name"));
  PARALLAX_ASSIGN_OR_RETURN(const double start_s, json.NumberAt("start_s"));
  PARALLAX_ASSIGN_OR_RETURN(const double end_s, json.NumberAt("end_s"));
  segment.set_start_s(start_s);
  segment.set_end_s(end_s);
  json.WarnUnknown({"name", "start_s", "end_s", "setpoints"});
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> setpoints, json.Find("setpoints"));
  if (!setpoints.has_value()) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const auto members, setpoints->Members());
  for (const auto& member : members) {
    v1::Setpoint& setpoint = (*segment.mutable_setpoints())[member.first];
    PARALLAX_RETURN_IF_ERROR(ParseSetpoint(member.second, setpoint));
  }
  return absl::OkStatus();
}

absl::Status ParseSubstrate(const JsonReader& json, v1::Substrate& substrate) {
  PARALLAX_ASSIGN_OR_RETURN(*substrate.mutable_material(), json.StringAt("material"));
  PARALLAX_ASSIGN_OR_RETURN(const double thickness_m, json.NumberAt("thickness_m"));
  substrate.set_thickness_m(thickness_m);
  json.WarnUnknown({"material", "thickness_m"});
  return absl::OkStatus();
}

absl::Status ParseCatalyst(const JsonReader& json, v1::Catalyst& catalyst) {
  PARALLAX_ASSIGN_OR_RETURN(*catalyst.mutable_set(), json.StringAt("set"));
  PARALLAX_ASSIGN_OR_RETURN(*catalyst.mutable_feed(), json.StringAt("feed"));
  PARALLAX_ASSIGN_OR_RETURN(const double reduction_s, json.NumberOr("reduction_s", 0.0));
  PARALLAX_ASSIGN_OR_RETURN(const double anneal_s, json.NumberOr("anneal_s", 0.0));
  catalyst.set_reduction_s(reduction_s);
  catalyst.set_anneal_s(anneal_s);
  json.WarnUnknown({"set", "feed", "reduction_s", "anneal_s"});
  return absl::OkStatus();
}

absl::Status ParseMeasurement(const JsonReader& json, v1::Measurement& measurement) {
  PARALLAX_ASSIGN_OR_RETURN(const double value, json.NumberAt("value"));
  PARALLAX_ASSIGN_OR_RETURN(const double sd, json.NumberAt("sd"));
  json.WarnUnknown({"value", "sd"});
  measurement.set_value(value);
  measurement.set_sd(sd);
  return absl::OkStatus();
}

absl::Status ParseShare(const JsonReader& json, v1::ChiralityShare& share) {
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader n_json, json.Member("n"));
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader m_json, json.Member("m"));
  PARALLAX_ASSIGN_OR_RETURN(const int n, n_json.Integer());
  PARALLAX_ASSIGN_OR_RETURN(const int m, m_json.Integer());
  PARALLAX_ASSIGN_OR_RETURN(const double value, json.NumberAt("share"));
  PARALLAX_ASSIGN_OR_RETURN(const double sd, json.NumberOr("sd", 0.0));
  json.WarnUnknown({"n", "m", "share", "sd"});
  share.set_n(n);
  share.set_m(m);
  share.set_share(value);
  share.set_sd(sd);
  return absl::OkStatus();
}

absl::Status ParseChirality(const JsonReader& json, v1::Outcome& outcome) {
  PARALLAX_ASSIGN_OR_RETURN(*outcome.mutable_chirality_method(), json.StringOrEmpty("method"));
  PARALLAX_ASSIGN_OR_RETURN(const double counts, json.NumberOr("counts", 0.0));
  outcome.set_chirality_counts(counts);
  json.WarnUnknown({"method", "counts", "shares"});
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> shares, json.Find("shares"));
  if (!shares.has_value()) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JsonReader> elements, shares->Elements());
  for (const JsonReader& share : elements) {
    PARALLAX_RETURN_IF_ERROR(ParseShare(share, *outcome.add_chirality()));
  }
  return absl::OkStatus();
}

absl::Status ParseLine(const JsonReader& json, v1::RamanLine& line) {
  PARALLAX_ASSIGN_OR_RETURN(const double shift, json.NumberAt("shift_per_cm"));
  PARALLAX_ASSIGN_OR_RETURN(const double intensity, json.NumberAt("intensity"));
  PARALLAX_ASSIGN_OR_RETURN(const double sd, json.NumberOr("sd", 0.0));
  json.WarnUnknown({"shift_per_cm", "intensity", "sd"});
  line.set_shift_per_cm(shift);
  line.set_intensity(intensity);
  line.set_sd(sd);
  return absl::OkStatus();
}

absl::Status ParseRaman(const JsonReader& json, v1::Outcome& outcome) {
  PARALLAX_ASSIGN_OR_RETURN(const double laser_nm, json.NumberOr("laser_nm", 0.0));
  outcome.set_raman_laser_nm(laser_nm);
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> ratio, json.Find("d_over_g"));
  if (ratio.has_value()) {
    PARALLAX_RETURN_IF_ERROR(ParseMeasurement(*ratio, *outcome.mutable_raman_d_over_g()));
  }
  json.WarnUnknown({"laser_nm", "d_over_g", "rbm"});
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> rbm, json.Find("rbm"));
  if (!rbm.has_value()) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JsonReader> elements, rbm->Elements());
  for (const JsonReader& line : elements) {
    PARALLAX_RETURN_IF_ERROR(ParseLine(line, *outcome.add_raman_rbm()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ParsedRun> ParseRun(const JsonReader& json) {
  ParsedRun parsed;
  PARALLAX_ASSIGN_OR_RETURN(parsed.id, json.StringAt("id"));
  v1::Run& run = parsed.run;
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader started_at, json.Member("started_at"));
  PARALLAX_ASSIGN_OR_RETURN(*run.mutable_start_time(), started_at.Time());
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader segments_json, json.Member("segments"));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JsonReader> segments, segments_json.Elements());
  for (const JsonReader& segment : segments) {
    PARALLAX_RETURN_IF_ERROR(ParseSegment(segment, *run.add_segments()));
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> substrate, json.Find("substrate"));
  if (substrate.has_value()) {
    PARALLAX_RETURN_IF_ERROR(ParseSubstrate(*substrate, *run.mutable_substrate()));
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> catalyst, json.Find("catalyst"));
  if (catalyst.has_value()) {
    PARALLAX_RETURN_IF_ERROR(ParseCatalyst(*catalyst, *run.mutable_catalyst()));
  }
  PARALLAX_ASSIGN_OR_RETURN(*run.mutable_notes(), json.StringOrEmpty("notes"));
  json.WarnUnknown({"id", "started_at", "segments", "substrate", "catalyst", "notes"});
  return parsed;
}

absl::StatusOr<v1::Outcome> ParseOutcome(const JsonReader& json) {
  v1::Outcome outcome;
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> time, json.Find("measured_at"));
  if (time.has_value()) {
    PARALLAX_ASSIGN_OR_RETURN(*outcome.mutable_measure_time(), time->Time());
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> chirality, json.Find("chirality"));
  if (chirality.has_value()) PARALLAX_RETURN_IF_ERROR(ParseChirality(*chirality, outcome));
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> height, json.Find("height_um"));
  if (height.has_value()) {
    PARALLAX_RETURN_IF_ERROR(ParseMeasurement(*height, *outcome.mutable_height_um()));
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> raman, json.Find("raman"));
  if (raman.has_value()) PARALLAX_RETURN_IF_ERROR(ParseRaman(*raman, outcome));
  json.WarnUnknown({"measured_at", "chirality", "height_um", "raman"});
  return outcome;
}

}  // namespace parallax::client
