#include "core/pipeline/live_analyzer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"

namespace parallax::pipeline {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr double kAheadS = 10.0;          // that a prediction reaches beyond the newest sample
constexpr double kMedianFactor = 1.2533;  // sd of a median over that of a mean, sqrt(pi / 2)
/// A twin starts from the median of the first five readings, whose error stays: sd of it in noises.
constexpr double kStartShare = 0.56;
constexpr double kUnsettledWanderS = 300.0;  // correlation time of a twin that was never settled
constexpr int kBatchesOfSkew = 100;
constexpr signal::Quality kAhead{signal::QualityLevel::kBad, signal::QualityReason::kStale};

double RunLength(const signal::Recipe& recipe, double usual_s) {
  double end_s = 0.0;
  for (const signal::Segment& segment : recipe.segments) end_s = std::max(end_s, segment.end_s);
  return end_s > 0.0 ? end_s : usual_s;
}

double WanderTime(const std::vector<twin::Trust>& trust, const std::string& channel_id) {
  for (const twin::Trust& one : trust) {
    if (one.observable == channel_id) return one.wander_s;
  }
  return kUnsettledWanderS;
}

/// A channel as the twin takes it: its bins, then moments to look ahead to.
signal::CleanSeries SeriesFor(const signal::ChannelRef& ref, const LiveChannel& channel) {
  signal::CleanSeries series = channel.recent();
  series.channel = ref.name();
  series.time_s.clear();
  series.value_si.clear();
  series.quality.clear();
  for (const Bin& bin : channel.history().bins()) {
    series.time_s.push_back(bin.time_s);
    series.value_si.push_back(bin.value_si);
  }
  series.quality.resize(series.time_s.size());
  if (series.time_s.empty()) return series;
  const double last_s = series.time_s.back(), step_s = channel.history().width_s();
  const auto steps = static_cast<int>(kAheadS / step_s);
  for (int i = 1; i <= steps; ++i) {
    series.time_s.push_back(last_s + i * step_s);
    series.value_si.push_back(series.value_si.back());
    series.quality.push_back(kAhead);
  }
  return series;
}

}  // namespace

absl::Status Validate(const LiveOptions& options) {
  const struct {
    const char* name;
    double value;
    double least;
  } kBounds[] = {{"live.lateness_s", options.lateness_s, 0.0},
                 {"live.forecast_s", options.forecast_s, 0.1},
                 {"live.judged_s", options.judged_s, 1.0},
                 {"live.settle_s", options.settle_s, 0.0},
                 {"live.runs_per_false_alarm", options.runs_per_false_alarm, 1.0},
                 {"live.usual_run_s", options.usual_run_s, 1.0}};
  for (const auto& bound : kBounds) {
    if (bound.value >= bound.least && std::isfinite(bound.value)) continue;
    return base::InvalidField({.field = bound.name,
                               .value = absl::StrFormat("%g", bound.value),
                               .bound = absl::StrFormat("finite and >= %g", bound.least),
                               .next_step = ""});
  }
  return absl::OkStatus();
}

void LiveAnalyzer::RecentMaximum::Add(double value) {
  current = current.has_value() ? std::max(*current, value) : value;
  if (++batches < kBatchesOfSkew) return;
  former = std::exchange(current, std::nullopt);
  batches = 0;
}

double LiveAnalyzer::RecentMaximum::Value() const {
  if (former.has_value() && current.has_value()) return std::max(*former, *current);
  return former.value_or(current.value_or(0.0));
}

LiveAnalyzer::LiveAnalyzer(signal::Rig rig, signal::Run run, const twin::Description* twin,
                           const LiveOptions& options)
    : rig_(std::move(rig)),
      run_(std::move(run)),
      options_(options),
      refs_(signal::ListChannels(rig_)),
      has_twin_(twin != nullptr),
      asked_until_s_(kNever) {
  size_t predicted = 0;
  for (const signal::ChannelRef& ref : refs_) {
    Channel channel{.live = LiveChannel(*ref.channel, run_.started_at_unix_ns, options)};
    const bool measured = ref.channel->role == signal::Role::kMeasured;
    if (has_twin_ && measured) channel.output = OutputOfChannel(*twin, ref.channel->id);
    predicted += channel.output >= 0 ? 1 : 0;
    channels_.push_back(std::move(channel));
  }
  if (predicted == 0) return;
  const LiveBounds bounds =
      BoundsOf(options, RunLength(run_.recipe, options.usual_run_s), predicted);
  const std::vector<twin::Trust> trust = twin::TrustIn(twin->name);
  for (size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].output < 0) continue;
    channels_[i].detector.emplace(bounds, WanderTime(trust, refs_[i].channel->id));
  }
}

