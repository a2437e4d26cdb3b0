#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/pipeline/parameter_set_codec.h"
#include "server/convert.h"
#include "server/names.h"
#include "server/status.h"

namespace parallax::server {
namespace {

std::string_view TransformName(twin::Transform transform) {
  switch (transform) {
    case twin::Transform::kIdentity:
      return "identity";
    case twin::Transform::kLog:
      return "log";
    case twin::Transform::kLogit:
      return "logit";
  }
  return "identity";
}

v1::ParameterSetState SetStateToProto(std::string_view state) {
  if (state == "CANDIDATE") return v1::PARAMETER_SET_STATE_CANDIDATE;
  if (state == "CURRENT") return v1::PARAMETER_SET_STATE_CURRENT;
  if (state == "RETIRED") return v1::PARAMETER_SET_STATE_RETIRED;
  if (state == "REJECTED") return v1::PARAMETER_SET_STATE_REJECTED;
  return v1::PARAMETER_SET_STATE_UNSPECIFIED;
}

v1::ModelState ModelStateToProto(std::string_view state) {
  if (state == "CANDIDATE") return v1::MODEL_STATE_CANDIDATE;
  if (state == "CURRENT") return v1::MODEL_STATE_CURRENT;
  if (state == "RETIRED") return v1::MODEL_STATE_RETIRED;
  if (state == "REFUSED") return v1::MODEL_STATE_REFUSED;
  return v1::MODEL_STATE_UNSPECIFIED;
}

v1::JobKind JobKindToProto(store::JobKind kind) {
  switch (kind) {
    case store::JobKind::kAnalysis:
      return v1::JOB_KIND_ANALYSIS;
    case store::JobKind::kRecalibration:
      return v1::JOB_KIND_RECALIBRATION;
    case store::JobKind::kDesign:
      return v1::JOB_KIND_DESIGN;
    case store::JobKind::kTraining:
      return v1::JOB_KIND_TRAINING;
  }
  return v1::JOB_KIND_UNSPECIFIED;
}

v1::JobState JobStateToProto(store::JobState state) {
  switch (state) {
    case store::JobState::kQueued:
      return v1::JOB_STATE_QUEUED;
    case store::JobState::kRunning:
      return v1::JOB_STATE_RUNNING;
    case store::JobState::kSucceeded:
      return v1::JOB_STATE_SUCCEEDED;
    case store::JobState::kFailed:
      return v1::JOB_STATE_FAILED;
    case store::JobState::kCancelled:
      return v1::JOB_STATE_CANCELLED;
  }
  return v1::JOB_STATE_UNSPECIFIED;
}

absl::Status CheckHash(const std::string& name, const std::string& bytes,
                       const std::string& sha256) {
  if (base::Sha256Hex(bytes) == sha256) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("%s: stored bytes do not fit their SHA-256 %s", name, sha256));
}

v1::TwinParameter ParameterToProto(const twin::Parameter& parameter) {
  v1::TwinParameter wire;
  wire.set_name(parameter.name);
  wire.set_symbol(parameter.symbol);
  wire.set_best_signal(parameter.best_signal);
  wire.set_unit(parameter.unit);
  wire.set_nominal(parameter.nominal);
  wire.set_prior_sd(parameter.prior_sd);
  wire.set_lower(parameter.lower);
  wire.set_upper(parameter.upper);
  wire.set_transform(std::string(TransformName(parameter.transform)));
  wire.set_mechanism(parameter.mechanism);
  wire.set_source(parameter.source);
  wire.set_per_run(parameter.scope == twin::Scope::kRun);
  wire.set_description(parameter.description);
  return wire;
}

v1::TwinSignal SignalToProto(const twin::Signal& signal) {
  v1::TwinSignal wire;
  wire.set_channel(signal.channel_id);
  wire.set_unit(signal.unit);
  wire.set_description(signal.description);
  wire.set_sensor(signal.sensor);
  return wire;
}

v1::ParameterValue ValueToProto(const calibration::ParameterValue& value) {
  v1::ParameterValue wire;
  wire.set_parameter(value.parameter);
  wire.set_run(value.run);
  wire.set_value(value.value);
  wire.set_sd(value.sd);
  wire.set_assumed(value.assumed);
  wire.set_unit(value.unit);
  wire.set_calibrated(value.calibrated);
  return wire;
}

}  // namespace

v1::TwinDomain DomainToProto(const twin::DomainRange& range) {
  v1::TwinDomain wire;
  wire.set_quantity(range.quantity);
  wire.set_unit(range.unit);
  wire.set_low(range.low);
  wire.set_high(range.high);
  return wire;
}

v1::DomainExit DomainExitToProto(const twin::DomainRange& reached,
                                 const twin::DomainRange& domain) {
  v1::DomainExit wire;
  wire.set_quantity(domain.quantity);
  wire.set_unit(domain.unit);
  wire.set_reached_low(reached.low);
  wire.set_reached_high(reached.high);
  wire.set_low(domain.low);
  wire.set_high(domain.high);
  return wire;
}

v1::Twin TwinToProto(const twin::Description& description) {
  v1::Twin wire;
  wire.set_name(TwinNameOf(description.name));
  wire.set_description(description.summary);
  for (const twin::Parameter& parameter : description.parameters) {
    *wire.add_parameters() = ParameterToProto(parameter);
  }
  for (const twin::Signal& input : description.inputs) *wire.add_inputs() = SignalToProto(input);
  for (const twin::Signal& outcome : description.outcomes) {
    *wire.add_outcomes() = SignalToProto(outcome);
  }
  for (const twin::Signal& output : description.outputs) {
    *wire.add_outputs() = SignalToProto(output);
  }
  for (const twin::DomainRange& range : description.domain) {
    *wire.add_domain() = DomainToProto(range);
  }
  wire.set_rig_kind(absl::StrJoin(description.rig_kinds, ", "));
  wire.set_digest(twin::Digest(description));
  return wire;
}

