#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/pipeline/forecast.h"
#include "core/pipeline/live_analyzer.h"
#include "core/store/store.h"
#include "core/twin/twin.h"

namespace parallax::server {

/// Stored samples of a run as live ones look: in order of (source time, arrival), filtered forward,
/// held against a prediction where there is one. One-owner, not thread-safe.
class LiveReplay {
 public:
  /// @param twin  null: nothing predicts.   @param forecast  of `twin`; null: there is none.
  LiveReplay(store::Store& store, const signal::Rig& rig, const signal::Run& run,
             const twin::Description* twin, std::shared_ptr<const pipeline::Forecast> forecast);

  /// All samples of a channel. Errors: NotFound, DataLoss.
  absl::StatusOr<pipeline::LiveSeries> Read(uint32_t channel_index);

  const std::vector<signal::ChannelRef>& channels() const { return analyzer_.channels(); }

 private:
  store::Store& store_;
  pipeline::LiveAnalyzer analyzer_;
};

}  // namespace parallax::server
