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
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/signal/validate.h"

namespace parallax::signal {
namespace {

/// An error of a field that people find by `where`.
absl::Status BadField(const std::string& where, std::string_view field, std::string value,
                      std::string bound) {
  return base::InvalidField({.field = std::string(field),
                             .value = std::move(value),
                             .bound = std::move(bound),
                             .next_step = ""},
                            absl::StrFormat("%s: %s", where, field));
}

absl::Status CheckFigure(const std::string& where, std::string_view field, double value) {
  if (std::isfinite(value) && value >= 0.0) return absl::OkStatus();
  return BadField(where, field, absl::StrFormat("%g", value), "finite and >= 0");
}

absl::Status CheckReference(const std::string& where, const GasReference& reference) {
  if (!(reference.temperature_k > 0.0) || !std::isfinite(reference.temperature_k)) {
    return BadField(where, "reference.temperature_k",
                    absl::StrFormat("%g", reference.temperature_k), "> 0");
  }
  if (!(reference.pressure_pa > 0.0) || !std::isfinite(reference.pressure_pa)) {
    return BadField(where, "reference.pressure_pa", absl::StrFormat("%g", reference.pressure_pa),
                    "> 0");
  }
  return absl::OkStatus();
}

absl::Status ValidateChannel(const std::string& where, const Channel& channel) {
  if (absl::StatusOr<base::Unit> unit = base::FindUnit(channel.unit); !unit.ok()) {
    return base::Annotate(base::Within(unit.status(), "unit"), where);
  }
  PARALLAX_RETURN_IF_ERROR(CheckFigure(where, "rate_hz", channel.rate_hz));
  PARALLAX_RETURN_IF_ERROR(CheckFigure(where, "noise_sd", channel.noise_sd));
  PARALLAX_RETURN_IF_ERROR(CheckFigure(where, "resolution", channel.resolution));
  const bool finite = std::isfinite(channel.range_low) && std::isfinite(channel.range_high);
  if (!finite || !(channel.range_low < channel.range_high)) {
    return BadField(where, "range",
                    absl::StrFormat("[%g, %g]", channel.range_low, channel.range_high),
                    "finite with low < high");
  }
  if (channel.reference) PARALLAX_RETURN_IF_ERROR(CheckReference(where, *channel.reference));
  return absl::OkStatus();
}

absl::Status ValidateDevice(const std::string& rig_where, const Device& device) {
  const std::string where = absl::StrFormat("%s device \"%s\"", rig_where, device.id);
  PARALLAX_RETURN_IF_ERROR(CheckId(rig_where + " device", "id", device.id));
  if (device.channels.empty()) {
    return BadField(where, "channels", "none", "at least 1");
  }
  std::set<std::string> ids;
  for (size_t i = 0; i < device.channels.size(); ++i) {
    const Channel& channel = device.channels[i];
    const std::string path = absl::StrFormat("channels[%d]", i);
    PARALLAX_RETURN_IF_ERROR(base::Within(CheckId(where + " channel", "id", channel.id), path));
    const std::string channel_where = absl::StrFormat("%s channel \"%s\"", where, channel.id);
    if (!ids.insert(channel.id).second) {
      return base::Within(BadField(channel_where, "id", channel.id, "unique in its device"), path);
    }
    PARALLAX_RETURN_IF_ERROR(base::Within(ValidateChannel(channel_where, channel), path));
  }
  return absl::OkStatus();
}

absl::Status NotFound(const Rig& rig, const std::vector<ChannelRef>& channels,
                      std::string_view name) {
  const bool full = name.find('/') != std::string_view::npos;
  std::vector<std::string> names;
  for (const ChannelRef& ref : channels) names.push_back(full ? ref.name() : ref.channel->id);
  const std::string nearest = base::NearestName(name, names);
  const std::string known = absl::StrJoin(names, ", ");
  const std::string hint = nearest.empty() ? absl::StrFormat("its channels are %s", known)
                                           : absl::StrFormat("did you mean \"%s\"?", nearest);
  return base::WithFieldError(absl::NotFoundError(absl::StrFormat(
                                  "rig \"%s\" has no channel \"%s\"; %s", rig.id, name, hint)),
                              {.field = "",
                               .value = std::string(name),
                               .bound = absl::StrFormat("one of %s", known),
                               .next_step = nearest.empty() ? "" : hint});
}

}  // namespace

absl::Status CheckId(std::string_view where, std::string_view field, std::string_view id) {
  constexpr size_t kMaxIdLength = 63;
  const bool legal = std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  });
  if (legal && !id.empty() && id.size() <= kMaxIdLength) return absl::OkStatus();
  return BadField(std::string(where), field, std::string(id),
                  "1 to 63 characters of [A-Za-z0-9_.-]");
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
  const std::string choice = absl::StrFormat("%s or %s", found[0].name(), found[1].name());
  return base::WithFieldError(
      absl::InvalidArgumentError(
          absl::StrFormat("channel \"%s\" of rig \"%s\" is ambiguous: %s", name, rig.id, choice)),
      {.field = "", .value = std::string(name), .bound = choice, .next_step = "name the device"});
}

absl::Status ValidateRig(const Rig& rig) {
  PARALLAX_RETURN_IF_ERROR(CheckId("rig", "id", rig.id));
  const std::string where = absl::StrFormat("rig \"%s\"", rig.id);
  for (const auto& [key, value] : rig.geometry) {
    if (!std::isfinite(value)) {
      return BadField(where, absl::StrFormat("geometry[%s]", key), absl::StrFormat("%g", value),
                      "finite");
    }
  }
  std::set<std::string> ids;
  size_t channels = 0;
  for (size_t i = 0; i < rig.devices.size(); ++i) {
    const Device& device = rig.devices[i];
    const std::string path = absl::StrFormat("devices[%d]", i);
    PARALLAX_RETURN_IF_ERROR(base::Within(ValidateDevice(where, device), path));
    if (!ids.insert(device.id).second) {
      return base::Within(BadField(absl::StrFormat("%s device \"%s\"", where, device.id), "id",
                                   device.id, "unique in its rig"),
                          path);
    }
    channels += device.channels.size();
  }
  if (channels == 0 || channels > kMaxChannels) {
    return BadField(where, "devices", absl::StrFormat("%d channels", channels),
                    absl::StrFormat("1 to %d channels in all", kMaxChannels));
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