absl::StatusOr<v1::ParameterSet> ParameterSetToProto(const store::ParameterSetRow& row, Body body) {
  v1::ParameterSet wire;
  wire.set_name(ParameterSetNameOf(row.rig, row.revision));
  PARALLAX_RETURN_IF_ERROR(CheckHash(wire.name(), row.bytes, row.sha256));
  PARALLAX_ASSIGN_OR_RETURN(const calibration::ParameterSet set,
                            pipeline::DecodeParameterSet(row.bytes));
  wire.set_revision(row.revision);
  if (row.parent >= 0) wire.set_parent(ParameterSetNameOf(row.rig, row.parent));
  wire.set_state(SetStateToProto(row.state));
  for (const calibration::ParameterValue& value : set.values) {
    *wire.add_values() = ValueToProto(value);
  }
  if (body == Body::kWithJson) wire.set_json(row.bytes);
  wire.set_sha256(row.sha256);
  *wire.mutable_create_time() = TimestampFromUnixNs(row.create_time_unix_ns);
  wire.set_etag(row.etag);
  wire.set_reason(row.reason);
  wire.set_promoter(row.promoter);
  if (row.promote_time_unix_ns != 0) {
    *wire.mutable_promote_time() = TimestampFromUnixNs(row.promote_time_unix_ns);
  }
  return wire;
}

absl::StatusOr<v1::Report> ReportToProto(const store::ReportRow& row, Body body) {
  v1::Report wire;
  wire.set_name(ReportNameOf(row.rig, row.id));
  PARALLAX_RETURN_IF_ERROR(CheckHash(wire.name(), row.bytes, row.sha256));
  wire.set_verdict(row.verdict);
  if (body == Body::kWithJson) wire.set_json(row.bytes);
  wire.set_sha256(row.sha256);
  if (row.parameter_set >= 0) {
    wire.set_parameter_set(ParameterSetNameOf(row.rig, row.parameter_set));
  }
  wire.set_superseded(row.superseded);
  for (const std::string& run : row.retired_runs) wire.add_retired_runs(RunNameOf(row.rig, run));
  *wire.mutable_create_time() = TimestampFromUnixNs(row.create_time_unix_ns);
  return wire;
}

absl::StatusOr<v1::Design> DesignToProto(const store::DesignRow& row, Body body) {
  v1::Design wire;
  wire.set_name(DesignNameOf(row.rig, row.id));
  PARALLAX_RETURN_IF_ERROR(CheckHash(wire.name(), row.bytes, row.sha256));
  wire.set_kind(row.kind);
  wire.set_headline(row.headline);
  wire.set_report(ReportNameOf(row.rig, row.report));
  if (body == Body::kWithJson) wire.set_json(row.bytes);
  wire.set_sha256(row.sha256);
  wire.set_superseded(row.superseded);
  *wire.mutable_create_time() = TimestampFromUnixNs(row.create_time_unix_ns);
  return wire;
}

absl::StatusOr<v1::Model> ModelToProto(const store::ModelRow& row, Body body) {
  v1::Model wire;
  wire.set_name(ModelNameOf(row.rig, row.revision));
  PARALLAX_RETURN_IF_ERROR(CheckHash(wire.name(), row.card, row.card_sha256));
  wire.set_revision(row.revision);
  wire.set_state(ModelStateToProto(row.state));
  if (row.parameter_set >= 0) {
    wire.set_parameter_set(ParameterSetNameOf(row.rig, row.parameter_set));
  }
  if (body == Body::kWithJson) wire.set_json(row.card);
  wire.set_sha256(row.card_sha256);
  wire.set_file_sha256(row.sha256);
  wire.set_superseded(row.superseded);
  *wire.mutable_create_time() = TimestampFromUnixNs(row.create_time_unix_ns);
  wire.set_etag(row.etag);
  wire.set_reason(row.reason);
  wire.set_promoter(row.promoter);
  if (row.promote_time_unix_ns != 0) {
    *wire.mutable_promote_time() = TimestampFromUnixNs(row.promote_time_unix_ns);
  }
  return wire;
}

v1::Job JobToProto(const store::JobRow& row) {
  v1::Job wire;
  wire.set_name(JobNameOf(row.id));
  wire.set_rig(RigNameOf(row.rig));
  wire.set_kind(JobKindToProto(row.kind));
  wire.set_state(JobStateToProto(row.state));
  wire.set_progress(row.progress);
  wire.set_phase(row.phase);
  if (!row.report.empty()) wire.set_report(ReportNameOf(row.rig, row.report));
  if (!row.design.empty()) wire.set_design(DesignNameOf(row.rig, row.design));
  if (row.model >= 0) wire.set_model(ModelNameOf(row.rig, row.model));
  if (!row.failure.ok()) {
    wire.set_error(base::Plain(row.failure));
    wire.mutable_failure()->set_code(static_cast<int>(row.failure.code()));
    wire.mutable_failure()->set_message(std::string(row.failure.message()));
    if (std::optional<v1::ErrorDetail> detail = DetailOf(row.failure)) {
      *wire.mutable_failure()->mutable_detail() = *std::move(detail);
    }
  }
  wire.set_attempts(row.attempts);
  wire.mutable_phase_seconds()->insert(row.phase_seconds.begin(), row.phase_seconds.end());
  *wire.mutable_create_time() = TimestampFromUnixNs(row.create_time_unix_ns);
  if (row.end_time_unix_ns != 0) {
    *wire.mutable_end_time() = TimestampFromUnixNs(row.end_time_unix_ns);
  }
  return wire;
}

}  // namespace parallax::server
