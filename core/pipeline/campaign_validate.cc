#include "core/pipeline/campaign_validate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/normal.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/calibration/scores.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/campaign_replays.h"
#include "core/pipeline/chirality.h"

namespace parallax::pipeline {
namespace {

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
  Eigen::VectorXd own = (free * fit.covariance).cwiseProduct(free).rowwise().sum();
  // A run that was not fitted has a value of its own of what differs between runs.
  if (fit.spread.size() > 0) own += free.cwiseAbs2() * fit.spread.cwiseAbs2();
  return (noise.fitted_sd().array().square() + own.array()).sqrt();
}

/// How well predictions with their stated uncertainty meet the rows of a channel.
struct Forecasts {
  double half = 0.0, ninety = 0.0;             ///< rows inside those intervals
  double crps_before = 0.0, crps_after = 0.0;  ///< sums [SI]
  std::vector<double> pit;                     ///< calibrated, one a row
  double blocks = 0.0;                         ///< runs that have the channel

  double rows() const { return static_cast<double>(pit.size()); }
};

/// @param before, after  residuals [SI].   @param sd_before, sd_after  of each row's prediction.
std::map<std::string, Forecasts> ScoreForecasts(const CampaignModel& model,
                                                const Eigen::VectorXd& before,
                                                const Eigen::VectorXd& sd_before,
                                                const Eigen::VectorXd& after,
                                                const Eigen::VectorXd& sd_after) {
  std::map<std::string, Forecasts> channels;
  for (const EvidenceBlock& block : model.blocks()) {
    Forecasts& channel = channels[block.channel];
    channel.blocks += 1.0;
    for (Eigen::Index i = block.begin; i < block.begin + block.rows(); ++i) {
      const double score = std::abs(after(i) / sd_after(i));
      channel.half += score < base::kCentral50 ? 1.0 : 0.0;
      channel.ninety += score < base::kCentral90 ? 1.0 : 0.0;
      channel.crps_before += calibration::NormalCrps(before(i), 0.0, sd_before(i));
      channel.crps_after += calibration::NormalCrps(after(i), 0.0, sd_after(i));
      channel.pit.push_back(calibration::NormalPit(after(i), 0.0, sd_after(i)));
    }
  }
  return channels;
}

/// Figures of a channel for the report. @param forecasts  nullptr: nothing of it could be scored.
ChannelValidation Summarise(const ChannelGap& rmse, const Forecasts* forecasts, bool calibrated) {
  const double none = std::nan("");
  ChannelValidation out{.channel = rmse.channel,
                        .unit = rmse.unit,
                        .rmse_before = rmse.rmse,
                        .rmse_after = rmse.rmse_after,
                        .coverage_50 = none,
                        .coverage_90 = none,
                        .crps_before = none,
                        .crps_after = none,
                        .pit_distance = none};
  if (forecasts == nullptr) return out;
  const double rows = forecasts->rows();
  out.coverage_50 = forecasts->half / rows;
  out.coverage_90 = forecasts->ninety / rows;
  out.crps_before = DifferenceInUnit(rmse.unit, forecasts->crps_before / rows);
  if (calibrated) out.crps_after = DifferenceInUnit(rmse.unit, forecasts->crps_after / rows);
  out.pit_distance = calibration::PitDistance(
      Eigen::Map<const Eigen::VectorXd>(forecasts->pit.data(), std::ssize(forecasts->pit)));
  return out;
}

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
  SilenceChannels(model, accused, before_rows);
  SilenceChannels(model, accused, after_rows);
  const CampaignGauge gauge(model, noise, seed);
  out.mean_z2 = gauge.Misfit(after_rows);
  out.p_value = gauge.MisfitPValues(after_rows);
  out.chance = gauge.Chance();
  validation.mean_square = {
      .before = gauge.Gap(before_rows), .after = gauge.Gap(after_rows), .floor = gauge.floor()};
  PARALLAX_RETURN_IF_ERROR(ReplayCampaign({model, noise, accused}, {model.base(), before_rows},
                                          {fit.z, after_rows}, seed, &validation));

  const std::map<std::string, Forecasts> forecasts = ScoreForecasts(
      model, before_rows, noise.fitted_sd(), after_rows, PredictiveSd(model, noise, fit, jacobian));
  double half = 0.0, ninety = 0.0, rows = 0.0;
  for (const auto& [channel, scored] : forecasts) {
    half += scored.half;
    ninety += scored.ninety;
    rows += scored.rows();
  }
  validation.coverage_50 = half / rows;
  validation.coverage_90 = ninety / rows;
  const std::map<std::string, double> noise_of = NoiseByChannel(model, noise);
  calibration::ValidationInput input;
  for (const ChannelGap& channel : rmse) {
    const auto found = forecasts.find(channel.channel);
    const bool scored = found != forecasts.end();
    validation.channels.push_back(
        Summarise(channel, scored ? &found->second : nullptr, calibrated));
    const bool lies = std::find(accused.begin(), accused.end(), channel.channel) != accused.end();
    if (!scored || lies || !calibrated) continue;
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
  if (validation.decision.accepted) return out;
  SilenceChannels(model, accused, jacobian);
  validation.leads = FollowResiduals(
      twin.description(), {white_after, noise.Whiten(jacobian), out.mean_z2}, fit.parameters);
  return out;
}

}  // namespace parallax::pipeline
