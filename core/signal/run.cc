#include "core/signal/run.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/signal/validate.h"

namespace parallax::signal {
namespace {

absl::Status CheckSetpoint(const Rig& rig, const std::string& where, const std::string& channel_id,
                           const Setpoint& setpoint) {
  const std::string setpoint_where = absl::StrFormat("%s setpoint \"%s\"", where, channel_id);
  const std::string path = absl::StrFormat("setpoints[%s]", channel_id);
  if (absl::StatusOr<ChannelRef> ref = FindChannel(rig, channel_id); !ref.ok()) {
    base::FieldError error = base::FieldErrorOf(ref.status()).value_or(base::FieldError());
    error.field = path;
    return base::WithFieldError(absl::InvalidArgumentError(absl::StrFormat(
                                    "%s: %s", setpoint_where, std::string(ref.status().message()))),
                                error);
  }
  if (!std::isfinite(setpoint.value)) {
    return base::InvalidField({.field = path + ".value",
                               .value = absl::StrFormat("%g", setpoint.value),
                               .bound = "finite",
                               .next_step = ""},
                              setpoint_where + ": value");
  }
  return absl::OkStatus();
}

absl::Status BadTime(const std::string& where, const std::string& field, double time_s,
                     double least_s) {
  return base::InvalidField({.field = field,
                             .value = absl::StrFormat("%g", time_s),
                             .bound = absl::StrFormat("finite and >= %g", least_s),
                             .next_step = ""},
                            where + ": " + field);
}

absl::Status CheckSegment(const Rig& rig, const std::string& where, const Segment& segment,
                          double earliest_s) {
  if (!std::isfinite(segment.start_s) || segment.start_s < earliest_s) {
    return BadTime(where, "start_s", segment.start_s, earliest_s);
  }
  if (!std::isfinite(segment.end_s) || !(segment.end_s >= segment.start_s)) {
    return BadTime(where, "end_s", segment.end_s, segment.start_s);
  }
  for (const auto& [channel_id, setpoint] : segment.setpoints) {
    PARALLAX_RETURN_IF_ERROR(CheckSetpoint(rig, where, channel_id, setpoint));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRun(const Rig& rig, const Run& run) {
  PARALLAX_RETURN_IF_ERROR(CheckId("run", "id", run.id));
  double earliest_s = 0.0;
  for (size_t i = 0; i < run.recipe.segments.size(); ++i) {
    const Segment& segment = run.recipe.segments[i];
    const std::string where =
        absl::StrFormat("run \"%s\" segment %d \"%s\"", run.id, i, segment.name);
    PARALLAX_RETURN_IF_ERROR(base::Within(CheckSegment(rig, where, segment, earliest_s),
                                          absl::StrFormat("segments[%d]", i)));
    earliest_s = segment.end_s;
  }
  return absl::OkStatus();
}

std::optional<double> SetpointAt(const Recipe& recipe, const std::string& channel_id,
                                 double time_s) {
  std::optional<double> value;
  for (const Segment& segment : recipe.segments) {
    if (time_s < segment.start_s) break;
    const auto setpoint = segment.setpoints.find(channel_id);
    if (setpoint == segment.setpoints.end()) continue;
    const double target = setpoint->second.value;
    const double length_s = segment.end_s - segment.start_s;
    // A ramp starts from the value held before; one without such a value starts at its target.
    if (setpoint->second.ramp && value && time_s < segment.end_s && length_s > 0.0) {
      value = *value + (target - *value) * (time_s - segment.start_s) / length_s;
    } else {
      value = target;
    }
  }
  return value;
}

}  // namespace parallax::signal
