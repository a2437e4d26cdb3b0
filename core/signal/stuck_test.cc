#include "core/signal/stuck_test.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/signal/range_test.h"

namespace parallax::signal {
namespace {

constexpr size_t kLeastRun = 15;          // equal values in a row that are never questioned
constexpr double kTimesLongest = 3.0;     // bound, in runs that the channel shows elsewhere
constexpr size_t kLeastRuns = 8;          // fewer tell nothing about what is ordinary
constexpr double kChance = 1e-4;          // expected number of such runs under which it is a fault
constexpr double kSheetNoiseShare = 0.2;  // boards are up to five times better than their sheet
constexpr double kActuatorMove = 0.05;    // of its range: an actuator that moved
constexpr double kCoarse = 0.4;           // equal neighbours from which quantisation rules
constexpr double kLeap = 4.0;             // noise sds or grid steps that are no rest
constexpr size_t kPlaceRows = 5;          // samples whose median stands for a place
constexpr size_t kPaceRows = 20;          // samples over which a pace is taken
constexpr double kSensorMove = 8.0;       // noise sds: a sensor that moved

/// Good samples [begin, end) of `good` with one value.
struct EqualRun {
  size_t begin = 0;
  size_t end = 0;
  size_t length() const { return end - begin; }
};

std::vector<EqualRun> FindRuns(const CleanSeries& series, const std::vector<size_t>& good) {
  std::vector<EqualRun> runs;
  for (size_t k = 0; k < good.size(); ++k) {
    const bool goes_on = k > 0 && series.value_si[good[k]] == series.value_si[good[k - 1]];
    if (goes_on) {
      runs.back().end = k + 1;
    } else {
      runs.push_back({k, k + 1});
    }
  }
  return runs;
}

/// What the channel shows when it works.
struct Ordinary {
  double longest = 0.0;      // run of equal values
  double equal_share = 0.0;  // of neighbours that are equal
  bool coarse = false;       // the grid, not the noise, rules how long values repeat
};

/// Sets aside the longest few runs, one in a hundred and at least three, which may be the fault.
Ordinary LearnOrdinary(const CleanSeries& series, const std::vector<EqualRun>& runs) {
  std::vector<size_t> lengths;
  for (const EqualRun& run : runs) lengths.push_back(run.length());
  std::sort(lengths.rbegin(), lengths.rend());
  const size_t aside = std::max<size_t>(3, lengths.size() / 100);
  Ordinary ordinary;
  const double noise = std::max(kSheetNoiseShare * series.noise_sd_si, 1e-300);
  const double at_rest = std::erf(series.resolution_si / (2.0 * std::sqrt(2.0) * noise));
  if (lengths.size() < kLeastRuns + aside) {
    ordinary.equal_share = at_rest;
    return ordinary;
  }
  ordinary.longest = static_cast<double>(lengths[aside]);
  double samples = 0.0;
  for (size_t k = aside; k < lengths.size(); ++k) samples += static_cast<double>(lengths[k]);
  ordinary.equal_share = 1.0 - static_cast<double>(lengths.size() - aside) / samples;
  ordinary.coarse = ordinary.equal_share > kCoarse;
  // What was seen on the way says little about rest in the middle of a grid step.
  if (ordinary.coarse) ordinary.equal_share = std::max(ordinary.equal_share, at_rest);
  return ordinary;
}

/// Largest less smallest good value of a series within [begin_s, end_s].
double Spread(const CleanSeries& series, double begin_s, double end_s) {
  std::vector<double> values;
  const auto first = std::lower_bound(series.time_s.begin(), series.time_s.end(), begin_s);
  for (size_t i = first - series.time_s.begin(); i < series.time_s.size(); ++i) {
    if (series.time_s[i] > end_s) break;
    if (series.quality[i].level == QualityLevel::kGood) values.push_back(series.value_si[i]);
  }
  if (values.empty()) return 0.0;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *high - *low;
}

/// What moved while the channel stood still, in words; empty where nothing did.
std::string Movement(const std::vector<ChannelTrack>& rig, const ChannelTrack& track,
                     double begin_s, double end_s) {
  for (const ChannelTrack& other : rig) {
    if (&other == &track || other.series.time_s.empty()) continue;
    const double spread = Spread(other.series, begin_s, end_s);
    const bool measured = other.series.role == Role::kMeasured;
    const double range = other.series.range_high_si - other.series.range_low_si;
    const double noise = std::max(other.series.noise_sd_si, other.series.resolution_si);
    const bool same_quantity = other.unit.dimension == track.unit.dimension;
    const bool moved = measured ? same_quantity && noise > 0.0 && spread > kSensorMove * noise
                                : spread > kActuatorMove * range;
    if (!moved) continue;
    return absl::StrFormat("%s moved by %.4g %s", other.series.channel,
                           base::DifferenceFromSi(other.unit, spread), other.channel->unit);
  }
  return "";
}

/// Median value of rows [begin, end) of `rows`.
double MedianOf(const CleanSeries& series, const std::vector<size_t>& rows, size_t begin,
                size_t end) {
  std::vector<double> values;
  for (size_t k = begin; k < end; ++k) values.push_back(series.value_si[rows[k]]);
  return Median(std::move(values));
}

/// The value's leap when it came free, or its pace before it stood still, in words; empty where
/// both are within noise. The pace counts over the span in which it was seen.
std::string Break(const ChannelTrack& track, const std::vector<size_t>& rows, const EqualRun& run) {
  const CleanSeries& series = track.series;
  const double noise = std::max(RobustNoise(series, rows), series.resolution_si);
  if (run.end + kPlaceRows <= rows.size()) {
    const double leap =
        MedianOf(series, rows, run.end, run.end + kPlaceRows) - series.value_si[rows[run.begin]];
    // The very next sample tells a leap from a rise that began just then.
    const double first = series.value_si[rows[run.end]] - series.value_si[rows[run.begin]];
    if (std::min(std::abs(leap), std::abs(first)) > kLeap * noise) {
      return absl::StrFormat("its value then leapt by %.4g %s",
                             base::DifferenceFromSi(track.unit, leap), track.channel->unit);
    }
  }
  if (run.begin < kPaceRows + kPlaceRows) return "";
  const double pace =
      MedianOf(series, rows, run.begin - kPlaceRows, run.begin) -
      MedianOf(series, rows, run.begin - kPaceRows - kPlaceRows, run.begin - kPaceRows);
  if (std::abs(pace) <= kLeap * noise) return "";
  return absl::StrFormat("it had moved by %.4g %s in the %d samples before",
                         base::DifferenceFromSi(track.unit, pace), track.channel->unit, kPaceRows);
}

/// Good samples and those at an instrument's floor, which flickers when it works.
std::vector<size_t> GoodOrCensored(const CleanSeries& series) {
  std::vector<size_t> rows;
  for (size_t i = 0; i < series.quality.size(); ++i) {
    const Quality quality = series.quality[i];
    const bool censored = quality.reason == QualityReason::kCensored;
    if (quality.level == QualityLevel::kGood || censored) rows.push_back(i);
  }
  return rows;
}

/// Whether the value is censored and the very least or greatest that the channel can show, where
/// an instrument that clips stays still.
bool Clips(const CleanSeries& series, const std::vector<size_t>& rows, size_t row) {
  if (series.quality[row].reason != QualityReason::kCensored) return false;
  bool below = false, above = false;
  for (const size_t i : rows) {
    below |= series.value_si[i] < series.value_si[row];
    above |= series.value_si[i] > series.value_si[row];
  }
  return !below || !above;
}

bool AtNaturalZero(const ChannelTrack& track, double value_si) {
  const double zero = std::max(3.0 * track.series.resolution_si, track.series.noise_sd_si);
  return StartsAtZero(track) && std::abs(value_si) <= zero;
}

SensorFinding Describe(const std::vector<ChannelTrack>& rig, const ChannelTrack& track,
                       const std::vector<size_t>& good, const EqualRun& run,
                       const Ordinary& ordinary, double bound) {
  const CleanSeries& series = track.series;
  SensorFinding finding{.channel = series.channel, .reason = QualityReason::kStuck};
  finding.samples = static_cast<int64_t>(run.length());
  finding.begin_s = series.time_s[good[run.begin]];
  finding.end_s = series.time_s[good[run.end - 1]];
  finding.magnitude = finding.end_s - finding.begin_s;
  const double chance = static_cast<double>(good.size()) *
                        std::pow(ordinary.equal_share, static_cast<double>(run.length()));
  // On a coarse grid a channel at rest may keep its value for ever, whatever else moves.
  const std::string broken = Break(track, good, run);
  std::string because = Movement(rig, track, finding.begin_s, finding.end_s);
  finding.fault = !broken.empty() || chance < kChance || (!ordinary.coarse && !because.empty());
  if (because.empty()) because = broken;
  if (because.empty()) because = absl::StrFormat("%.2g such runs are to be expected", chance);
  finding.text = absl::StrFormat(
      "%s: %d equal values of %.6g %s from %.6g s to %.6g s while %s; longest run expected %.0f",
      series.channel, finding.samples, base::FromSi(track.unit, series.value_si[good[run.begin]]),
      track.channel->unit, finding.begin_s, finding.end_s, because, bound);
  return finding;
}

}  // namespace

void TestStuck(const std::vector<ChannelTrack>& rig, ChannelTrack* track,
               std::vector<SensorFinding>* findings) {
  CleanSeries& series = track->series;
  if (series.role != Role::kMeasured) return;
  const std::vector<size_t> good = GoodOrCensored(series);
  const std::vector<EqualRun> runs = FindRuns(series, good);
  const Ordinary ordinary = LearnOrdinary(series, runs);
  const double bound = std::max(static_cast<double>(kLeastRun), kTimesLongest * ordinary.longest);
  std::vector<EqualRun> stuck;
  for (const EqualRun& run : runs) {
    if (static_cast<double>(run.length()) <= bound) continue;
    if (AtNaturalZero(*track, series.value_si[good[run.begin]])) continue;
    if (Clips(series, good, good[run.begin])) continue;
    findings->push_back(Describe(rig, *track, good, run, ordinary, bound));
    stuck.push_back(run);
  }
  for (const EqualRun& run : stuck) {
    for (size_t k = run.begin; k < run.end; ++k) {
      series.quality[good[k]] = {QualityLevel::kBad, QualityReason::kStuck};
    }
  }
}

}  // namespace parallax::signal
