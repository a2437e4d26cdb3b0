#include "core/pipeline/prediction_score.h"

#include <cmath>
#include <map>
#include <string>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/gap.h"

namespace parallax::pipeline {
namespace {

/// A channel's error over all runs.
struct ChannelError {
  std::string unit;
  SampleError error;
};

void AddErrors(const RunObservations& run, const twin::Prediction& prediction,
               std::map<std::string, ChannelError>* channels) {
  for (const ChannelObservations& channel : run.channels) {
    ChannelError& pooled = (*channels)[channel.channel];
    const SampleError error = ErrorOfSamples(channel, prediction);
    pooled.unit = channel.unit;
    pooled.error.sum_squared += error.sum_squared;
    pooled.error.count += error.count;
  }
}

}  // namespace

absl::StatusOr<Validation> ScoreAssumptions(const twin::Twin& twin, const Eigen::VectorXd& assumed,
                                            const std::vector<RunObservations>& runs) {
  const double none = std::nan("");
  Validation out{.held_out = !runs.empty(),
                 .gap_before = none,
                 .gap_after = none,
                 .floor = none,
                 .coverage_50 = none,
                 .coverage_90 = none};
  std::vector<absl::StatusOr<twin::Prediction>> predictions(runs.size(), twin::Prediction());
  base::ParallelFor(runs.size(), [&](size_t i) {
    const absl::Status status =
        twin.Predict(assumed, runs[i].assumed_drive, &*predictions[i], nullptr);
    if (!status.ok()) predictions[i] = status;
  });
  std::map<std::string, ChannelError> channels;
  for (size_t i = 0; i < runs.size(); ++i) {
    PARALLAX_RETURN_IF_ERROR(predictions[i].status());
    AddErrors(runs[i], *predictions[i], &channels);
    const std::optional<Chirality> measured = DominantMeasured(runs[i].clean.outcome);
    const std::optional<Chirality> predicted =
        DominantPredicted(twin.description(), predictions[i]->outcome);
    if (measured.has_value() && predicted.has_value()) {
      out.chirality.push_back({.run = runs[i].run, .measured = *measured, .before = *predicted});
    }
    for (const signal::SensorFinding& finding : runs[i].clean.findings) {
      out.findings.push_back({runs[i].run, finding});
    }
  }
  for (const auto& [name, channel] : channels) {
    if (channel.error.count == 0.0) continue;
    out.channels.push_back({.channel = name,
                            .unit = channel.unit,
                            .rmse_before = DifferenceInUnit(channel.unit, channel.error.Rmse()),
                            .rmse_after = none,
                            .coverage_50 = none,
                            .coverage_90 = none});
  }
  out.decision = {.because = "nothing was calibrated",
                  .elpd_difference = none,
                  .elpd_low = none,
                  .elpd_high = none};
  return out;
}

}  // namespace parallax::pipeline
