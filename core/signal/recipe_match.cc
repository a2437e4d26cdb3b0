#include "core/signal/recipe_match.h"

#include <algorithm>
#include <cmath>

namespace parallax::signal {
namespace {

/// How near a recorded value must come to a prescribed one to be it.
double ValueTolerance(const CleanSeries& series) {
  return std::max(2.0 * series.resolution_si, 0.005 * (series.range_high_si - series.range_low_si));
}

/// Recorded arrivals at `change.to_si`, in order of arrival.
std::vector<double> ArrivalTimes(const CleanSeries& series, const SetpointChange& change) {
  const double tolerance = ValueTolerance(series);
  std::vector<double> times;
  for (size_t i = 1; i < series.value_si.size(); ++i) {
    const bool here = std::abs(series.value_si[i] - change.to_si) <= tolerance;
    const bool before = std::abs(series.value_si[i - 1] - change.to_si) <= tolerance;
    if (here && !before) times.push_back(series.time_s[i]);
  }
  return times;
}

bool AnyNear(const std::vector<double>& times, double expected_s, double tolerance_s) {
  return std::any_of(times.begin(), times.end(),
                     [&](double time_s) { return std::abs(time_s - expected_s) <= tolerance_s; });
}

}  // namespace

std::vector<SetpointChange> PrescribedChanges(const Recipe& recipe, const ChannelTrack& track) {
  std::vector<SetpointChange> changes;
  std::optional<double> held_si;
  for (const Segment& segment : recipe.segments) {
    const auto setpoint = segment.setpoints.find(track.channel->id);
    if (setpoint == segment.setpoints.end()) continue;
    const double to_si = base::ToSi(track.unit, setpoint->second.value);
    const bool stepped = held_si && !setpoint->second.ramp &&
                         std::abs(to_si - *held_si) > 2.0 * ValueTolerance(track.series);
    if (stepped) changes.push_back({segment.start_s, *held_si, to_si});
    held_si = to_si;
  }
  return changes;
}

ChangeVotes VoteOnStep(const Recipe& recipe, const ChannelTrack& track, const ClockStep& step,
                       double tolerance_s) {
  ChangeVotes votes;
  for (const SetpointChange& change : PrescribedChanges(recipe, track)) {
    if (change.time_s + step.size_s < step.after_s) continue;
    std::vector<double> times = ArrivalTimes(track.series, change);
    if (AnyNear(times, change.time_s + step.size_s, tolerance_s)) ++votes.shifted;
    // A change that fell into missing rows shows in the first row after them.
    const double expected_s = std::max(change.time_s, step.after_s);
    if (AnyNear(times, expected_s, tolerance_s)) ++votes.on_time;
  }
  return votes;
}

std::optional<double> OffsetFromRecipe(const Recipe& recipe,
                                       const std::vector<ChannelTrack*>& device,
                                       double tolerance_s) {
  std::vector<double> offsets;
  for (const ChannelTrack* track : device) {
    if (track->channel->role == Role::kMeasured) continue;
    for (const SetpointChange& change : PrescribedChanges(recipe, *track)) {
      for (const double time_s : ArrivalTimes(track->series, change)) {
        offsets.push_back(time_s - change.time_s);
      }
    }
  }
  std::sort(offsets.begin(), offsets.end());
  size_t best_begin = 0, best_count = 0;
  for (size_t begin = 0, end = 0; begin < offsets.size(); ++begin) {
    while (end < offsets.size() && offsets[end] - offsets[begin] <= tolerance_s) ++end;
    if (end - begin > best_count) best_begin = begin, best_count = end - begin;
  }
  if (best_count < 2) return std::nullopt;
  return offsets[best_begin + (best_count - 1) / 2];
}

}  // namespace parallax::signal
