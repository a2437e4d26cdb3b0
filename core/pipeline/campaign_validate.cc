#include "core/pipeline/campaign_validate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/chirality.h"

namespace parallax::pipeline {
namespace {

constexpr double kHalf = 0.6744897501960817;  ///< normal quantile of a central 50 %

/// Predictions of all runs, in parallel. Errors: the first of the twin.
absl::StatusOr<std::vector<twin::Prediction>> PredictAll(const twin::Twin& twin,
                                                         const Eigen::VectorXd& values,
                                                         const std::vector<CampaignRun>& runs) {
  std::vector<twin::Prediction> predictions(runs.size());
  std::vector<absl::Status> statuses(runs.size());
  base::ParallelFor(runs.size(), [&](size_t r) {
    statuses[r] = twin.Predict(values, runs[r].drive, &predictions[r], nullptr);
  });
  for (const absl::Status& status : statuses) PARALLAX_RETURN_IF_ERROR(status);
  return predictions;
}

/// A channel's errors over all runs.
struct PooledError {
  std::string unit;
  SampleError before, after;
};

void Pool(const SampleError& error, SampleError* into) {
  into->sum_squared += error.sum_squared;
  into->count += error.count;
}

SampleError ErrorOfRows(const EvidenceBlock& block, const twin::Prediction& prediction) {
  SampleError error;
  for (Eigen::Index i = 0; i < block.rows(); ++i) {
    const double residual = block.value(i) - block.source[static_cast<size_t>(i)].In(prediction);
    error.sum_squared += residual * residual;
  }
  error.count = static_cast<double>(block.rows());
  return error;
}

std::vector<ChannelGap> Summarised(const std::map<std::string, PooledError>& pooled,
                                   bool calibrated) {
  std::vector<ChannelGap> out;
  for (const auto& [name, error] : pooled) {
    if (error.before.count == 0.0) continue;
    out.push_back(
        {.channel = name,
         .unit = error.unit,
         .rmse = DifferenceInUnit(error.unit, error.before.Rmse()),
         .rmse_after = calibrated ? DifferenceInUnit(error.unit, error.after.Rmse()) : std::nan(""),
         .p_value = std::nan("")});
  }
  return out;
}

absl::StatusOr<std::vector<ChiralityCall>> CallChirality(const twin::Twin& twin,
                                                         const Eigen::VectorXd& before,
                                                         const Eigen::VectorXd& after,
                                                         const std::vector<CampaignRun>& runs) {
  std::vector<ChiralityCall> calls;
  PARALLAX_ASSIGN_OR_RETURN(const auto assumed, PredictAll(twin, before, runs));
  std::vector<twin::Prediction> calibrated;
  if (after.size() > 0) {
    PARALLAX_ASSIGN_OR_RETURN(calibrated, PredictAll(twin, after, runs));
  }
  for (size_t r = 0; r < runs.size(); ++r) {
    const std::optional<Chirality> measured = DominantMeasured(runs[r].clean.outcome);
    const std::optional<Chirality> foreseen =
        DominantPredicted(twin.description(), assumed[r].outcome);
    if (!measured || !foreseen) continue;
    ChiralityCall call{.run = runs[r].id, .measured = *measured, .before = *foreseen};
    if (!calibrated.empty()) {
      call.after = DominantPredicted(twin.description(), calibrated[r].outcome);
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

/// sd of each row's error including what the calibration does not know.
Eigen::VectorXd PredictiveSd(const CampaignModel& model, const CampaignNoise& noise,
                             const CampaignFit& fit, const Eigen::MatrixXd& jacobian) {
  Eigen::MatrixXd free(model.rows(), static_cast<Eigen::Index>(fit.parameters.size()));
  for (size_t i = 0; i < fit.parameters.size(); ++i) {
    free.col(static_cast<Eigen::Index>(i)) = jacobian.col(fit.parameters[i]);
  }
  const Eigen::VectorXd own = (free * fit.covariance).cwiseProduct(free).rowwise().sum();
  return (noise.fitted_sd().array().square() + own.array()).sqrt();
}

struct Coverage {
  double half = 0.0, ninety = 0.0, rows = 0.0;
  double blocks = 0.0;  ///< runs that have the channel
};

/// Rms over a channel's rows of the error that a right twin has there [SI].
std::map<std::string, double> NoiseByChannel(const CampaignModel& model,
                                             const CampaignNoise& noise) {
  std::map<std::string, SampleError> pooled;
  for (const EvidenceBlock& block : model.blocks()) {
    Pool({noise.row_sd().segment(block.begin, block.rows()).squaredNorm(),
          static_cast<double>(block.rows())},
         &pooled[block.channel]);
  }
  std::map<std::string, double> sd;
  for (const auto& [channel, error] : pooled) sd[channel] = error.Rmse();
  return sd;
}

calibration::ValidationCount RightCalls(const std::vector<ChiralityCall>& calls) {
  calibration::ValidationCount count{.name = "the dominant species"};
  for (const ChiralityCall& call : calls) {
    count.before += call.before == call.measured ? 1 : 0;
    count.after += call.after == call.measured ? 1 : 0;
  }
  return count;
}

}  // namespace

absl::StatusOr<std::vector<ChannelGap>> RmseByChannel(const twin::Twin& twin,
                                                      const Eigen::VectorXd& before,
                                                      const Eigen::VectorXd& after,
                                                      const std::vector<CampaignRun>& runs) {
  PARALLAX_ASSIGN_OR_RETURN(const auto assumed, PredictAll(twin, before, runs));
  std::vector<twin::Prediction> calibrated;
  if (after.size() > 0) {
    PARALLAX_ASSIGN_OR_RETURN(calibrated, PredictAll(twin, after, runs));
  }
  std::map<std::string, PooledError> pooled;
  for (size_t r = 0; r < runs.size(); ++r) {
    for (const ChannelObservations& channel : runs[r].channels) {
      PooledError& error = pooled[channel.channel];
      error.unit = channel.unit;
      Pool(ErrorOfSamples(channel, assumed[r]), &error.before);
      if (!calibrated.empty()) Pool(ErrorOfSamples(channel, calibrated[r]), &error.after);
    }
  }
  std::map<std::string, PooledError> outcomes;
  for (size_t r = 0; r < runs.size(); ++r) {
    for (const EvidenceBlock& block : runs[r].blocks) {
      if (block.source.front().output >= 0) continue;
      PooledError& error = outcomes[block.channel];
      error.unit = block.observable == "height_ex_situ" ? "um" : "1";
      Pool(ErrorOfRows(block, assumed[r]), &error.before);
      if (!calibrated.empty()) Pool(ErrorOfRows(block, calibrated[r]), &error.after);
    }
  }
  std::vector<ChannelGap> out = Summarised(pooled, !calibrated.empty());
  for (ChannelGap& outcome : Summarised(outcomes, !calibrated.empty())) {
    out.push_back(std::move(outcome));
  }
  return out;
}

absl::StatusOr<CampaignValidation> ValidateCampaign(
    const twin::Twin& twin, const Eigen::VectorXd& assumed, const CampaignFit& fit,
    const std::vector<std::string>& accused, const std::vector<CampaignRun>& runs, uint64_t seed) {
  const double none = std::nan("");
  CampaignValidation out{.validation = {.held_out = !runs.empty(),
                                        .gap_before = none,
                                        .gap_after = none,
                                        .floor = none,
                                        .coverage_50 = none,
                                        .coverage_90 = none}};
  Validation& validation = out.validation;
  validation.decision = {.because = runs.empty() ? "no run was held out" : "nothing was calibrated",
                         .elpd_difference = none,
                         .elpd_low = none,
                         .elpd_high = none};
  if (runs.empty()) return out;
  for (const CampaignRun& run : runs) {
    for (const signal::SensorFinding& finding : run.clean.findings) {
      validation.findings.push_back({run.id, finding});
    }
  }
  const CampaignModel model(twin, runs, assumed);
  const bool calibrated = !fit.parameters.empty();
  const Eigen::VectorXd after = calibrated ? model.Natural(fit.z) : Eigen::VectorXd();
  PARALLAX_ASSIGN_OR_RETURN(validation.drives, DrivesOf(twin, calibrated ? after : assumed, runs));
  PARALLAX_ASSIGN_OR_RETURN(validation.chirality, CallChirality(twin, assumed, after, runs));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<ChannelGap> rmse,
                            RmseByChannel(twin, assumed, after, runs));
  Eigen::VectorXd before_rows, after_rows;
  Eigen::MatrixXd jacobian;
  PARALLAX_RETURN_IF_ERROR(model.DifferentiateAll(model.base(), &before_rows, &jacobian));
  PARALLAX_ASSIGN_OR_RETURN(
      const CampaignNoise noise,
      CampaignNoise::Create(model, twin::TrustIn(twin.description().name), jacobian));
  PARALLAX_RETURN_IF_ERROR(model.DifferentiateAll(fit.z, &after_rows, &jacobian));
  for (const EvidenceBlock& block : model.blocks()) {
    if (std::find(accused.begin(), accused.end(), block.channel) == accused.end()) continue;
    before_rows.segment(block.begin, block.rows()).setZero();
    after_rows.segment(block.begin, block.rows()).setZero();
  }
  const CampaignGauge gauge(model, noise, seed);
  out.mean_z2 = gauge.Misfit(after_rows);
  out.p_value = gauge.MisfitPValues(after_rows);
  out.chance = gauge.Chance();
  validation.gap_before = out.gap_before = gauge.Gap(before_rows);
  validation.gap_after = out.gap_after = gauge.Gap(after_rows);
  validation.floor = out.floor = gauge.floor();

  const Eigen::VectorXd scores =
      after_rows.cwiseQuotient(PredictiveSd(model, noise, fit, jacobian));
  std::map<std::string, Coverage> coverage;
  Coverage all;
  for (const EvidenceBlock& block : model.blocks()) {
    const auto size = scores.segment(block.begin, block.rows()).array().abs();
    for (Coverage* into : {&coverage[block.channel], &all}) {
      into->half += static_cast<double>((size < kHalf).count());
      into->ninety += static_cast<double>((size < kNinety).count());
      into->rows += static_cast<double>(block.rows());
      into->blocks += 1.0;
    }
  }
  validation.coverage_50 = all.half / all.rows;
  validation.coverage_90 = all.ninety / all.rows;
  const std::map<std::string, double> noise_of = NoiseByChannel(model, noise);
  calibration::ValidationInput input;
  for (const ChannelGap& channel : rmse) {
    const auto found = coverage.find(channel.channel);
    const bool covered = found != coverage.end();
    validation.channels.push_back(
        {.channel = channel.channel,
         .unit = channel.unit,
         .rmse_before = channel.rmse,
         .rmse_after = channel.rmse_after,
         .coverage_50 = covered ? found->second.half / found->second.rows : none,
         .coverage_90 = covered ? found->second.ninety / found->second.rows : none});
    const bool lies = std::find(accused.begin(), accused.end(), channel.channel) != accused.end();
    if (!covered || lies || !calibrated) continue;
    input.channels.push_back(
        {.channel = channel.channel,
         .rmse_before = channel.rmse,
         .rmse_after = channel.rmse_after,
         .noise_sd = DifferenceInUnit(channel.unit, noise_of.at(channel.channel)),
         .effective_samples = found->second.blocks,
         .coverage_50 = validation.channels.back().coverage_50,
         .coverage_90 = validation.channels.back().coverage_90});
  }
  if (!calibrated) return out;
  const Eigen::VectorXd white_before = noise.Whiten(before_rows);
  const Eigen::VectorXd white_after = noise.Whiten(after_rows);
  if (!validation.chirality.empty()) input.counts = {RightCalls(validation.chirality)};
  for (const CampaignRun& run : runs) input.units.push_back({run.id, 0.0, 0.0});
  for (const EvidenceBlock& block : model.blocks()) {
    calibration::ValidationUnit& unit = input.units[static_cast<size_t>(block.run)];
    unit.log_density_before -= 0.5 * white_before.segment(block.begin, block.rows()).squaredNorm();
    unit.log_density_after -= 0.5 * white_after.segment(block.begin, block.rows()).squaredNorm();
  }
  for (const int p : fit.parameters) {
    const twin::Parameter& parameter = twin.description().parameters[static_cast<size_t>(p)];
    input.parameters.push_back({parameter.name, after(p), parameter.lower, parameter.upper});
  }
  PARALLAX_ASSIGN_OR_RETURN(
      validation.decision,
      calibration::DecideValidation(input, {.growth_rule = calibration::GrowthRule::kNoise,
                                            .coverage_rule = calibration::CoverageRule::kAtLeast,
                                            .seed = seed}));
  return out;
}

}  // namespace parallax::pipeline
