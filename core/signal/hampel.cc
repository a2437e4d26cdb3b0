#include "core/signal/hampel.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/signal/spike_rate.h"

namespace parallax::signal {
namespace {

constexpr double kMadToSigma = 1.4826;  // of a normal distribution
// Where more of the samples are marked, the quantiles that tell the channel's own tail are spoilt.
constexpr double kTailBreakdown = 0.05;
constexpr size_t kTailSamples = 4096;  // distances that tell the tail, evenly spread

double MedianInPlace(std::vector<double>* values) {
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
  std::nth_element(values->begin(), middle, values->end());
  if (values->size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values->begin(), middle));
}

/// Robust line through samples [begin, end) but `skip`, read at time `at_s`.
class LocalLine {
 public:
  LocalLine(const std::vector<double>& time_s, const std::vector<double>& value)
      : time_s_(time_s), value_(value) {}

  void Fit(size_t begin, size_t end, size_t skip, double at_s) {
    rows_.clear();
    scratch_.clear();
    for (size_t i = begin; i < end; ++i) {
      if (i != skip) rows_.push_back(i);
    }
    for (size_t a = 0; a < rows_.size(); ++a) {
      for (size_t b = a + 1; b < rows_.size(); ++b) {
        const double dt = time_s_[rows_[b]] - time_s_[rows_[a]];
        if (dt > 0.0) scratch_.push_back((value_[rows_[b]] - value_[rows_[a]]) / dt);
      }
    }
    slope_ = scratch_.empty() ? 0.0 : MedianInPlace(&scratch_);
    at_s_ = at_s;
    scratch_.clear();
    for (const size_t i : rows_) scratch_.push_back(value_[i] - slope_ * (time_s_[i] - at_s_));
    level_ = MedianInPlace(&scratch_);
  }

  double level() const { return level_; }

  /// 1.4826 times the median distance of the fitted samples to the line.
  double Scale() {
    scratch_.clear();
    for (const size_t i : rows_) {
      scratch_.push_back(std::abs(value_[i] - level_ - slope_ * (time_s_[i] - at_s_)));
    }
    return kMadToSigma * MedianInPlace(&scratch_);
  }

 private:
  const std::vector<double>& time_s_;
  const std::vector<double>& value_;
  std::vector<size_t> rows_;
  std::vector<double> scratch_;
  double slope_ = 0.0;
  double level_ = 0.0;
  double at_s_ = 0.0;
};

/// Plain distance to the middle of the window, to pass over the many samples that are fine.
bool NearNeighbours(const std::vector<double>& value, size_t i, double bound) {
  const double low = std::min(value[i - 1], value[i + 1]);
  const double high = std::max(value[i - 1], value[i + 1]);
  return value[i] >= low - bound && value[i] <= high + bound;
}

/// Signed distance of sample i to the nearer of two lines, through the `reach` samples before it
/// and through those after it; 0 where it lies between them.
double DistanceToSides(const std::vector<double>& time_s, const std::vector<double>& value,
                       size_t i, size_t reach, LocalLine* line) {
  line->Fit(i - std::min(i, reach), i, i, time_s[i]);
  const double left = value[i] - line->level();
  line->Fit(i + 1, std::min(value.size(), i + reach + 1), i, time_s[i]);
  const double right = value[i] - line->level();
  if (left * right <= 0.0) return 0.0;
  return std::abs(left) < std::abs(right) ? left : right;
}

/// Distance beyond which a sample is a gross spike: more than the channel's own tail explains.
double GrossDistance(const CleanOptions& options, const std::vector<double>& time_s,
                     const std::vector<double>& value, double floor) {
  LocalLine line(time_s, value);
  const auto reach = static_cast<size_t>(options.hampel_half_window);
  const size_t stride = value.size() / kTailSamples + 1;
  std::vector<double> distances;
  for (size_t i = reach; i + reach < value.size(); i += stride) {
    distances.push_back(std::abs(DistanceToSides(time_s, value, i, reach, &line)));
  }
  return std::max(options.hampel_threshold * floor, RareDistance(std::move(distances)));
}

SensorFinding Describe(const CleanOptions& options, const ChannelTrack& track,
                       const std::vector<Spike>& spikes, const std::vector<size_t>& good,
                       double gross_distance) {
  const CleanSeries& series = track.series;
  SensorFinding finding{.channel = series.channel, .reason = QualityReason::kSpike};
  int64_t gross = 0;
  for (const Spike& spike : spikes) {
    if (std::abs(spike.distance) > std::abs(finding.magnitude)) finding.magnitude = spike.distance;
    if (std::abs(spike.distance) > gross_distance) ++gross;
  }
  finding.samples = std::ssize(spikes);
  finding.begin_s = series.time_s[good[spikes.front().index]];
  finding.end_s = series.time_s[good[spikes.back().index]];
  const int64_t least = LeastSpikesOfAFault(std::ssize(good), options.spike_fault_share);
  const double share = static_cast<double>(finding.samples) / static_cast<double>(good.size());
  finding.fault = gross >= least || (gross > 0 && share > kTailBreakdown);
  finding.text = absl::StrFormat(
      "%s: %d spikes in %d samples, %d beyond %.3g %s (a fault from %d on), the largest %+.4g %s",
      series.channel, finding.samples, good.size(), gross,
      base::DifferenceFromSi(track.unit, gross_distance), track.channel->unit, least,
      base::DifferenceFromSi(track.unit, finding.magnitude), track.channel->unit);
  return finding;
}

}  // namespace

std::vector<Spike> FindSpikes(const std::vector<double>& time_s, const std::vector<double>& value,
                              int half, double threshold, double floor) {
  std::vector<Spike> spikes;
  LocalLine line(time_s, value);
  const auto reach = static_cast<size_t>(half);
  for (size_t i = 2; i + 2 < value.size(); ++i) {
    const size_t begin = i - std::min(i, reach);
    const size_t end = std::min(value.size(), i + reach + 1);
    // Next to a neighbour that spikes too, the short cut does not hold and the lines decide.
    const bool calm = NearNeighbours(value, i, threshold * floor) &&
                      std::abs(value[i - 1] - value[i + 1]) <= threshold * floor;
    if (calm) continue;
    const double distance = DistanceToSides(time_s, value, i, reach, &line);
    if (std::abs(distance) <= threshold * floor) continue;
    line.Fit(begin, end, i, time_s[i]);
    const double scale = std::max(line.Scale(), floor);
    if (std::abs(distance) > threshold * scale) spikes.push_back({i, distance});
  }
  return spikes;
}

void TestSpikes(const CleanOptions& options, ChannelTrack* track,
                std::vector<SensorFinding>* findings) {
  CleanSeries& series = track->series;
  if (series.role != Role::kMeasured) return;
  const std::vector<size_t> good = GoodIndices(series);
  std::vector<double> time_s, value;
  for (const size_t i : good) {
    time_s.push_back(series.time_s[i]);
    value.push_back(series.value_si[i]);
  }
  const double floor = std::max({series.noise_sd_si, RobustNoise(series, good), 1e-300});
  const std::vector<Spike> spikes =
      FindSpikes(time_s, value, options.hampel_half_window, options.hampel_threshold, floor);
  if (spikes.empty()) return;
  for (const Spike& spike : spikes) {
    series.quality[good[spike.index]] = {QualityLevel::kBad, QualityReason::kSpike};
  }
  findings->push_back(
      Describe(options, *track, spikes, good, GrossDistance(options, time_s, value, floor)));
}

}  // namespace parallax::signal
