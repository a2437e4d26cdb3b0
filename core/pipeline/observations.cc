#include "core/pipeline/observations.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/pipeline/run_error.h"

namespace parallax::pipeline {
namespace {

/// About this many bins a channel: enough to follow every transient of the twins, few enough that a
/// twelve-hour run costs what a ten-minute run costs.
constexpr double kBinsPerRun = 600.0;
constexpr double kShortestBin_s = 3.0;
constexpr double kLongestBin_s = 60.0;

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

/// Noise of one sample by the median absolute second difference, which a drive's trend does not
/// reach; a Gaussian's second difference has sd sqrt(6) sigma. Never below quantisation.
double SampleNoise(const std::vector<double>& values, double resolution) {
  const double quantisation = resolution / std::sqrt(12.0);
  if (values.size() < 8) return quantisation;
  std::vector<double> second;
  second.reserve(values.size() - 2);
  for (size_t i = 2; i < values.size(); ++i) {
    second.push_back(std::abs(values[i] - 2.0 * values[i - 1] + values[i - 2]));
  }
  return std::max(1.4826 * Median(second) / std::sqrt(6.0), quantisation);
}

struct Selected {
  std::vector<double> time_s;
  std::vector<double> value;
};

Selected Select(const signal::CleanSeries& series, double first_s, double last_s,
                bool (*wanted)(signal::Quality)) {
  Selected selected;
  for (size_t i = 0; i < series.time_s.size(); ++i) {
    if (!wanted(series.quality[i])) continue;
    if (series.time_s[i] < first_s || series.time_s[i] > last_s) continue;
    selected.time_s.push_back(series.time_s[i]);
    selected.value.push_back(series.value_si[i]);
  }
  return selected;
}

/// Calls visit(begin, end) for each stretch of samples that falls into one bin of `bin_s`.
template <typename Visit>
void ForEachBin(const std::vector<double>& time_s, double bin_s, Visit visit) {
  size_t begin = 0;
  while (begin < time_s.size()) {
    const double bin = std::floor(time_s[begin] / bin_s);
    size_t end = begin + 1;
    while (end < time_s.size() && std::floor(time_s[end] / bin_s) == bin) ++end;
    visit(begin, end);
    begin = end;
  }
}

double MeanTime(const std::vector<double>& time_s, size_t begin, size_t end) {
  double sum = 0.0;
  for (size_t i = begin; i < end; ++i) sum += time_s[i];
  return sum / static_cast<double>(end - begin);
}

void BinGoodSamples(const Selected& good, const Eigen::VectorXd& grid_s, double bin_s,
                    ChannelObservations* out) {
  std::vector<double> times;
  std::vector<double> medians;
  ForEachBin(good.time_s, bin_s, [&](size_t begin, size_t end) {
    std::vector<double> values(good.value.begin() + static_cast<std::ptrdiff_t>(begin),
                               good.value.begin() + static_cast<std::ptrdiff_t>(end));
    times.push_back(MeanTime(good.time_s, begin, end));
    medians.push_back(Median(values));
    out->bin_points.push_back(LocateOnGrid(grid_s, times.back()));
  });
  out->bin_time_s = Eigen::Map<const Eigen::VectorXd>(times.data(), std::ssize(times));
  out->bin_value = Eigen::Map<const Eigen::VectorXd>(medians.data(), std::ssize(medians));
}

/// The last row of a grid at or before a time within it. Most grids are even: the row that an even
/// one would have is tried first, and the next, where rounding fell short of it.
Eigen::Index RowBefore(const Eigen::VectorXd& grid_s, double time_s) {
  const Eigen::Index last = grid_s.size() - 1;
  const double share = (time_s - grid_s(0)) / (grid_s(last) - grid_s(0));
  const auto guess = static_cast<Eigen::Index>(share * static_cast<double>(last));
  for (Eigen::Index row = guess; row < std::min(guess + 2, last); ++row) {
    if (grid_s(row) <= time_s && time_s < grid_s(row + 1)) return row;
  }
  const double* begin = grid_s.data();
  return std::upper_bound(begin, begin + grid_s.size(), time_s) - begin - 1;
}

std::string UnitOf(const signal::Rig& rig, const std::string& channel) {
  const absl::StatusOr<signal::ChannelRef> found = signal::FindChannel(rig, channel);
  return found.ok() ? found->channel->unit : std::string();
}

}  // namespace

GridPoint LocateOnGrid(const Eigen::VectorXd& grid_s, double time_s) {
  const Eigen::Index last = grid_s.size() - 1;
  if (last < 0 || time_s < grid_s(0)) return {0, 0.0};
  if (!(time_s < grid_s(last))) return {last, 0.0};
  const Eigen::Index row = RowBefore(grid_s, time_s);
  return {row, (time_s - grid_s(row)) / (grid_s(row + 1) - grid_s(row))};
}

ChannelObservations ObserveChannel(const signal::CleanSeries& series, const twin::Drive& drive,
                                   double bin_s) {
  const double first_s = drive.time_s(0);
  const double last_s = drive.time_s(drive.time_s.size() - 1);
  ChannelObservations out;
  const Selected good = Select(series, first_s, last_s, [](signal::Quality q) {
    return q.level == signal::QualityLevel::kGood;
  });
  out.sample_sd = SampleNoise(good.value, series.resolution_si);
  BinGoodSamples(good, drive.time_s, bin_s, &out);
  const double bins = std::max<double>(1.0, static_cast<double>(out.bin_points.size()));
  const double samples_per_bin = static_cast<double>(good.value.size()) / bins;
  // Quantisation does not average out over a bin that sits on one step; noise does.
  const double quantisation = series.resolution_si / std::sqrt(12.0);
  out.white_sd = std::hypot(out.sample_sd / std::sqrt(std::max(1.0, samples_per_bin)),
                            std::min(quantisation, out.sample_sd));

  const Selected censored = Select(series, first_s, last_s, [](signal::Quality q) {
    // A reading at the ceiling keeps its level: it is a full-scale flow, not a missing one.
    return q.reason == signal::QualityReason::kCensored && q.level != signal::QualityLevel::kGood;
  });
  ForEachBin(censored.time_s, bin_s, [&](size_t begin, size_t end) {
    out.censored_points.push_back(
        LocateOnGrid(drive.time_s, MeanTime(censored.time_s, begin, end)));
  });
  out.censor_limit = series.range_low_si;

  out.sample_points.reserve(good.time_s.size());
  for (const double t : good.time_s) out.sample_points.push_back(LocateOnGrid(drive.time_s, t));
  out.sample_time_s =
      Eigen::Map<const Eigen::VectorXd>(good.time_s.data(), std::ssize(good.time_s));
  out.sample_value = Eigen::Map<const Eigen::VectorXd>(good.value.data(), std::ssize(good.value));
  return out;
}

absl::StatusOr<RunObservations> Observe(const signal::Rig& rig, const twin::Twin& twin,
                                        const signal::RunRecord& record) {
  RunObservations out{.run = record.run.id};
  PARALLAX_ASSIGN_OR_RETURN(out.clean, signal::Clean(rig, record, {}));
  absl::StatusOr<twin::Drive> drive = twin.Prepare(rig, out.clean, twin::DriveMode::kMeasured);
  if (!drive.ok()) return OfRun(record.run.id, drive.status());
  out.assumed_drive = *std::move(drive);
  out.drive = out.assumed_drive;
  twin.AdoptFirstReadings(&out.drive);
  const double duration_s = out.drive.time_s(out.drive.time_s.size() - 1) - out.drive.time_s(0);
  out.bin_s = std::clamp(duration_s / kBinsPerRun, kShortestBin_s, kLongestBin_s);
  const std::vector<twin::Signal>& outputs = twin.description().outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const signal::CleanSeries* series = out.clean.Find(outputs[i].channel_id);
    if (series == nullptr) continue;
    ChannelObservations channel = ObserveChannel(*series, out.drive, out.bin_s);
    if (channel.bin_points.empty() && channel.censored_points.empty()) continue;
    channel.output = static_cast<int>(i);
    channel.channel = series->channel;
    channel.unit = UnitOf(rig, series->channel);
    out.channels.push_back(std::move(channel));
  }
  if (out.channels.empty()) {
    return OfRun(record.run.id,
                 base::InvalidField({.field = "run.samples",
                                     .value = "no good one",
                                     .bound = absl::StrFormat("of a channel that twin %s predicts",
                                                              twin.description().name),
                                     .next_step = "look at the run with series get"}));
  }
  return out;
}

}  // namespace parallax::pipeline
