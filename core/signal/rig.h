#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::signal {

enum class Role { kSetpoint, kActuator, kMeasured };

/// The state at which a standard volumetric flow counts its gas.
struct GasReference {
  double temperature_k = 273.15;
  double pressure_pa = 101325.0;
};

/// One signal of a device. Values on the wire and in the store are in `unit`, as the device sent
/// them; conversion to SI happens once, where Analysis loads a run.
struct Channel {
  std::string id;
  std::string quantity;  ///< free text naming what is measured: "temperature"
  std::string unit;      ///< UCUM code of base::FindUnit
  Role role = Role::kMeasured;
  double rate_hz = 0.0;
  double noise_sd = 0.0;    ///< data-sheet 1 sigma, in `unit`, as a difference; 0: not stated
  double resolution = 0.0;  ///< quantisation step, in `unit`, as a difference; 0: not stated
  double range_low = 0.0;   ///< in `unit`
  double range_high = 0.0;  ///< in `unit`
  std::optional<GasReference> reference;     ///< standard volumetric flows only
  std::map<std::string, double> attributes;  ///< any further number of rig.json, such as zone
};

struct Device {
  std::string id;
  std::vector<Channel> channels;
};

/// One rig: its geometry and the devices that stream from it.
struct Rig {
  std::string id;
  std::string kind;                        ///< "stage", "hot_wall", "two_heater", "furnace"
  std::map<std::string, double> geometry;  ///< keys carry their SI unit as a suffix
  std::vector<Device> devices;
};

/// Where a channel stands in its rig. `index` counts channels over all devices, in order; it is how
/// batches name a channel.
struct ChannelRef {
  uint32_t index = 0;
  const Device* device = nullptr;
  const Channel* channel = nullptr;
  std::string name() const { return device->id + "/" + channel->id; }  ///< "board/T1"
};

/// All channels of a rig in index order; pointers borrow from `rig`.
std::vector<ChannelRef> ListChannels(const Rig& rig);

/// The channel of a full name ("board/T1"), or of a bare id ("T1") where it is the only one.
/// Errors: NotFound naming the rig's channels nearest to it; InvalidArgument where a bare id is
/// ambiguous.
absl::StatusOr<ChannelRef> FindChannel(const Rig& rig, std::string_view name);

/// Checks ids (1 to 63 characters of [A-Za-z0-9_.-]), units, ranges, rates, uniqueness; at most
/// kMaxChannels. Errors: InvalidArgument naming device, channel, field, value and bound.
absl::Status ValidateRig(const Rig& rig);
inline constexpr size_t kMaxChannels = 1024;

/// SHA-256 over what decides the meaning of a batch: channel ids, units and their order. A producer
/// sends it in Hello; a mismatch means it speaks of another rig.
std::string SchemaHash(const Rig& rig);

}  // namespace parallax::signal