void LiveAnalyzer::Push(const signal::SampleBatch& batch, int64_t received_unix_ns,
                        LiveOutput* out) {
  for (const signal::ChannelColumn& column : batch.columns) {
    if (column.value.empty()) continue;
    Channel& channel = channels_[column.channel_index];
    LiveSeries series{.channel_index = column.channel_index, .predicted = channel.output >= 0};
    channel.live.Push(column, &series.rows);
    series.watermark_unix_ns = channel.live.watermark_unix_ns();
    if (received_unix_ns != 0) {
      channel.last_received_unix_ns = std::max(channel.last_received_unix_ns, received_unix_ns);
      const int64_t newest = channel.live.counts().last_time_unix_ns;
      channel.skew_s.Add(static_cast<double>(newest - received_unix_ns) * 1e-9);
    }
    TellClockStep(column.channel_index, &channel, out);
    Predict(channel, &series.rows);
    out->series.push_back(std::move(series));
  }
}

void LiveAnalyzer::TellClockStep(uint32_t index, Channel* channel, LiveOutput* out) const {
  if (channel->live.clock_steps() == channel->clock_steps) return;
  channel->clock_steps = channel->live.clock_steps();
  channel->next_judged_s.reset();
  out->findings.push_back(
      {.channel_index = index,
       .kind = LiveFindingKind::kClock,
       .time_unix_ns = channel->live.counts().last_time_unix_ns,
       .statistic = static_cast<double>(LiveChannel::kSetBack),
       .bound = static_cast<double>(LiveChannel::kSetBack),
       .text = absl::StrFormat("%s: %d samples in a row from more than %g s before the newest: the "
                               "clock was set back, or had stood ahead",
                               refs_[index].name(), LiveChannel::kSetBack, options_.lateness_s)});
}

void LiveAnalyzer::Predict(const Channel& channel, std::vector<LiveRow>* rows) const {
  if (channel.output < 0 || forecast_ == nullptr) return;
  const base::Unit& unit = channel.live.unit();
  for (LiveRow& row : *rows) {
    const std::optional<ForecastPoint> point =
        forecast_->At(channel.output, channel.live.TimeS(row.time_unix_ns));
    if (!point.has_value()) continue;
    const double value_si = channel.live.ValueSi(row.value);
    row.predicted = base::FromSi(unit, point->predicted);
    row.predicted_sd = base::DifferenceFromSi(unit, point->Sd());
    // A reading at the instrument's limit contradicts no prediction from beyond it.
    const bool silent =
        channel.live.IsCensored(value_si) && !channel.live.Reaches(point->predicted);
    const double off = silent ? 0.0 : value_si - point->predicted;
    row.residual = off / std::hypot(point->Sd(), channel.live.noise_sd_si());
  }
}

void LiveAnalyzer::Flush() {
  for (Channel& channel : channels_) channel.live.Flush();
}

double LiveAnalyzer::NewestBinS() const {
  double newest_s = kNever;
  for (const Channel& channel : channels_) {
    const std::vector<Bin>& bins = channel.live.history().bins();
    if (!bins.empty()) newest_s = std::max(newest_s, bins.back().time_s);
  }
  return newest_s;
}

bool LiveAnalyzer::WantsForecast() const {
  const double newest_s = NewestBinS();
  return has_twin_ && !asked_ && newest_s > kNever &&
         newest_s >= asked_until_s_ + options_.forecast_s;
}

signal::CleanRun LiveAnalyzer::ForecastInput() {
  signal::CleanRun input{.run = run_};
  for (size_t i = 0; i < channels_.size(); ++i) {
    signal::CleanSeries series = SeriesFor(refs_[i], channels_[i].live);
    if (!series.time_s.empty()) input.series.push_back(std::move(series));
  }
  asked_until_s_ = NewestBinS();
  asked_ = true;
  return input;
}

void LiveAnalyzer::ForgetForecast() {
  forecast_.reset();
  asked_until_s_ = kNever;
  outdated_ = asked_;
}

void LiveAnalyzer::TakeForecast(std::shared_ptr<const Forecast> forecast, LiveOutput* out) {
  asked_ = false;
  if (std::exchange(outdated_, false) || forecast == nullptr) return;
  forecast_ = std::move(forecast);
  for (uint32_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].detector.has_value()) Judge(i, &channels_[i], out);
  }
}

void LiveAnalyzer::Judge(uint32_t index, Channel* channel, LiveOutput* out) const {
  const std::vector<Bin>& bins = channel->live.history().bins();
  const double until_s = forecast_->until_s - options_.settle_s;
  const double step_s = options_.judged_s;
  auto bin = std::lower_bound(bins.begin(), bins.end(), channel->next_judged_s.value_or(kNever),
                              [](const Bin& one, double time_s) { return one.time_s < time_s; });
  while (bin != bins.end()) {
    const double begin_s = std::floor(bin->time_s / step_s) * step_s;
    if (begin_s + step_s > until_s) return;
    JudgeOne(index, begin_s, channel, out);
    channel->next_judged_s = begin_s + step_s;
    while (bin != bins.end() && bin->time_s < *channel->next_judged_s) ++bin;
  }
}

