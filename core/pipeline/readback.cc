#include "core/pipeline/readback.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/divergence/resampling.h"
#include "core/twin/timeline.h"

namespace parallax::pipeline {
namespace {

constexpr double kSettleAfterRampS = 90.0;  ///< what a stage needs after a ramp
constexpr double kLeastSegmentS = 60.0;
constexpr double kMarginS = 15.0;  ///< before the next change: clocks and smoothing reach that far
constexpr size_t kLeastShares = 10;

bool HasRamp(const signal::Segment& segment) {
  return std::any_of(segment.setpoints.begin(), segment.setpoints.end(),
                     [](const auto& entry) { return entry.second.ramp; });
}

std::optional<Readback> Compare(const signal::CleanSeries& series,
                                const twin::InputSignal& setpoint,
                                const std::vector<SteadyPhase>& phases) {
  std::vector<double> shares;
  for (size_t i = 0; i < series.time_s.size(); ++i) {
    const double t = series.time_s[i];
    const bool steady = std::any_of(phases.begin(), phases.end(), [t](const SteadyPhase& phase) {
      return t >= phase.begin_s && t < phase.end_s;
    });
    if (!steady || series.quality[i].level == signal::QualityLevel::kBad) continue;
    const double told = setpoint.Mean(t, t);
    // Readings at the ceiling are cut there, and noise around a low set-point says nothing.
    const double ceiling = series.range_high_si - 4.0 * series.noise_sd_si;
    if (told > ceiling || told < 10.0 * std::max(series.noise_sd_si, series.resolution_si))
      continue;
    shares.push_back(series.value_si[i] / told - 1.0);
  }
  if (shares.size() < kLeastShares) return std::nullopt;
  Readback out{.channel = series.channel, .share = divergence::Quantile(shares, 0.5)};
  const auto middle = shares.begin() + static_cast<std::ptrdiff_t>(shares.size() / 2);
  out.early = divergence::Quantile({shares.begin(), middle}, 0.5);
  out.late = divergence::Quantile({middle, shares.end()}, 0.5);
  for (double& share : shares) share = std::abs(share - out.share);
  const auto n = static_cast<double>(shares.size());
  out.sd = 1.4826 * divergence::Quantile(std::move(shares), 0.5) * std::sqrt(1.57 / n);
  return out;
}

}  // namespace

std::vector<SteadyPhase> SteadyPhases(const signal::Recipe& recipe, bool growth_only,
                                      double settle_s) {
  std::vector<SteadyPhase> phases;
  bool ramped = true;
  for (const signal::Segment& segment : recipe.segments) {
    const bool after_ramp = std::exchange(ramped, HasRamp(segment));
    if (HasRamp(segment) || (growth_only && segment.name != "grow")) continue;
    const double begin_s =
        segment.start_s + (after_ramp ? std::max(settle_s, kSettleAfterRampS) : settle_s);
    if (segment.end_s - begin_s >= kLeastSegmentS)
      phases.push_back({begin_s, segment.end_s - kMarginS});
  }
  return phases;
}

std::string HoldingSetpoint(const signal::Rig& rig, const std::string& channel) {
  const std::string id = channel.substr(channel.find('/') + 1);
  if (id.ends_with("_tc")) return "";
  for (const std::string& name : {id + "_sp", id.substr(0, id.rfind('_')) + "_sp"}) {
    const absl::StatusOr<signal::ChannelRef> found = signal::FindChannel(rig, name);
    if (found.ok() && found->name() != channel) return found->name();
  }
  return "";
}

bool IsInput(const twin::Twin& twin, const std::string& id) {
  const std::vector<twin::Signal>& inputs = twin.description().inputs;
  return std::any_of(inputs.begin(), inputs.end(),
                     [&id](const twin::Signal& input) { return input.channel_id == id; });
}

absl::StatusOr<std::vector<Readback>> CompareWithSetpoints(const signal::Rig& rig,
                                                           const twin::Twin& twin,
                                                           const signal::CleanRun& run) {
  const std::vector<SteadyPhase> phases = SteadyPhases(run.run.recipe, false, kSettleS);
  std::vector<Readback> readbacks;
  for (const signal::CleanSeries& series : run.series) {
    const std::string setpoint = HoldingSetpoint(rig, series.channel);
    if (setpoint.empty() || !IsInput(twin, series.channel.substr(series.channel.find('/') + 1)))
      continue;
    const std::string id = setpoint.substr(setpoint.find('/') + 1);
    // A set-point that the recipe never names holds nothing in this run.
    const absl::StatusOr<twin::InputSignal> told =
        twin::InputSignal::FromRecipe(rig, run.run.recipe, id);
    if (!told.ok()) continue;
    const std::optional<Readback> readback = Compare(series, *told, phases);
    if (readback) readbacks.push_back(*readback);
  }
  return readbacks;
}

}  // namespace parallax::pipeline
