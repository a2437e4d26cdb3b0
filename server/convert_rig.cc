#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/http_url.h"
#include "server/names.h"

namespace parallax::server {
namespace {

constexpr int kMaxAttributes = 64;
constexpr size_t kMaxUrlBytes = 2048;
constexpr size_t kMinSecretBytes = 16;
constexpr size_t kMaxSecretBytes = 256;
constexpr absl::Duration kShortestKeep = absl::Hours(1);
constexpr absl::Duration kLongestKeep = absl::Hours(24 * 365 * 100);

absl::StatusOr<signal::Role> RoleFromProto(const std::string& field, v1::ChannelRole role) {
  switch (role) {
    case v1::CHANNEL_ROLE_SETPOINT:
      return signal::Role::kSetpoint;
    case v1::CHANNEL_ROLE_ACTUATOR:
      return signal::Role::kActuator;
    case v1::CHANNEL_ROLE_MEASURED:
      return signal::Role::kMeasured;
    default:
      return InvalidField(field, absl::StrFormat("%d", static_cast<int>(role)),
                          "SETPOINT, ACTUATOR or MEASURED");
  }
}

v1::ChannelRole RoleToProto(signal::Role role) {
  switch (role) {
    case signal::Role::kSetpoint:
      return v1::CHANNEL_ROLE_SETPOINT;
    case signal::Role::kActuator:
      return v1::CHANNEL_ROLE_ACTUATOR;
    case signal::Role::kMeasured:
      return v1::CHANNEL_ROLE_MEASURED;
  }
  return v1::CHANNEL_ROLE_UNSPECIFIED;
}

absl::StatusOr<std::map<std::string, double>> NumbersFromProto(
    const std::string& field, const google::protobuf::Map<std::string, double>& numbers,
    int max_entries) {
  PARALLAX_RETURN_IF_ERROR(CheckCount(field, static_cast<int64_t>(numbers.size()), max_entries));
  std::map<std::string, double> result;
  for (const auto& [key, value] : numbers) {
    PARALLAX_RETURN_IF_ERROR(CheckText(field + " key", key, kMaxNameBytes));
    PARALLAX_RETURN_IF_ERROR(CheckFinite(absl::StrFormat("%s[%s]", field, key), value));
    result.emplace(key, value);
  }
  return result;
}

absl::Status CheckChannelNumbers(const std::string& field, const v1::Channel& channel) {
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".rate_hz", channel.rate_hz()));
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".noise_sd", channel.noise_sd()));
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".resolution", channel.resolution()));
  PARALLAX_RETURN_IF_ERROR(CheckFinite(field + ".range_low", channel.range_low()));
  PARALLAX_RETURN_IF_ERROR(CheckFinite(field + ".range_high", channel.range_high()));
  if (channel.range_high() <= channel.range_low()) {
    return InvalidField(field + ".range_high", absl::StrFormat("%g", channel.range_high()),
                        absl::StrFormat("> range_low = %g", channel.range_low()));
  }
  return absl::OkStatus();
}

absl::StatusOr<signal::Channel> ChannelFromProto(const std::string& field,
                                                 const v1::Channel& wire) {
  PARALLAX_RETURN_IF_ERROR(CheckText(field + ".id", wire.id(), kMaxNameBytes));
  PARALLAX_RETURN_IF_ERROR(CheckText(field + ".quantity", wire.quantity(), kMaxNameBytes));
  PARALLAX_RETURN_IF_ERROR(CheckText(field + ".unit", wire.unit(), kMaxNameBytes));
  if (const absl::StatusOr<base::Unit> unit = base::FindUnit(wire.unit()); !unit.ok()) {
    const base::FieldError error = *base::FieldErrorOf(unit.status());
    return InvalidField(field + ".unit", wire.unit(), error.bound, error.next_step);
  }
  PARALLAX_RETURN_IF_ERROR(CheckChannelNumbers(field, wire));
  signal::Channel channel{.id = wire.id(),
                          .quantity = wire.quantity(),
                          .unit = wire.unit(),
                          .rate_hz = wire.rate_hz(),
                          .noise_sd = wire.noise_sd(),
                          .resolution = wire.resolution(),
                          .range_low = wire.range_low(),
                          .range_high = wire.range_high()};
  PARALLAX_ASSIGN_OR_RETURN(channel.role, RoleFromProto(field + ".role", wire.role()));
  if (wire.has_reference()) {
    const v1::GasReference& reference = wire.reference();
    PARALLAX_RETURN_IF_ERROR(
        CheckPositive(field + ".reference.temperature_k", reference.temperature_k()));
    PARALLAX_RETURN_IF_ERROR(
        CheckPositive(field + ".reference.pressure_pa", reference.pressure_pa()));
    channel.reference = {reference.temperature_k(), reference.pressure_pa()};
  }
  PARALLAX_ASSIGN_OR_RETURN(
      channel.attributes,
      NumbersFromProto(field + ".attributes", wire.attributes(), kMaxAttributes));
  return channel;
}

