#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/pipeline/live_channel.h"
#include "core/pipeline/live_types.h"
#include "core/signal/rig.h"

namespace parallax::pipeline {

/// The stages of cleaning that need no whole run (range and censoring, stuck, spikes) on the newest
/// samples of all channels of a run in progress. One-owner, not thread-safe.
class LiveSensorTests {
 public:
  struct Result {
    bool stuck = false;                 ///< up to the newest sample
    std::vector<std::string> findings;  ///< in words
  };

  /// Tests `channels`, which are `refs` in their order; appends a finding for each fault that the
  /// last call did not see. @return one result a channel.
  std::vector<Result> Run(const std::vector<signal::ChannelRef>& refs,
                          const std::vector<const LiveChannel*>& channels,
                          std::vector<LiveFinding>* raised);

 private:
  std::map<std::pair<uint32_t, LiveFindingKind>, bool> at_fault_;
};

}  // namespace parallax::pipeline
