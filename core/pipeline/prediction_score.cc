#include "core/pipeline/prediction_score.h"

#include <cmath>
#include <map>
#include <string>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/gap.h"

namespace parallax::pipeline {
namespace {

/// Sum of squared errors of one channel over all runs.
struct Sum {
  std::string unit;
  double squares = 0.0;
  double count = 0.0;
};

void AddErrors(const RunObservations& run, const twin::Prediction& prediction,
               std::map<std::string, Sum>* sums) {
  for (const ChannelObservations& channel : run.channels) {
    Sum& sum = (*sums)[channel.channel];
    sum.unit = channel.unit;
    const auto column = prediction.outputs.col(channel.output);
    for (Eigen::Index i = 0; i < channel.sample_value.size(); ++i) {
      const double predicted = channel.sample_points[static_cast<size_t>(i)].Interpolate(column);
      sum.squares += std::pow(channel.sample_value(i) - predicted, 2);
      sum.count += 1.0;
    }
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
  std::map<std::string, Sum> sums;
  for (size_t i = 0; i < runs.size(); ++i) {
    PARALLAX_RETURN_IF_ERROR(predictions[i].status());
    AddErrors(runs[i], *predictions[i], &sums);
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
  for (const auto& [channel, sum] : sums) {
    if (sum.count == 0.0) continue;
    out.channels.push_back(
        {.channel = channel,
         .unit = sum.unit,
         .rmse_before = DifferenceInUnit(sum.unit, std::sqrt(sum.squares / sum.count)),
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
