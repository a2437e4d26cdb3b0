#include "core/signal/clock_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_format.h"

namespace parallax::signal {
namespace {

constexpr double kBeforeRunS = 5.0;   // ordinary disagreement of clocks about the start
constexpr double kHoleShare = 0.3;    // of a period: room that a late row must find
constexpr double kStaleSigmas = 4.5;  // first value against the line of those after it
constexpr size_t kStaleNeighbours = 8;
constexpr double kAheadPeriods = 2.5;  // from the latest other stamp: no row of the device is there
constexpr size_t kRowsAfterAhead = 3;  // must arrive after a stamp to show that it is ahead

template <typename T>
void Permute(const std::vector<size_t>& order, std::vector<T>* values) {
  std::vector<T> sorted;
  sorted.reserve(order.size());
  for (const size_t i : order) sorted.push_back((*values)[i]);
  *values = std::move(sorted);
}

/// Adds one sample to a finding that is summed over a device.
void Count(double time_s, SensorFinding* finding) {
  finding->begin_s = finding->samples == 0 ? time_s : std::min(finding->begin_s, time_s);
  finding->end_s = finding->samples == 0 ? time_s : std::max(finding->end_s, time_s);
  ++finding->samples;
}

struct RowFindings {
  SensorFinding duplicate{.reason = QualityReason::kDuplicate};
  SensorFinding backward{.reason = QualityReason::kBackwardClock};
  SensorFinding stale{.reason = QualityReason::kStale};
  SensorFinding ahead{.reason = QualityReason::kClockJump};
  int64_t late_in_place = 0;
};

/// What the order of arrival says of a series that is sorted by time.
struct Arrivals {
  std::vector<bool> late;  ///< stamped earlier than one that arrived before
  size_t ahead = 0;        ///< from here on: lone stamps ahead of all that arrived after them
};

/// Where lone stamps begin that lie far beyond all others although rows went on arriving.
/// @param time_s  sorted.   @param order  of arrival, by place in `time_s`.
size_t FirstAhead(const std::vector<double>& time_s, const std::vector<size_t>& order,
                  double period_s) {
  size_t end = time_s.size();
  while (end > 0) {
    size_t begin = end - 1;
    size_t arrived = order[begin];
    while (begin > 0 && time_s[begin - 1] == time_s[begin]) {
      arrived = std::max(arrived, order[--begin]);
    }
    if (begin == 0 || time_s[begin] - time_s[begin - 1] <= kAheadPeriods * period_s) break;
    // Of the rows after it, those found ahead before may be some: they do not count.
    const size_t found = time_s.size() - end;
    if (time_s.size() - 1 - arrived < found + kRowsAfterAhead) break;
    end = begin;
  }
  return end;
}

/// Sorts by time, equal stamps in order of arrival.
Arrivals SortByTime(double period_s, CleanSeries* series) {
  const std::vector<double> arrived_s = series->time_s;
  std::vector<size_t> order(arrived_s.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return arrived_s[a] < arrived_s[b]; });
  Permute(order, &series->time_s);
  Permute(order, &series->value_si);
  Permute(order, &series->quality);
  Arrivals arrivals{.late = std::vector<bool>(order.size()),
                    .ahead = FirstAhead(series->time_s, order, period_s)};
  const double latest_believed_s = arrivals.ahead > 0 ? series->time_s[arrivals.ahead - 1] : 0.0;
  double latest_s = -HUGE_VAL;
  for (size_t i = 0; i < arrived_s.size(); ++i) {
    if (arrived_s[i] > latest_believed_s) continue;
    arrivals.late[i] = arrived_s[i] < latest_s;
    latest_s = std::max(latest_s, arrived_s[i]);
  }
  Permute(order, &arrivals.late);
  return arrivals;
}

void MarkAhead(const Arrivals& arrivals, CleanSeries* series, RowFindings* found) {
  for (size_t i = arrivals.ahead; i < series->time_s.size(); ++i) {
    series->quality[i] = {QualityLevel::kBad, QualityReason::kClockJump};
    Count(series->time_s[i], &found->ahead);
  }
}

void MarkRepeatedAndLate(const Arrivals& arrivals, double period_s, CleanSeries* series,
                         RowFindings* found) {
  const std::vector<double>& t = series->time_s;
  const size_t end = arrivals.ahead;
  for (size_t i = 0; i < end; ++i) {
    if (i > 0 && t[i] == t[i - 1]) {
      series->quality[i] = {QualityLevel::kBad, QualityReason::kDuplicate};
      Count(t[i], &found->duplicate);
      continue;
    }
    if (!arrivals.late[i]) continue;
    const double room_s =
        std::min(i > 0 ? t[i] - t[i - 1] : period_s, i + 1 < end ? t[i + 1] - t[i] : period_s);
    if (room_s >= kHoleShare * period_s) {
      ++found->late_in_place;
    } else {
      series->quality[i] = {QualityLevel::kUncertain, QualityReason::kBackwardClock};
      Count(t[i], &found->backward);
    }
  }
}

void MarkBeforeRun(double period_s, CleanSeries* series, RowFindings* found) {
  const double earliest_s = -std::max(kBeforeRunS, 2.0 * period_s);
  for (size_t i = 0; i < series->time_s.size() && series->time_s[i] < earliest_s; ++i) {
    series->quality[i] = {QualityLevel::kBad, QualityReason::kStale};
    Count(series->time_s[i], &found->stale);
  }
}

/// Whether the first good value lies off the line through those after it by more than noise.
bool FirstIsOff(const CleanSeries& series, const std::vector<size_t>& good) {
  if (series.role != Role::kMeasured || good.size() < kStaleNeighbours + 1) return false;
  std::vector<double> slopes;
  for (size_t a = 1; a <= kStaleNeighbours; ++a) {
    for (size_t b = a + 1; b <= kStaleNeighbours; ++b) {
      slopes.push_back((series.value_si[good[b]] - series.value_si[good[a]]) /
                       (series.time_s[good[b]] - series.time_s[good[a]]));
    }
  }
  const double slope = Median(std::move(slopes));
  std::vector<double> levels;
  for (size_t a = 1; a <= kStaleNeighbours; ++a) {
    levels.push_back(series.value_si[good[a]] -
                     slope * (series.time_s[good[a]] - series.time_s[good[0]]));
  }
  const double scale = std::max(series.noise_sd_si, RobustNoise(series, good));
  return std::abs(series.value_si[good[0]] - Median(std::move(levels))) > kStaleSigmas * scale;
}

/// A first row that one sensor contradicts was left over in the device: all its readings go.
void MarkStaleFirstRow(const std::vector<ChannelTrack*>& device, RowFindings* found) {
  double first_s = HUGE_VAL;
  for (const ChannelTrack* track : device) {
    const std::vector<size_t> good = GoodIndices(track->series);
    if (FirstIsOff(track->series, good)) {
      first_s = std::min(first_s, track->series.time_s[good.front()]);
    }
  }
  for (ChannelTrack* track : device) {
    CleanSeries& series = track->series;
    if (series.role != Role::kMeasured) continue;
    for (size_t i = 0; i < series.time_s.size() && series.time_s[i] <= first_s; ++i) {
      if (first_s == HUGE_VAL || series.quality[i].level != QualityLevel::kGood) continue;
      series.quality[i] = {QualityLevel::kBad, QualityReason::kStale};
      Count(series.time_s[i], &found->stale);
    }
  }
}

}  // namespace