absl::Status CheckChannelCount(const v1::Rig& wire) {
  size_t channels = 0;
  for (const v1::Device& device : wire.devices()) {
    channels += static_cast<size_t>(device.channels_size());
  }
  if (channels > signal::kMaxChannels ||
      static_cast<size_t>(wire.devices_size()) > signal::kMaxChannels) {
    return InvalidField("rig.devices",
                        absl::StrFormat("%u channels on %d devices", channels, wire.devices_size()),
                        absl::StrFormat("at most %u channels", signal::kMaxChannels));
  }
  return absl::OkStatus();
}

v1::Recalibration RecalibrationToProto(store::Recalibration mode) {
  switch (mode) {
    case store::Recalibration::kOff:
      return v1::RECALIBRATION_OFF;
    case store::Recalibration::kHold:
      return v1::RECALIBRATION_HOLD;
    case store::Recalibration::kPromote:
      return v1::RECALIBRATION_PROMOTE;
  }
  return v1::RECALIBRATION_UNSPECIFIED;
}

v1::Channel ChannelToProto(const signal::Channel& channel) {
  v1::Channel wire;
  wire.set_id(channel.id);
  wire.set_quantity(channel.quantity);
  wire.set_unit(channel.unit);
  wire.set_role(RoleToProto(channel.role));
  wire.set_rate_hz(channel.rate_hz);
  wire.set_noise_sd(channel.noise_sd);
  wire.set_resolution(channel.resolution);
  wire.set_range_low(channel.range_low);
  wire.set_range_high(channel.range_high);
  if (channel.reference.has_value()) {
    wire.mutable_reference()->set_temperature_k(channel.reference->temperature_k);
    wire.mutable_reference()->set_pressure_pa(channel.reference->pressure_pa);
  }
  wire.mutable_attributes()->insert(channel.attributes.begin(), channel.attributes.end());
  return wire;
}

}  // namespace

absl::StatusOr<signal::Rig> RigFromProto(const std::string& rig_id, const v1::Rig& wire) {
  PARALLAX_RETURN_IF_ERROR(ParseRigName("rig_id", RigNameOf(rig_id)).status());
  PARALLAX_RETURN_IF_ERROR(CheckText("rig.kind", wire.kind(), kMaxNameBytes));
  PARALLAX_RETURN_IF_ERROR(CheckText("rig.title", wire.title(), kMaxNameBytes));
  PARALLAX_RETURN_IF_ERROR(CheckText("rig.twin", wire.twin(), kMaxNameBytes));
  PARALLAX_RETURN_IF_ERROR(CheckChannelCount(wire));
  signal::Rig rig{.id = rig_id, .kind = wire.kind()};
  PARALLAX_ASSIGN_OR_RETURN(rig.geometry,
                            NumbersFromProto("rig.geometry", wire.geometry(), kMaxMapEntries));
  for (int d = 0; d < wire.devices_size(); ++d) {
    const v1::Device& wire_device = wire.devices(d);
    const std::string field = absl::StrFormat("rig.devices[%d]", d);
    PARALLAX_RETURN_IF_ERROR(CheckText(field + ".id", wire_device.id(), kMaxNameBytes));
    signal::Device device{.id = wire_device.id()};
    for (int c = 0; c < wire_device.channels_size(); ++c) {
      PARALLAX_ASSIGN_OR_RETURN(
          signal::Channel channel,
          ChannelFromProto(absl::StrFormat("%s.channels[%d]", field, c), wire_device.channels(c)));
      device.channels.push_back(std::move(channel));
    }
    rig.devices.push_back(std::move(device));
  }
  PARALLAX_RETURN_IF_ERROR(AtField(signal::ValidateRig(rig), "rig"));
  return rig;
}

