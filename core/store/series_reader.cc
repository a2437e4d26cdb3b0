#include "core/store/series_reader.h"

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/block_reader.h"
#include "core/store/retirement.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

void AppendColumn(const SampleColumn& column, const TimeRange& range, signal::Series* series) {
  for (size_t i = 0; i < column.value.size(); ++i) {
    const int64_t time = column.time_unix_ns[i];
    if (time < range.begin_unix_ns || time >= range.end_unix_ns) continue;
    series->time_unix_ns.push_back(time);
    series->value.push_back(column.value[i]);
    series->quality.push_back(column.quality.empty() ? signal::Quality{} : column.quality[i]);
  }
}

}  // namespace

absl::StatusOr<int64_t> FindRunWithChannel(Connection& connection, const std::string& rig,
                                           const std::string& run, uint32_t channel,
                                           std::string* channel_name) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t run_key, FindRun(connection, rig, run));
  PARALLAX_ASSIGN_OR_RETURN(const RigRow row, GetRig(connection, rig));
  const std::vector<signal::ChannelRef> channels = signal::ListChannels(row.rig);
  if (channel >= channels.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "rig \"%s\": channel index = %d, must be < %d", rig, channel, channels.size()));
  }
  *channel_name = channels[channel].name();
  return run_key;
}

absl::StatusOr<signal::Series> ReadSeries(Connection& connection, const std::string& rig,
                                          const std::string& run, uint32_t channel,
                                          const TimeRange& range) {
  signal::Series series;
  PARALLAX_ASSIGN_OR_RETURN(const int64_t run_key,
                            FindRunWithChannel(connection, rig, run, channel, &series.channel));
  PARALLAX_RETURN_IF_ERROR(CheckNotRetired(connection, run_key, "run", kWhatIsLeft));
  const auto every_chunk = [](const ChunkHead&) { return true; };
  const auto append = [&](const SampleColumn& column) { AppendColumn(column, range, &series); };
  for (const int64_t stream : ListStreams(connection, run_key)) {
    PARALLAX_RETURN_IF_ERROR(VisitChunks(connection, stream, channel, range, every_chunk, append));
    PARALLAX_RETURN_IF_ERROR(VisitBatches(connection, stream, channel, range, append));
  }
  return series;
}

absl::StatusOr<RunSamples> ReadRun(Connection& connection, const std::string& rig,
                                   const std::string& run) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t run_key, FindRun(connection, rig, run));
  PARALLAX_RETURN_IF_ERROR(CheckNotRetired(connection, run_key, "run", kWhatIsLeft));
  RunSamples samples;
  PARALLAX_ASSIGN_OR_RETURN(samples.streams, ListRunStreams(connection, rig, run));
  PARALLAX_ASSIGN_OR_RETURN(const RigRow row, GetRig(connection, rig));
  for (const signal::ChannelRef& channel : signal::ListChannels(row.rig)) {
    samples.series.push_back({.channel = channel.name()});
  }
  const TimeRange always;
  const auto every_chunk = [](const ChunkHead&) { return true; };
  const auto append = [&](uint32_t channel, const SampleColumn& column) {
    AppendColumn(column, always, &samples.series[channel]);
  };
  for (const StreamRow& stream : samples.streams) {
    for (uint32_t channel = 0; channel < samples.series.size(); ++channel) {
      PARALLAX_RETURN_IF_ERROR(
          VisitChunks(connection, stream.stream, channel, always, every_chunk,
                      [&](const SampleColumn& column) { append(channel, column); }));
    }
    PARALLAX_RETURN_IF_ERROR(VisitBatches(connection, stream.stream, always, append));
  }
  return samples;
}

}  // namespace parallax::store
