#include "server/run_loader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/status_macros.h"

namespace parallax::server {

absl::StatusOr<signal::RunRecord> LoadRunRecord(store::Store& store, const signal::Rig& rig,
                                                const std::string& run) {
  PARALLAX_ASSIGN_OR_RETURN(store::RunRow row, store.GetRun(rig.id, run));
  signal::RunRecord record{.run = std::move(row.run), .outcome = std::move(row.outcome)};
  for (const signal::ChannelRef& channel : signal::ListChannels(rig)) {
    PARALLAX_ASSIGN_OR_RETURN(signal::Series series,
                              store.ReadSeries(rig.id, run, channel.index, {}));
    if (series.value.empty()) continue;
    series.channel = channel.name();
    record.series.push_back(std::move(series));
  }
  return record;
}

std::vector<size_t> TimeOrder(const signal::Series& series) {
  std::vector<size_t> order(series.time_unix_ns.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return series.time_unix_ns[a] < series.time_unix_ns[b];
  });
  return order;
}

}  // namespace parallax::server
