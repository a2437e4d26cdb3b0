#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "parallax/v1/watch.pb.h"

namespace parallax::server {

/// What an event is about, which decides who gets it and how it is coalesced.
enum class WatchTopic {
  kState,    ///< a rig, run, parameter set or job as it stands
  kFinding,  ///< a Detection, or a Gap that everybody shares
  kHealth,   ///< RunHealth
  kPoints,   ///< RunPoints
};

/// Something that happened, before the hub gives it its place.
struct WatchEvent {
  WatchTopic topic = WatchTopic::kState;
  std::string rig;               ///< id of the rig it belongs to
  std::string name;              ///< of the rig, run, parameter set or job
  uint64_t readings_before = 0;  ///< kState: WatchHub::readings() once the change was stored
  v1::WatchResponse message;
};

/// An event in its place; `message.cursor` says which.
struct PublishedEvent {
  uint64_t seq = 0;  ///< counts from 1
  size_t bytes = 0;
  WatchEvent event;
};
using PublishedEventPtr = std::shared_ptr<const PublishedEvent>;

}  // namespace parallax::server
