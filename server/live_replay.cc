#include "server/live_replay.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/signal/time_order.h"

namespace parallax::server {

LiveReplay::LiveReplay(store::Store& store, const signal::Rig& rig, const signal::Run& run,
                       const twin::Description* twin,
                       std::shared_ptr<const pipeline::Forecast> forecast)
    : store_(store), analyzer_(rig, run, twin, pipeline::LiveOptions()) {
  pipeline::LiveOutput nothing;  // no sample was read yet
  analyzer_.TakeForecast(std::move(forecast), &nothing);
}

absl::StatusOr<pipeline::LiveSeries> LiveReplay::Read(uint32_t channel_index) {
  PARALLAX_ASSIGN_OR_RETURN(
      const signal::Series series,
      store_.ReadSeries(analyzer_.rig().id, analyzer_.run().id, channel_index, {}));
  signal::ChannelColumn column{.channel_index = channel_index};
  for (const size_t i : signal::TimeOrder(series)) {
    column.time_unix_ns.push_back(series.time_unix_ns[i]);
    column.value.push_back(series.value[i]);
    column.quality.push_back(series.quality[i]);
  }
  if (column.value.empty()) return pipeline::LiveSeries{.channel_index = channel_index};
  pipeline::LiveOutput out;
  analyzer_.Push({.columns = {std::move(column)}}, 0, &out);
  return std::move(out.series.front());
}

}  // namespace parallax::server
