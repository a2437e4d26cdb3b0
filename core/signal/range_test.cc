#include "core/signal/range_test.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace parallax::signal {
namespace {

constexpr int64_t kLeastFaultSamples = 5;

constexpr Quality kCensoredQuality{QualityLevel::kUncertain, QualityReason::kCensored};
constexpr Quality kLimitedQuality{QualityLevel::kGood, QualityReason::kCensored};
constexpr Quality kOutOfRangeQuality{QualityLevel::kBad, QualityReason::kOutOfRange};

/// Whether the clock stage, or none, has spoken on this sample.
bool IsOpen(Quality quality) {
  return quality.level == QualityLevel::kGood || quality.reason == QualityReason::kOutOfRange;
}

Quality Judge(const ChannelTrack& track, double value) {
  const CleanSeries& series = track.series;
  const double tolerance = RangeTolerance(series);
  const double below = series.range_low_si - value;
  const double above = value - series.range_high_si;
  if (below > tolerance || above > tolerance) return kOutOfRangeQuality;
  if (series.role != Role::kMeasured) return {};
  if (below >= -tolerance && !StartsAtZero(track)) return kCensoredQuality;
  if (above < -tolerance) return {};
  return StartsAtZero(track) ? kLimitedQuality : kCensoredQuality;
}

/// A lone reading between censored ones is a flicker of the floor unless it stands well clear.
void CensorFlicker(CleanSeries* series) {
  const double clear = 5.0 * RangeTolerance(*series);
  for (size_t i = 1; i + 1 < series->quality.size(); ++i) {
    const bool between =
        series->quality[i - 1] == kCensoredQuality && series->quality[i + 1] == kCensoredQuality;
    const bool clears = series->value_si[i] > series->range_low_si + clear &&
                        series->value_si[i] < series->range_high_si - clear;
    if (between && !clears && series->quality[i].level == QualityLevel::kGood) {
      series->quality[i] = kCensoredQuality;
    }
  }
}

SensorFinding Collect(const CleanSeries& series, Quality quality) {
  SensorFinding finding{.channel = series.channel, .reason = quality.reason};
  for (size_t i = 0; i < series.quality.size(); ++i) {
    if (series.quality[i].reason != quality.reason) continue;
    if (finding.samples++ == 0) finding.begin_s = series.time_s[i];
    finding.end_s = series.time_s[i];
    const double outside = std::max(series.range_low_si - series.value_si[i],
                                    series.value_si[i] - series.range_high_si);
    finding.magnitude = std::max(finding.magnitude, outside);
  }
  return finding;
}

}  // namespace

bool StartsAtZero(const ChannelTrack& track) {
  return track.channel->range_low == 0.0 && track.unit.offset == 0.0;
}

double RangeTolerance(const CleanSeries& series) {
  return std::max(series.resolution_si, series.noise_sd_si);
}

void TestRange(const CleanOptions& options, ChannelTrack* track,
               std::vector<SensorFinding>* findings) {
  CleanSeries& series = track->series;
  for (size_t i = 0; i < series.quality.size(); ++i) {
    if (IsOpen(series.quality[i])) series.quality[i] = Judge(*track, series.value_si[i]);
  }
  if (series.role == Role::kMeasured) CensorFlicker(&series);
  const std::string range = absl::StrFormat("[%g, %g] %s", track->channel->range_low,
                                            track->channel->range_high, track->channel->unit);
  if (SensorFinding censored = Collect(series, kCensoredQuality); censored.samples > 0) {
    censored.text = absl::StrFormat("%s: %d samples at the edge of its range %s, censored",
                                    series.channel, censored.samples, range);
    findings->push_back(std::move(censored));
  }
  if (SensorFinding outside = Collect(series, kOutOfRangeQuality); outside.samples > 0) {
    const double share =
        static_cast<double>(outside.samples) / static_cast<double>(series.quality.size());
    outside.fault = share > options.spike_fault_share && outside.samples >= kLeastFaultSamples;
    outside.text = absl::StrFormat(
        "%s: %d samples (%.2g %%) outside its range %s, by up to %.4g %s", series.channel,
        outside.samples, 100.0 * share, range,
        base::DifferenceFromSi(track->unit, outside.magnitude), track->channel->unit);
    findings->push_back(std::move(outside));
  }
}

}  // namespace parallax::signal
