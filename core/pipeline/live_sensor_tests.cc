#include "core/pipeline/live_sensor_tests.h"

#include <cmath>
#include <optional>

#include "core/signal/hampel.h"
#include "core/signal/range_test.h"
#include "core/signal/stuck_test.h"
#include "core/signal/track.h"

namespace parallax::pipeline {
namespace {

std::optional<LiveFindingKind> FaultKind(signal::QualityReason reason) {
  switch (reason) {
    case signal::QualityReason::kStuck:
      return LiveFindingKind::kStuck;
    case signal::QualityReason::kOutOfRange:
      return LiveFindingKind::kRange;
    case signal::QualityReason::kSpike:
      return LiveFindingKind::kSpikes;
    default:
      return std::nullopt;
  }
}

std::vector<signal::SensorFinding> TestAll(std::vector<signal::ChannelTrack>* tracks) {
  const signal::CleanOptions options;
  std::vector<signal::SensorFinding> findings;
  for (signal::ChannelTrack& track : *tracks) signal::TestRange(options, &track, &findings);
  for (signal::ChannelTrack& track : *tracks) signal::TestStuck(*tracks, &track, &findings);
  for (signal::ChannelTrack& track : *tracks) signal::TestSpikes(options, &track, &findings);
  return findings;
}

}  // namespace

std::vector<LiveSensorTests::Result> LiveSensorTests::Run(
    const std::vector<signal::ChannelRef>& refs, const std::vector<const LiveChannel*>& channels,
    std::vector<LiveFinding>* raised) {
  std::vector<signal::ChannelTrack> tracks;
  for (size_t i = 0; i < refs.size(); ++i) {
    if (channels[i]->recent().time_s.empty()) continue;
    tracks.push_back(
        {.channel = refs[i].channel, .unit = channels[i]->unit(), .series = channels[i]->recent()});
    tracks.back().series.channel = refs[i].name();
  }
  std::vector<Result> results(refs.size());
  std::map<std::pair<uint32_t, LiveFindingKind>, bool> at_fault;
  for (const signal::SensorFinding& finding : TestAll(&tracks)) {
    const std::optional<LiveFindingKind> kind = FaultKind(finding.reason);
    if (!kind.has_value() || !finding.fault) continue;
    uint32_t index = 0;
    while (refs[index].name() != finding.channel) ++index;
    const LiveChannel& channel = *channels[index];
    results[index].findings.push_back(finding.text);
    if (*kind == LiveFindingKind::kStuck && finding.end_s == channel.recent().time_s.back()) {
      results[index].stuck = true;
    }
    at_fault[{index, *kind}] = true;
    if (at_fault_.contains({index, *kind})) continue;
    raised->push_back({.channel_index = index,
                       .kind = *kind,
                       .time_unix_ns = channel.TimeUnixNs(finding.end_s),
                       .statistic = static_cast<double>(finding.samples),
                       .bound = 0.0,
                       .text = finding.text});
  }
  at_fault_ = std::move(at_fault);
  return results;
}

}  // namespace parallax::pipeline
