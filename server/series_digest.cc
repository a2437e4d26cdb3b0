#include "server/series_digest.h"

#include <bit>
#include <string_view>
#include <vector>

#include "core/base/status_macros.h"
#include "server/time_order.h"

namespace parallax::server {
namespace {

void AppendLittleEndian(uint64_t number, std::string* bytes) {
  for (int shift = 0; shift < 64; shift += 8) {
    bytes->push_back(static_cast<char>((number >> shift) & 0xff));
  }
}

std::string SeriesBytes(const std::string& run, const std::string& channel,
                        const signal::Series& series) {
  const std::vector<size_t> order = TimeOrder(series);
  std::string bytes = run;
  bytes.push_back('\0');
  bytes.append(channel).push_back('\0');
  AppendLittleEndian(order.size(), &bytes);
  for (const size_t i : order) {
    AppendLittleEndian(static_cast<uint64_t>(series.time_unix_ns[i]), &bytes);
    AppendLittleEndian(std::bit_cast<uint64_t>(series.value[i]), &bytes);
    bytes.push_back(static_cast<char>(signal::PackQuality(series.quality[i])));
  }
  return bytes;
}

}  // namespace

absl::Status SeriesDigest::AddRun(const signal::Rig& rig, const std::string& run) {
  for (const signal::ChannelRef& channel : signal::ListChannels(rig)) {
    PARALLAX_ASSIGN_OR_RETURN(const signal::Series series,
                              store_.ReadSeries(rig.id, run, channel.index, {}));
    if (series.value.empty()) continue;
    samples_ += series.value.size();
    sha256_.Update(SeriesBytes(run, channel.name(), series));
  }
  return absl::OkStatus();
}

absl::Status SeriesDigest::AddAllRuns(const signal::Rig& rig) {
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::RunRow> rows, store_.ListRuns(rig.id, page));
    for (const store::RunRow& row : rows) PARALLAX_RETURN_IF_ERROR(AddRun(rig, row.run.id));
    if (rows.size() < page.limit) return absl::OkStatus();
    page.after = rows.back().run.id;
  }
}

}  // namespace parallax::server
