#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/device_time.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/names.h"

namespace parallax::server {
namespace {

constexpr int kMaxSetpoints = 1024;

absl::StatusOr<signal::Split> SplitFromProto(v1::RunSplit split) {
  switch (split) {
    case v1::RUN_SPLIT_UNASSIGNED:
      return signal::Split::kUnassigned;
    case v1::RUN_SPLIT_CALIBRATE:
      return signal::Split::kCalibrate;
    case v1::RUN_SPLIT_VALIDATE:
      return signal::Split::kValidate;
    default:
      return InvalidField("run.split", absl::StrFormat("%d", static_cast<int>(split)),
                          "UNASSIGNED, CALIBRATE or VALIDATE");
  }
}

v1::RunSplit SplitToProto(signal::Split split) {
  switch (split) {
    case signal::Split::kUnassigned:
      return v1::RUN_SPLIT_UNASSIGNED;
    case signal::Split::kCalibrate:
      return v1::RUN_SPLIT_CALIBRATE;
    case signal::Split::kValidate:
      return v1::RUN_SPLIT_VALIDATE;
  }
  return v1::RUN_SPLIT_UNSPECIFIED;
}

absl::StatusOr<signal::Segment> SegmentFromProto(const std::string& field,
                                                 const v1::Segment& wire) {
  PARALLAX_RETURN_IF_ERROR(CheckText(field + ".name", wire.name(), kMaxNameBytes));
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".start_s", wire.start_s()));
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".end_s", wire.end_s()));
  PARALLAX_RETURN_IF_ERROR(
      CheckCount(field + ".setpoints", static_cast<int64_t>(wire.setpoints_size()), kMaxSetpoints));
  signal::Segment segment{.name = wire.name(), .start_s = wire.start_s(), .end_s = wire.end_s()};
  for (const auto& [channel, setpoint] : wire.setpoints()) {
    PARALLAX_RETURN_IF_ERROR(CheckText(field + ".setpoints key", channel, kMaxNameBytes));
    PARALLAX_RETURN_IF_ERROR(
        CheckFinite(absl::StrFormat("%s.setpoints[%s].value", field, channel), setpoint.value()));
    segment.setpoints[channel] = {.value = setpoint.value(), .ramp = setpoint.ramp()};
  }
  return segment;
}

absl::Status CheckGrowth(const v1::Run& wire) {
  if (wire.has_substrate()) {
    const v1::Substrate& substrate = wire.substrate();
    PARALLAX_RETURN_IF_ERROR(
        CheckText("run.substrate.material", substrate.material(), kMaxNameBytes));
    PARALLAX_RETURN_IF_ERROR(CheckPositive("run.substrate.thickness_m", substrate.thickness_m()));
  }
  if (wire.has_catalyst()) {
    const v1::Catalyst& catalyst = wire.catalyst();
    PARALLAX_RETURN_IF_ERROR(CheckText("run.catalyst.set", catalyst.set(), kMaxNameBytes));
    PARALLAX_RETURN_IF_ERROR(CheckText("run.catalyst.feed", catalyst.feed(), kMaxNameBytes));
    PARALLAX_RETURN_IF_ERROR(CheckNotNegative("run.catalyst.reduction_s", catalyst.reduction_s()));
    PARALLAX_RETURN_IF_ERROR(CheckNotNegative("run.catalyst.anneal_s", catalyst.anneal_s()));
  }
  return absl::OkStatus();
}

v1::Retirement RetirementToProto(const store::Retirement& retirement) {
  v1::Retirement wire;
  *wire.mutable_retire_time() = TimestampFromUnixNs(retirement.retire_time_unix_ns);
  wire.set_sha256(retirement.sha256);
  wire.set_samples(retirement.samples);
  if (retirement.samples > 0) {
    *wire.mutable_first_sample_time() = TimestampFromUnixNs(retirement.first_time_unix_ns);
    *wire.mutable_last_sample_time() = TimestampFromUnixNs(retirement.last_time_unix_ns);
  }
  return wire;
}

v1::Segment SegmentToProto(const signal::Segment& segment) {
  v1::Segment wire;
  wire.set_name(segment.name);
  wire.set_start_s(segment.start_s);
  wire.set_end_s(segment.end_s);
  for (const auto& [channel, setpoint] : segment.setpoints) {
    v1::Setpoint& target = (*wire.mutable_setpoints())[channel];
    target.set_value(setpoint.value);
    target.set_ramp(setpoint.ramp);
  }
  return wire;
}

}  // namespace

