#include "core/signal/clock.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/signal/clock_rows.h"
#include "core/signal/clock_steps.h"
#include "core/signal/recipe_match.h"

namespace parallax::signal {
namespace {

constexpr double kWindowSlackS = 300.0;           // a clock within this of the run is not "off"
constexpr double kTimeZoneStepS = 900.0;          // offsets of time zones are multiples of 15 min
constexpr double kTimeZoneSlackS = 5.0;           // how late a first row may be to be read as such
constexpr double kFurthestZoneS = 14.0 * 3600.0;  // no zone's clock is further from UTC

/// The channel with most samples speaks for the rows of its device.
const ChannelTrack* Longest(const std::vector<ChannelTrack*>& device) {
  return *std::max_element(device.begin(), device.end(), [](const auto* a, const auto* b) {
    return a->series.time_s.size() < b->series.time_s.size();
  });
}

/// Whether most rows lie within the run, give or take the slack.
bool CoversRun(const std::vector<double>& time_s, const Recipe& recipe) {
  const double end_s = recipe.segments.empty() ? HUGE_VAL : recipe.segments.back().end_s;
  const auto inside = std::count_if(time_s.begin(), time_s.end(), [&](double t) {
    return t >= -kWindowSlackS && t <= end_s + kWindowSlackS;
  });
  if (recipe.segments.empty()) return std::abs(time_s.front()) <= kWindowSlackS;
  return 2 * static_cast<size_t>(inside) >= time_s.size();
}

struct Offset {
  double seconds = 0.0;
  std::string because;
};

Offset EstimateOffset(const std::vector<double>& time_s, const Recipe& recipe,
                      const std::vector<ChannelTrack*>& device, double period_s) {
  const std::optional<double> from_recipe =
      OffsetFromRecipe(recipe, device, std::max(2.0, 2.0 * period_s));
  if (from_recipe) return {*from_recipe, "set-point changes agree with the recipe so"};
  // The first row may be stale, so the second one speaks for the start.
  const double start_s = time_s[std::min<size_t>(1, time_s.size() - 1)];
  const double zone_s = kTimeZoneStepS * std::round(start_s / kTimeZoneStepS);
  if (std::abs(start_s - zone_s) <= kTimeZoneSlackS + period_s) {
    return {zone_s, "a whole number of quarter hours, as between time zones"};
  }
  return {start_s, "its first rows taken as the run's start"};
}

void AlignWithRun(const std::string& clock, const Recipe& recipe,
                  const std::vector<ChannelTrack*>& device, double period_s,
                  std::vector<SensorFinding>* findings) {
  const std::vector<double>& time_s = Longest(device)->series.time_s;
  if (time_s.empty() || CoversRun(time_s, recipe)) return;
  const Offset offset = EstimateOffset(time_s, recipe, device, period_s);
  SensorFinding finding{.channel = clock, .reason = QualityReason::kClockJump};
  for (ChannelTrack* track : device) {
    for (double& t : track->series.time_s) t -= offset.seconds;
    finding.samples += static_cast<int64_t>(track->series.time_s.size());
  }
  finding.begin_s = time_s.front();
  finding.end_s = time_s.back();
  finding.magnitude = offset.seconds;
  finding.fault = std::abs(offset.seconds) > kFurthestZoneS;
  finding.text = absl::StrFormat(
      "%s: off by %.6g s for the whole run%s, corrected (%s)", clock, offset.seconds,
      finding.fault ? ", further than any time zone" : "", offset.because);
  findings->push_back(std::move(finding));
}

std::string EvidenceText(const ClockStep& step, const StepEvidence& evidence) {
  if (step.size_s < 0.0) return "stamps went back and stayed back";
  return absl::StrFormat(
      "%d set-point changes late by it and %d on time, recording %s the recipe's end, "
      "log-likelihood ratio of unbroken signals %.3g",
      evidence.recipe_changes_shifted, evidence.recipe_changes_on_time,
      evidence.end_shifted == 1   ? "overruns by it"
      : evidence.end_on_time == 1 ? "ends with"
                                  : "ends apart from",
      evidence.continuity);
}

/// Takes the jump back on the rows after it, which stay marked.
int64_t TakeBack(const ClockStep& step, ChannelTrack* track) {
  CleanSeries& series = track->series;
  const size_t first = FirstRowAfter(series.time_s, step);
  for (size_t i = first; i < series.time_s.size(); ++i) {
    series.time_s[i] -= step.size_s;
    series.quality[i] = {QualityLevel::kUncertain, QualityReason::kClockJump};
  }
  return static_cast<int64_t>(series.time_s.size() - first);
}

void CorrectJumps(const std::string& clock, const Recipe& recipe, double least_s,
                  const std::vector<ChannelTrack*>& device, double period_s,
                  std::vector<SensorFinding>* findings) {
  // Each correction moves all later stamps, so the search starts anew after it.
  for (size_t done = 0; done < 8;) {
    const auto steps = FindClockSteps(Longest(device)->series.time_s, period_s, least_s);
    const ClockStep* jump = nullptr;
    StepEvidence evidence;
    for (const ClockStep& step : steps) {
      if (step.size_s > 0.0) evidence = WeighClockStep(recipe, device, step, period_s);
      if (ClockJumped(step, evidence)) {
        jump = &step;
        break;
      }
    }
    if (jump == nullptr) return;
    SensorFinding finding{.channel = clock, .reason = QualityReason::kClockJump, .fault = true};
    for (ChannelTrack* track : device) finding.samples += TakeBack(*jump, track);
    finding.begin_s = jump->before_s;
    finding.end_s = Longest(device)->series.time_s.back();
    finding.magnitude = jump->size_s;
    finding.text =
        absl::StrFormat("%s: jumped by %+.1f s after %.1f s (bound %.3g s): %s", clock,
                        jump->size_s, jump->before_s, least_s, EvidenceText(*jump, evidence));
    findings->push_back(std::move(finding));
    ++done;
  }
}

}  // namespace

void CleanClock(const std::string& device_id, const Recipe& recipe, const CleanOptions& options,
                const std::vector<ChannelTrack*>& device, std::vector<SensorFinding>* findings) {
  if (device.empty()) return;
  const std::string clock = device_id + "/clock";
  const double period_s = MedianPeriod(Longest(device)->series.time_s);
  AlignWithRun(clock, recipe, device, period_s, findings);
  CorrectJumps(clock, recipe, options.clock_jump_s, device, period_s, findings);
  MarkRows(clock, device, period_s, findings);
}

}  // namespace parallax::signal
