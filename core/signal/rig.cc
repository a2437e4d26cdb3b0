#include "core/signal/rig.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/edit_distance.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/signal/validate.h"

namespace parallax::signal {
namespace {

absl::Status CheckFigure(const std::string& where, std::string_view field, double value) {
  if (std::isfinite(value) && value >= 0.0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s = %g, must be finite and >= 0", where, field, value));
}

absl::Status CheckReference(const std::string& where, const GasReference& reference) {
  if (!(reference.temperature_k > 0.0) || !std::isfinite(reference.temperature_k)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: reference.temperature_k = %g, must be > 0", where, reference.temperature_k));
  }
  if (!(reference.pressure_pa > 0.0) || !std::isfinite(reference.pressure_pa)) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: reference.pressure_pa = %g, must be > 0",
                                                      where, reference.pressure_pa));
  }
  return absl::OkStatus();
}

absl::Status ValidateChannel(const std::string& where, const Channel& channel) {
  if (absl::StatusOr<base::Unit> unit = base::FindUnit(channel.unit); !unit.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", where, std::string(unit.status().message())));
  }
  PARALLAX_RETURN_IF_ERROR(CheckFigure(where, "rate_hz", channel.rate_hz));
  PARALLAX_RETURN_IF_ERROR(CheckFigure(where, "noise_sd", channel.noise_sd));
  PARALLAX_RETURN_IF_ERROR(CheckFigure(where, "resolution", channel.resolution));
  const bool finite = std::isfinite(channel.range_low) && std::isfinite(channel.range_high);
  if (!finite || !(channel.range_low < channel.range_high)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: range = [%g, %g], must be finite with low < high", where,
                        channel.range_low, channel.range_high));
  }
  if (channel.reference) PARALLAX_RETURN_IF_ERROR(CheckReference(where, *channel.reference));
  return absl::OkStatus();
}

absl::Status ValidateDevice(const std::string& rig_where, const Device& device) {
  const std::string where = absl::StrFormat("%s device \"%s\"", rig_where, device.id);
  PARALLAX_RETURN_IF_ERROR(CheckId(rig_where, "device id", device.id));
  if (device.channels.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: has no channels", where));
  }
  std::set<std::string> ids;
  for (const Channel& channel : device.channels) {
    PARALLAX_RETURN_IF_ERROR(CheckId(where, "channel id", channel.id));
    const std::string channel_where = absl::StrFormat("%s channel \"%s\"", where, channel.id);
    if (!ids.insert(channel.id).second) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: id is not unique", channel_where));
    }
    PARALLAX_RETURN_IF_ERROR(ValidateChannel(channel_where, channel));
  }
  return absl::OkStatus();
}

absl::Status NotFound(const Rig& rig, const std::vector<ChannelRef>& channels,
                      std::string_view name) {
  const bool full = name.find('/') != std::string_view::npos;
  std::vector<std::string> names;
  for (const ChannelRef& ref : channels) names.push_back(full ? ref.name() : ref.channel->id);
  const std::string nearest = base::NearestName(name, names);
  const std::string hint = nearest.empty()
                               ? absl::StrFormat("its channels are %s", absl::StrJoin(names, ", "))
                               : absl::StrFormat("did you mean \"%s\"?", nearest);
  return absl::NotFoundError(
      absl::StrFormat("rig \"%s\" has no channel \"%s\"; %s", rig.id, name, hint));
}

}  // namespace

absl::Status CheckId(std::string_view where, std::string_view field, std::string_view id) {
  constexpr size_t kMaxIdLength = 63;
  const bool legal = std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  });
  if (legal && !id.empty() && id.size() <= kMaxIdLength) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s = \"%s\", must be 1 to 63 characters of [A-Za-z0-9_.-]", where, field,
                      id.substr(0, kMaxIdLength + 1)));
}

std::vector<ChannelRef> ListChannels(const Rig& rig) {
  std::vector<ChannelRef> channels;
  for (const Device& device : rig.devices) {
    for (const Channel& channel : device.channels) {
      channels.push_back({static_cast<uint32_t>(channels.size()), &device, &channel});
    }
  }
  return channels;
}

absl::StatusOr<ChannelRef> FindChannel(const Rig& rig, std::string_view name) {
  const std::vector<ChannelRef> channels = ListChannels(rig);
  std::vector<ChannelRef> found;
  for (const ChannelRef& ref : channels) {
    if (ref.name() == name) return ref;
    if (ref.channel->id == name) found.push_back(ref);
  }
  if (found.empty()) return NotFound(rig, channels, name);
  if (found.size() == 1) return found.front();
  return absl::InvalidArgumentError(
      absl::StrFormat("channel \"%s\" of rig \"%s\" is ambiguous: %s or %s", name, rig.id,
                      found[0].name(), found[1].name()));
}

absl::Status ValidateRig(const Rig& rig) {
  PARALLAX_RETURN_IF_ERROR(CheckId("rig", "id", rig.id));
  const std::string where = absl::StrFormat("rig \"%s\"", rig.id);
  for (const auto& [key, value] : rig.geometry) {
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: geometry.%s = %g, must be finite", where, key, value));
    }
  }
  std::set<std::string> ids;
  size_t channels = 0;
  for (const Device& device : rig.devices) {
    PARALLAX_RETURN_IF_ERROR(ValidateDevice(where, device));
    if (!ids.insert(device.id).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s device \"%s\": id is not unique", where, device.id));
    }
    channels += device.channels.size();
  }
  if (channels == 0 || channels > kMaxChannels) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %d channels, must be 1 to %d", where, channels, kMaxChannels));
  }
  return absl::OkStatus();
}

std::string SchemaHash(const Rig& rig) {
  // A line feed can be in no id or unit, so the concatenation is unambiguous.
  base::Sha256 digest;
  for (const ChannelRef& ref : ListChannels(rig)) {
    digest.Update(absl::StrFormat("%s\n%s\n", ref.name(), ref.channel->unit));
  }
  return digest.FinishHex();
}

}  // namespace parallax::signal
