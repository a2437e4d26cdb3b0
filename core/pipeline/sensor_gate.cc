#include "core/pipeline/sensor_gate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"

namespace parallax::pipeline {
namespace {

/// Moments at which a drift may begin, as parts of the run.
constexpr int kOnsets = 12;
/// Prior sd of what a drifting sensor is off by at the end of a run [SI].
constexpr double kDriftPriorSd = 20.0;
/// A drift that ends within this many scales of the channel's misfit is an ordinary vice.
constexpr double kLeastDriftScales = 5.0;
/// A slower drift [SI/s] cannot be told from slow changes of the rig itself: fouling, evaporation.
constexpr double kLeastDriftRate = 0.002;
/// Prior log odds of a sensor fault (methods.md §3).
const double kLogPriorOdds = std::log(0.01);
/// Autocorrelated misfit passes for a slow drift; this many nats are asked for beyond the prior.
constexpr double kMisfitAllowance_nats = 8.0;

double Probability(double gain_nats) {
  return 1.0 / (1.0 + std::exp(-(gain_nats + kLogPriorOdds - kMisfitAllowance_nats)));
}

SensorHypothesis Weigh(const std::string& run, const calibration::FitResult& with,
                       const calibration::FitResult& without) {
  const double gain_nats = without.cost - with.cost;
  return {.run = run,
          .gain_nats = gain_nats,
          .probability = Probability(gain_nats),
          .explained = without.cost > 0.0 ? gain_nats / without.cost : 0.0};
}

/// Ramp that is 0 until `onset_s` and 1 at the last bin of the block.
Eigen::VectorXd Ramp(const ChannelObservations& channel, double onset_s) {
  const Eigen::VectorXd& t = channel.bin_time_s;
  const double last_s = t(t.size() - 1);
  return ((t.array() - onset_s).max(0.0) / std::max(1.0, last_s - onset_s)).matrix();
}

/// The fit's problem with one more coordinate: what a channel is off by at the end of a run, in
/// units of kDriftPriorSd. Prior rows included.
calibration::LeastSquaresProblem DriftProblem(const Model& model, const NoiseModel& noise,
                                              const RowBlock& block, const Eigen::VectorXd& ramp) {
  calibration::LeastSquaresProblem problem = MapProblem(model, noise);
  const ChannelNoise& channel = noise[static_cast<size_t>(model.Channel(block).output)];
  const Eigen::VectorXd column =
      -kDriftPriorSd / (channel.scale * std::sqrt(channel.inflation)) * ramp;
  const int n = problem.parameters;
  auto evaluate = std::move(problem.evaluate);
  problem.evaluate = [evaluate, column, block, n](const Eigen::VectorXd& x,
                                                  Eigen::VectorXd* residuals,
                                                  Eigen::MatrixXd* jacobian) {
    Eigen::VectorXd rows;
    Eigen::MatrixXd derivative;
    if (!evaluate(x.head(n), &rows, jacobian != nullptr ? &derivative : nullptr)) return false;
    residuals->resize(rows.size() + 1);
    *residuals << rows, x(n);
    residuals->segment(block.begin, block.bins) += x(n) * column;
    if (jacobian == nullptr) return true;
    jacobian->setZero(rows.size() + 1, n + 1);
    jacobian->topLeftCorner(rows.size(), n) = derivative;
    jacobian->col(n).segment(block.begin, block.bins) = column;
    (*jacobian)(rows.size(), n) = 1.0;
    return true;
  };
  problem.parameters = n + 1;
  auto extend = [](Eigen::VectorXd* v, Eigen::Index size, double last) {
    v->conservativeResize(size + 1);
    (*v)(size) = last;
  };
  extend(&problem.lower, n, -kFurthestCoordinate);
  extend(&problem.upper, n, kFurthestCoordinate);
  extend(&problem.robust_scale, problem.robust_scale.size(),
         std::numeric_limits<double>::infinity());
  return problem;
}

/// A drift's onset with the fit that goes with it.
struct DriftTrial {
  double onset_s = 0.0;
  calibration::FitResult fit;
};

/// The onset whose fit costs least. Each is fitted from the assumed values and from the fit without
/// a drift: the latter is contorted by the very drift that is sought, and extrapolating from it
/// misleads.
absl::StatusOr<DriftTrial> BestOnset(const Model& model, const MapFit& fit, const RowBlock& block) {
  const Eigen::VectorXd& t = model.Channel(block).bin_time_s;
  const Eigen::Index n = fit.z.size();
  const NoiseModel noise = SensorNoise(model);
  Eigen::VectorXd fitted = Eigen::VectorXd::Zero(n + 1);
  fitted.head(n) = fit.z;
  const std::array<Eigen::VectorXd, 2> starts = {Eigen::VectorXd::Zero(n + 1), fitted};
  std::vector<absl::StatusOr<DriftTrial>> trials(kOnsets * starts.size(),
                                                 absl::UnknownError("not tried"));
  base::ParallelFor(trials.size(), [&](size_t i) {
    const size_t onset = i / starts.size();
    const double onset_s = t(0) + (t(block.bins - 1) - t(0)) * static_cast<double>(onset) / kOnsets;
    absl::StatusOr<calibration::FitResult> trial = calibration::MinimizeLeastSquares(
        DriftProblem(model, noise, block, Ramp(model.Channel(block), onset_s)),
        starts[i % starts.size()], FitSolverOptions());
    if (trial.ok()) {
      trials[i] = DriftTrial{onset_s, *std::move(trial)};
    } else {
      trials[i] = trial.status();
    }
  });
  DriftTrial best;
  for (absl::StatusOr<DriftTrial>& trial : trials) {
    PARALLAX_RETURN_IF_ERROR(trial.status());
    if (trial->fit.cost < best.fit.cost) best = *std::move(trial);
  }
  return best;
}

absl::StatusOr<std::optional<SensorHypothesis>> TestDrift(const Model& model, const MapFit& fit,
                                                          const RowBlock& block) {
  const ChannelObservations& channel = model.Channel(block);
  if (block.bins < Eigen::Index{2} * kOnsets) return std::optional<SensorHypothesis>();
  const double last_s = channel.bin_time_s(block.bins - 1);
  PARALLAX_ASSIGN_OR_RETURN(const DriftTrial trial, BestOnset(model, fit, block));
  const double onset_s = trial.onset_s;
  calibration::FitResult with = trial.fit;
  const Eigen::VectorXd ramp = Ramp(channel, onset_s);
  // A drift spoils the noise estimate of the fit without it; judge both by the better fit's noise.
  Eigen::VectorXd residuals;
  PARALLAX_RETURN_IF_ERROR(model.Residuals(with.x.head(fit.z.size()), &residuals, nullptr));
  residuals.segment(block.begin, block.bins) -= with.x(fit.z.size()) * kDriftPriorSd * ramp;
  const NoiseModel noise = EstimateNoise(model, residuals);
  PARALLAX_ASSIGN_OR_RETURN(
      with, calibration::MinimizeLeastSquares(DriftProblem(model, noise, block, ramp), with.x,
                                              FitSolverOptions()));
  PARALLAX_ASSIGN_OR_RETURN(const calibration::FitResult without, Refit(model, noise, fit.z));

  const double off = with.x(fit.z.size()) * kDriftPriorSd;
  const std::string& run = model.runs()[static_cast<size_t>(block.run)].run;
  SensorHypothesis found = Weigh(run, with, without);
  const double scale = noise[static_cast<size_t>(channel.output)].scale;
  const double rate = off / std::max(1.0, last_s - onset_s);
  if (std::abs(off) < kLeastDriftScales * scale || std::abs(rate) < kLeastDriftRate) {
    return std::optional<SensorHypothesis>();
  }
  found.finding = {.channel = channel.channel,
                   .reason = signal::QualityReason::kDrift,
                   .samples = std::ssize(channel.sample_points),
                   .begin_s = onset_s,
                   .end_s = last_s,
                   .magnitude = rate,
                   .fault = true,
                   .text = absl::StrFormat(
                       "%s of run %s drifts by %.3g K/s from %.0f s on, %.1f K at %.0f s; physics "
                       "alone fits worse by %.0f nats",
                       channel.channel, run, rate, onset_s, off, last_s, found.gain_nats)};
  return std::optional<SensorHypothesis>(std::move(found));
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
  SensorHypothesis found = Weigh(observed.run, with, without);
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
    if (hypothesis.has_value() && hypothesis->probability >= 0.5) {
      found.push_back(*std::move(hypothesis));
    }
  };
  for (const RowBlock& block : model.blocks()) {
    PARALLAX_ASSIGN_OR_RETURN(std::optional<SensorHypothesis> drift, TestDrift(model, fit, block));
    keep(std::move(drift));
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