v1::Rig RigToProto(const store::RigRow& row) {
  v1::Rig wire;
  wire.set_name(RigNameOf(row.rig.id));
  wire.set_kind(row.rig.kind);
  wire.mutable_geometry()->insert(row.rig.geometry.begin(), row.rig.geometry.end());
  for (const signal::Device& device : row.rig.devices) {
    v1::Device* wire_device = wire.add_devices();
    wire_device->set_id(device.id);
    for (const signal::Channel& channel : device.channels) {
      *wire_device->add_channels() = ChannelToProto(channel);
    }
  }
  wire.set_twin(row.twin);
  wire.set_schema_hash(signal::SchemaHash(row.rig));
  wire.set_etag(row.etag);
  *wire.mutable_create_time() = TimestampFromUnixNs(row.create_time_unix_ns);
  wire.set_title(row.title);
  wire.set_recalibration(RecalibrationToProto(row.recalibration));
  if (!row.webhook.url.empty()) wire.mutable_webhook()->set_url(row.webhook.url);
  if (row.keep_samples != absl::InfiniteDuration()) {
    absl::Duration rest;
    google::protobuf::Duration* keep = wire.mutable_keep_samples();
    keep->set_seconds(absl::IDivDuration(row.keep_samples, absl::Seconds(1), &rest));
    keep->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  }
  return wire;
}

absl::StatusOr<std::optional<store::Recalibration>> RecalibrationFromProto(const std::string& field,
                                                                           v1::Recalibration wire) {
  switch (wire) {
    case v1::RECALIBRATION_UNSPECIFIED:
      return std::optional<store::Recalibration>();
    case v1::RECALIBRATION_OFF:
      return store::Recalibration::kOff;
    case v1::RECALIBRATION_HOLD:
      return store::Recalibration::kHold;
    case v1::RECALIBRATION_PROMOTE:
      return store::Recalibration::kPromote;
    default:
      return InvalidField(field, absl::StrFormat("%d", static_cast<int>(wire)),
                          "OFF, HOLD or PROMOTE");
  }
}

absl::StatusOr<absl::Duration> KeepSamplesFromProto(const std::string& field,
                                                    const google::protobuf::Duration& wire) {
  const absl::Duration keep = absl::Seconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
  if (keep == absl::ZeroDuration()) return absl::InfiniteDuration();
  if (keep >= kShortestKeep && keep <= kLongestKeep) return keep;
  return InvalidField(field, absl::FormatDuration(keep), "from 1 hour to 100 years",
                      "or 0, to keep samples for ever");
}

absl::StatusOr<store::Webhook> WebhookFromProto(const std::string& field, const v1::Webhook& wire) {
  if (wire.url().empty()) return store::Webhook{};
  PARALLAX_RETURN_IF_ERROR(CheckText(field + ".url", wire.url(), kMaxUrlBytes));
  if (const absl::StatusOr<HttpUrl> url = ParseHttpUrl(wire.url()); !url.ok()) {
    return AtField(url.status(), field);
  }
  // The secret itself is not echoed.
  if (wire.secret().size() < kMinSecretBytes || wire.secret().size() > kMaxSecretBytes) {
    return InvalidField(field + ".secret", absl::StrFormat("%u bytes", wire.secret().size()),
                        absl::StrFormat("%u to %u bytes", kMinSecretBytes, kMaxSecretBytes));
  }
  return store::Webhook{wire.url(), wire.secret()};
}

}  // namespace parallax::server