size_t FirstRowAfter(const std::vector<double>& time_s, const ClockStep& step) {
  size_t nearest = time_s.size();
  double least = HUGE_VAL;
  for (size_t i = 0; i + 1 < time_s.size(); ++i) {
    const double miss =
        std::abs(time_s[i] - step.before_s) + std::abs(time_s[i + 1] - step.after_s);
    if (miss < least) {
      least = miss;
      nearest = i + 1;
    }
  }
  // Where nothing is near, the channel's samples lie on one side of the step altogether.
  if (least <= std::abs(step.size_s)) return nearest;
  return !time_s.empty() && time_s.front() >= step.after_s && step.size_s > 0.0 ? 0 : time_s.size();
}

void MarkRows(const std::string& clock, const std::vector<ChannelTrack*>& device, double period_s,
              std::vector<SensorFinding>* findings) {
  RowFindings found;
  for (ChannelTrack* track : device) {
    const Arrivals arrivals = SortByTime(period_s, &track->series);
    MarkAhead(arrivals, &track->series, &found);
    MarkRepeatedAndLate(arrivals, period_s, &track->series, &found);
    MarkBeforeRun(period_s, &track->series, &found);
  }
  MarkStaleFirstRow(device, &found);
  found.duplicate.text =
      absl::StrFormat("%s: %d samples repeat a time stamp; the first of each is kept", clock,
                      found.duplicate.samples);
  found.backward.text = absl::StrFormat(
      "%s: %d samples stamped earlier than rows before them, among other rows (%d more came late "
      "and fill holes)",
      clock, found.backward.samples, found.late_in_place);
  found.stale.text =
      absl::StrFormat("%s: %d samples left over from before the run", clock, found.stale.samples);
  found.ahead.text = absl::StrFormat(
      "%s: %d samples stamped ahead of all rows that came after them, and alone there", clock,
      found.ahead.samples);
  for (SensorFinding* finding : {&found.duplicate, &found.backward, &found.stale, &found.ahead}) {
    if (finding->samples == 0) continue;
    finding->channel = clock;
    findings->push_back(std::move(*finding));
  }
}

}  // namespace parallax::signal