absl::StatusOr<signal::Run> RunFromProto(const signal::Rig& rig, const std::string& run_id,
                                         const v1::Run& wire) {
  PARALLAX_RETURN_IF_ERROR(ParseRunName("run_id", RunNameOf(rig.id, run_id)).status());
  PARALLAX_RETURN_IF_ERROR(CheckText("run.notes", wire.notes(), kMaxTextBytes));
  PARALLAX_RETURN_IF_ERROR(CheckCount("run.segments", wire.segments_size(), kMaxSegments));
  PARALLAX_RETURN_IF_ERROR(CheckGrowth(wire));
  if (!wire.has_start_time()) {
    return InvalidField("run.start_time", "", "set", "analysis takes the run's clock from it");
  }
  signal::Run run{.id = run_id, .notes = wire.notes()};
  PARALLAX_ASSIGN_OR_RETURN(run.started_at_unix_ns,
                            UnixNsFromProto("run.start_time", wire.start_time()));
  if (!base::IsDeviceTime(run.started_at_unix_ns)) {
    return InvalidField("run.start_time", absl::StrFormat("%d ns", run.started_at_unix_ns),
                        "from 1980 to 2200, as the times of samples");
  }
  PARALLAX_ASSIGN_OR_RETURN(run.split, SplitFromProto(wire.split()));
  for (int i = 0; i < wire.segments_size(); ++i) {
    PARALLAX_ASSIGN_OR_RETURN(
        signal::Segment segment,
        SegmentFromProto(absl::StrFormat("run.segments[%d]", i), wire.segments(i)));
    run.recipe.segments.push_back(std::move(segment));
  }
  if (wire.has_substrate()) {
    run.substrate = {wire.substrate().material(), wire.substrate().thickness_m()};
  }
  if (wire.has_catalyst()) {
    run.catalyst = {wire.catalyst().set(), wire.catalyst().feed(), wire.catalyst().reduction_s(),
                    wire.catalyst().anneal_s()};
  }
  PARALLAX_RETURN_IF_ERROR(AtField(signal::ValidateRun(rig, run), "run"));
  return run;
}

v1::Run RunToProto(const store::RunRow& row, const Ledger& ledger) {
  v1::Run wire;
  wire.set_name(RunNameOf(row.rig, row.run.id));
  *wire.mutable_start_time() = TimestampFromUnixNs(row.run.started_at_unix_ns);
  for (const signal::Segment& segment : row.run.recipe.segments) {
    *wire.add_segments() = SegmentToProto(segment);
  }
  if (row.run.substrate.has_value()) {
    wire.mutable_substrate()->set_material(row.run.substrate->material);
    wire.mutable_substrate()->set_thickness_m(row.run.substrate->thickness_m);
  }
  if (row.run.catalyst.has_value()) {
    wire.mutable_catalyst()->set_set(row.run.catalyst->set);
    wire.mutable_catalyst()->set_feed(row.run.catalyst->feed);
    wire.mutable_catalyst()->set_reduction_s(row.run.catalyst->reduction_s);
    wire.mutable_catalyst()->set_anneal_s(row.run.catalyst->anneal_s);
  }
  wire.set_notes(row.run.notes);
  wire.set_split(SplitToProto(row.run.split));
  wire.set_state(row.closed ? v1::RUN_STATE_CLOSED : v1::RUN_STATE_OPEN);
  *wire.mutable_ledger() = LedgerToProto(ledger);
  if (row.retirement.has_value()) *wire.mutable_retirement() = RetirementToProto(*row.retirement);
  return wire;
}

v1::RunStream StreamToProto(const store::StreamRow& row) {
  v1::RunStream wire;
  wire.set_producer_id(row.producer_id);
  wire.set_epoch(row.epoch);
  wire.set_batches(row.next_seq);
  wire.set_stored(row.stored);
  wire.set_retired(row.retired);
  if (row.first_received_unix_ns != 0) {
    *wire.mutable_first_receive_time() = TimestampFromUnixNs(row.first_received_unix_ns);
  }
  if (row.last_received_unix_ns != 0) {
    *wire.mutable_last_receive_time() = TimestampFromUnixNs(row.last_received_unix_ns);
  }
  return wire;
}

}  // namespace parallax::server