void LiveAnalyzer::JudgeOne(uint32_t index, double begin_s, Channel* channel,
                            LiveOutput* out) const {
  const LiveChannel& live = channel->live;
  const Bin over = live.history().Over(begin_s, begin_s + options_.judged_s);
  if (over.samples == 0.0) return;
  const std::optional<ForecastPoint> point = forecast_->At(channel->output, over.time_s);
  if (!point.has_value()) return;
  const double quantised = live.recent().resolution_si / std::sqrt(12.0);
  const double noise = kMedianFactor * live.noise_sd_si() / std::sqrt(over.samples);
  const double white_sd = std::hypot(std::hypot(noise, quantised), point->row_sd, point->timing_sd);
  const LiveDetector::Judgement judged = channel->detector->Judge(
      {.time_s = over.time_s,
       .value = over.value_si - point->predicted,
       .offset_sd = std::hypot(point->offset_sd, kStartShare * live.noise_sd_si()),
       .wander_sd = point->wander_sd,
       .white_sd = std::max(white_sd, 1e-300)});
  const LiveBounds& bounds = channel->detector->bounds();
  const std::string name = refs_[index].name();
  const std::string measured = absl::StrFormat("%s: measured %.6g, predicted %.6g %s at %.6g s",
                                               name, base::FromSi(live.unit(), over.value_si),
                                               base::FromSi(live.unit(), point->predicted),
                                               refs_[index].channel->unit, over.time_s);
  const int64_t at_unix_ns = live.TimeUnixNs(over.time_s);
  if (judged.changed) {
    out->findings.push_back(
        {.channel_index = index,
         .kind = LiveFindingKind::kChange,
         .time_unix_ns = at_unix_ns,
         .statistic = judged.change_statistic,
         .bound = bounds.change,
         .text = absl::StrFormat("%s; the residual changed: cumulative sum %.1f sd, bound %.1f",
                                 measured, judged.change_statistic, bounds.change)});
  }
  if (judged.gap) {
    out->findings.push_back({.channel_index = index,
                             .kind = LiveFindingKind::kGap,
                             .time_unix_ns = at_unix_ns,
                             .statistic = judged.gap_statistic,
                             .bound = bounds.gap,
                             .text = absl::StrFormat("%s: %.1f sd apart, bound %.1f", measured,
                                                     judged.gap_statistic, bounds.gap)});
  }
}

void LiveAnalyzer::TakeRunForecast(const RunForecast& forecast, LiveOutput* out) const {
  if (!forecast.PoorlyUnderstood()) return;
  const auto knob = [&](const signal::ChannelRef& ref) {
    return ref.channel->role == signal::Role::kSetpoint &&
           (forecast.knob.empty() || ref.channel->id == forecast.knob);
  };
  auto at = std::find_if(refs_.begin(), refs_.end(), knob);
  if (at == refs_.end()) {  // a duration, or the substrate's thickness
    at = std::find_if(refs_.begin(), refs_.end(), [](const signal::ChannelRef& ref) {
      return ref.channel->role == signal::Role::kSetpoint;
    });
  }
  out->findings.push_back(
      {.channel_index = at == refs_.end() ? 0 : at->index,
       .kind = LiveFindingKind::kPoorlyUnderstood,
       .time_unix_ns = run_.started_at_unix_ns,
       .statistic = forecast.epistemic_share,
       .bound = kHighEpistemicShare,
       .text = absl::StrFormat("physics poorly understood here: more data wanted; %s; recipes like "
                               "%s",
                               forecast.Because(), forecast.region)});
}

void LiveAnalyzer::TestSensors(LiveOutput* out) {
  std::vector<const LiveChannel*> channels;
  for (const Channel& channel : channels_) channels.push_back(&channel.live);
  std::vector<LiveSensorTests::Result> results = sensor_tests_.Run(refs_, channels, &out->findings);
  for (size_t i = 0; i < channels_.size(); ++i) channels_[i].sensor = std::move(results[i]);
}

std::vector<LiveHealth> LiveAnalyzer::Health() const {
  std::vector<LiveHealth> all;
  for (const Channel& channel : channels_) {
    LiveHealth health = channel.live.counts();
    health.last_received_unix_ns = channel.last_received_unix_ns;
    health.skew_s = channel.skew_s.Value();
    health.stuck = channel.sensor.stuck;
    health.findings = channel.sensor.findings;
    health.drift_sds = channel.detector.has_value() ? channel.detector->drift_sds()
                                                    : std::numeric_limits<double>::quiet_NaN();
    all.push_back(std::move(health));
  }
  return all;
}

}  // namespace parallax::pipeline
