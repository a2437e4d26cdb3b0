#include "core/signal/clean.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/signal/clock.h"
#include "core/signal/hampel.h"
#include "core/signal/range_test.h"
#include "core/signal/stuck_test.h"
#include "core/signal/track.h"

namespace parallax::signal {
namespace {

absl::Status ValidateOptions(const CleanOptions& options) {
  if (options.hampel_half_window < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("hampel_half_window = %d, must be >= 2", options.hampel_half_window));
  }
  if (!(options.hampel_threshold > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("hampel_threshold = %g, must be > 0", options.hampel_threshold));
  }
  if (!(options.spike_fault_share > 0.0 && options.spike_fault_share < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("spike_fault_share = %g, must be in (0, 1)", options.spike_fault_share));
  }
  if (!(options.clock_jump_s > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("clock_jump_s = %g, must be > 0", options.clock_jump_s));
  }
  return absl::OkStatus();
}

absl::StatusOr<ChannelTrack> MakeTrack(const ChannelRef& ref, const Series& raw,
                                       int64_t started_at_unix_ns) {
  ChannelTrack track;
  track.channel = ref.channel;
  PARALLAX_ASSIGN_OR_RETURN(track.unit, base::FindUnit(ref.channel->unit));
  CleanSeries& series = track.series;
  series.channel = raw.channel;
  series.role = ref.channel->role;
  series.noise_sd_si = base::DifferenceToSi(track.unit, ref.channel->noise_sd);
  series.resolution_si = base::DifferenceToSi(track.unit, ref.channel->resolution);
  series.range_low_si = base::ToSi(track.unit, ref.channel->range_low);
  series.range_high_si = base::ToSi(track.unit, ref.channel->range_high);
  series.quality = raw.quality;
  series.quality.resize(raw.value.size());
  for (size_t i = 0; i < raw.value.size(); ++i) {
    series.value_si.push_back(base::ToSi(track.unit, raw.value[i]));
    series.time_s.push_back(static_cast<double>(raw.time_unix_ns[i] - started_at_unix_ns) * 1e-9);
  }
  return track;
}

absl::StatusOr<std::vector<ChannelTrack>> MakeTracks(const Rig& rig, const RunRecord& record) {
  std::vector<ChannelTrack> tracks;
  for (const Series& raw : record.series) {
    PARALLAX_ASSIGN_OR_RETURN(const ChannelRef ref, FindChannel(rig, raw.channel));
    if (raw.value.size() != raw.time_unix_ns.size()) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: %d times, %d values", raw.channel,
                                                        raw.time_unix_ns.size(), raw.value.size()));
    }
    if (raw.value.empty()) continue;
    PARALLAX_ASSIGN_OR_RETURN(ChannelTrack track,
                              MakeTrack(ref, raw, record.run.started_at_unix_ns));
    tracks.push_back(std::move(track));
  }
  return tracks;
}

}  // namespace

const CleanSeries* CleanRun::Find(std::string_view channel_id) const {
  for (const CleanSeries& one : series) {
    const std::string_view name = one.channel;
    const bool by_id = name.size() > channel_id.size() && name.ends_with(channel_id) &&
                       name[name.size() - channel_id.size() - 1] == '/';
    if (name == channel_id || by_id) return &one;
  }
  return nullptr;
}

absl::StatusOr<CleanRun> Clean(const Rig& rig, const RunRecord& record,
                               const CleanOptions& options) {
  PARALLAX_RETURN_IF_ERROR(ValidateOptions(options));
  PARALLAX_ASSIGN_OR_RETURN(std::vector<ChannelTrack> tracks, MakeTracks(rig, record));
  CleanRun clean{.run = record.run, .outcome = record.outcome};
  for (const Device& device : rig.devices) {
    std::vector<ChannelTrack*> of_device;
    for (ChannelTrack& track : tracks) {
      if (track.series.channel == device.id + "/" + track.channel->id) of_device.push_back(&track);
    }
    CleanClock(device.id, record.run.recipe, options, of_device, &clean.findings);
  }
  for (ChannelTrack& track : tracks) TestRange(options, &track, &clean.findings);
  for (ChannelTrack& track : tracks) TestStuck(tracks, &track, &clean.findings);
  for (ChannelTrack& track : tracks) TestSpikes(options, &track, &clean.findings);
  for (ChannelTrack& track : tracks) clean.series.push_back(std::move(track.series));
  return clean;
}

}  // namespace parallax::signal
