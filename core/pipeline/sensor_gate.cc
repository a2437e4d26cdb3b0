#include "core/pipeline/sensor_gate.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/attribution/verdict_thresholds.h"
#include "core/base/status_macros.h"
#include "core/pipeline/drift.h"

namespace parallax::pipeline {
namespace {

double Probability(double gain_nats) {
  return 1.0 / (1.0 + std::exp(-(gain_nats + attribution::kLogSensorOdds -
                                 attribution::kDriftRules.misfit_allowance_nats)));
}

SensorHypothesis Weigh(const std::string& run, double gain_nats, double physics_nats) {
  return {.run = run,
          .gain_nats = gain_nats,
          .probability = Probability(gain_nats),
          .explained = physics_nats > 0.0 ? gain_nats / physics_nats : 0.0};
}

/// What to say of a drift; nothing where it is an ordinary vice.
std::optional<SensorHypothesis> NameDrift(const Model& model, const RowBlock& block,
                                          const Drift& drift) {
  const ChannelObservations& channel = model.Channel(block);
  if (std::abs(drift.off) < attribution::kDriftRules.least_scales * drift.scale ||
      std::abs(drift.rate) < attribution::kDriftRules.least_rate) {
    return std::nullopt;
  }
  const std::string& run = model.runs()[static_cast<size_t>(block.run)].run;
  const double last_s = channel.bin_time_s(block.bins - 1);
  SensorHypothesis found = Weigh(run, drift.gain_nats, drift.physics_nats);
  found.finding = {
      .channel = channel.channel,
      .reason = signal::QualityReason::kDrift,
      .samples = std::ssize(channel.sample_points),
      .begin_s = drift.onset_s,
      .end_s = last_s,
      .magnitude = drift.rate,
      .fault = true,
      .text = absl::StrFormat(
          "%s of run %s drifts by %.3g K/s from %.0f s on, %.1f K at %.0f s; physics "
          "alone fits worse by %.0f nats",
          channel.channel, run, drift.rate, drift.onset_s, drift.off, last_s, found.gain_nats)};
  return found;
}

/// The same runs with what two channels of one run measured exchanged.
std::vector<RunObservations> Exchange(const std::vector<RunObservations>& runs, size_t run,
                                      size_t first, size_t second) {
  std::vector<RunObservations> exchanged = runs;
  std::vector<ChannelObservations>& channels = exchanged[run].channels;
  std::swap(channels[first].output, channels[second].output);
  std::swap(channels[first].channel, channels[second].channel);
  return exchanged;
}

absl::StatusOr<std::optional<SensorHypothesis>> TestExchange(const twin::Twin& twin,
                                                             const Model& model, const MapFit& fit,
                                                             size_t run, size_t first,
                                                             size_t second) {
  const std::vector<RunObservations> exchanged = Exchange(model.runs(), run, first, second);
  const Model other(twin, exchanged, model.space());
  PARALLAX_ASSIGN_OR_RETURN(calibration::FitResult with,
                            Refit(other, SensorNoise(other), Eigen::VectorXd::Zero(fit.z.size())));
  Eigen::VectorXd residuals;
  PARALLAX_RETURN_IF_ERROR(other.Residuals(with.x, &residuals, nullptr));
  const NoiseModel noise = EstimateNoise(other, residuals);
  PARALLAX_ASSIGN_OR_RETURN(with, Refit(other, noise, with.x));
  PARALLAX_ASSIGN_OR_RETURN(const calibration::FitResult without, Refit(model, noise, fit.z));
  const RunObservations& observed = model.runs()[run];
  SensorHypothesis found = Weigh(observed.run, without.cost - with.cost, without.cost);
  const std::string& a = observed.channels[first].channel;
  const std::string& b = observed.channels[second].channel;
  found.finding = {.channel = a,
                   .reason = signal::QualityReason::kSwapped,
                   .samples = std::ssize(observed.channels[first].sample_points),
                   .begin_s = observed.drive.time_s(0),
                   .end_s = observed.drive.time_s(observed.drive.time_s.size() - 1),
                   .magnitude = found.gain_nats,
                   .fault = true,
                   .text = absl::StrFormat(
                       "%s and %s of run %s are exchanged; as labelled, physics fits worse by "
                       "%.0f nats",
                       a, b, observed.run, found.gain_nats)};
  return std::optional<SensorHypothesis>(std::move(found));
}

}  // namespace

absl::StatusOr<std::vector<SensorHypothesis>> TestSensors(const twin::Twin& twin,
                                                          const Model& model, const MapFit& fit) {
  std::vector<SensorHypothesis> found;
  auto keep = [&found](std::optional<SensorHypothesis> hypothesis) {
    if (hypothesis.has_value() &&
        hypothesis->probability >= attribution::kEvidenceRules.accused_probability) {
      found.push_back(*std::move(hypothesis));
    }
  };
  for (const RowBlock& block : model.blocks()) {
    PARALLAX_ASSIGN_OR_RETURN(const std::optional<Drift> drift, FindDrift(twin, model, fit, block));
    if (drift.has_value()) keep(NameDrift(model, block, *drift));
  }
  for (size_t run = 0; run < model.runs().size(); ++run) {
    const std::vector<ChannelObservations>& channels = model.runs()[run].channels;
    for (size_t i = 0; i < channels.size(); ++i) {
      for (size_t j = i + 1; j < channels.size(); ++j) {
        if (channels[i].unit != channels[j].unit) continue;
        PARALLAX_ASSIGN_OR_RETURN(std::optional<SensorHypothesis> exchange,
                                  TestExchange(twin, model, fit, run, i, j));
        keep(std::move(exchange));
      }
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const SensorHypothesis& a, const SensorHypothesis& b) {
                     return a.gain_nats > b.gain_nats;
                   });
  return found;
}

}  // namespace parallax::pipeline
