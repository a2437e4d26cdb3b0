#include "core/pipeline/validate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/normal.h"
#include "core/base/status_macros.h"
#include "core/calibration/scores.h"
#include "core/pipeline/gap.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {
namespace {

constexpr uint64_t kBootstrapSalt = 3'000'000;

bool HasPerRunParameter(const twin::Description& description) {
  return std::any_of(description.parameters.begin(), description.parameters.end(),
                     [](const twin::Parameter& p) { return p.scope == twin::Scope::kRun; });
}

/// Held-out runs without the channels that no calibrate run has: the fit knows no noise of theirs,
/// and says how far off nothing may be. Runs of which nothing is left go, too.
std::vector<RunObservations> WithKnownNoise(const std::vector<RunObservations>& runs,
                                            const NoiseModel& noise,
                                            std::vector<std::string>* unusable) {
  std::vector<RunObservations> known;
  for (RunObservations run : runs) {
    std::erase_if(run.channels, [&](const ChannelObservations& channel) {
      if (noise[static_cast<size_t>(channel.output)].scale > 0.0) return false;
      unusable->push_back(
          absl::StrFormat("%s of run \"%s\": no calibrate run has readings of it, so that nothing "
                          "tells how far off "
                          "it may be",
                          channel.channel, run.run));
      return true;
    });
    if (!run.channels.empty()) known.push_back(std::move(run));
  }
  return known;
}

/// Sums over the scored samples of one output.
struct Tally {
  std::string channel;
  std::string unit;
  double before = 0.0, after = 0.0, count = 0.0;
  double inside_50 = 0.0, inside_90 = 0.0;
  double crps_before = 0.0, crps_after = 0.0;
  std::vector<double> pit;  ///< of the candidate
  double effective = 0.0;
};

struct Scoring {
  std::map<int, Tally> outputs;
  std::vector<calibration::ValidationUnit> units;
};

/// Variance [SI²] that the uncertainty of the candidate adds to each grid row of one output.
Eigen::VectorXd ParameterVariance(const ParameterSpace& space, const Candidate& candidate, int run,
                                  const Eigen::MatrixXd& derivative) {
  Eigen::MatrixXd by_coordinate = Eigen::MatrixXd::Zero(derivative.rows(), space.size());
  for (int k = 0; k < space.size(); ++k) {
    const double scale = space.Derivative(candidate.z, run, k);
    if (scale == 0.0) continue;
    by_coordinate.col(k) =
        scale * derivative.col(space.coordinates()[static_cast<size_t>(k)].parameter);
  }
  return (by_coordinate * candidate.covariance).cwiseProduct(by_coordinate).rowwise().sum();
}

void ScoreChannel(const ChannelObservations& channel, const ChannelNoise& noise,
                  const Eigen::VectorXd& before, const Eigen::VectorXd& after,
                  const Eigen::VectorXd& variance, const RunObservations& run, Scoring* scoring) {
  Tally& tally = scoring->outputs[channel.output];
  tally.channel = channel.channel;
  tally.unit = channel.unit;
  const Eigen::Index n = channel.sample_time_s.size();
  Eigen::VectorXd density_before(n);
  Eigen::VectorXd density_after(n);
  const double independent_s = run.bin_s * noise.inflation;
  const double samples_per_bin =
      static_cast<double>(n) /
      std::max<double>(1.0, static_cast<double>(channel.bin_time_s.size()));
  const double weight = 1.0 / std::max(1.0, samples_per_bin * noise.inflation);
  // The scale is of a bin's residual, whose own noise a sample's noise replaces.
  const double misfit2 =
      std::max(0.0, noise.scale * noise.scale - channel.white_sd * channel.white_sd);
  for (Eigen::Index i = 0; i < n; ++i) {
    const GridPoint& point = channel.sample_points[static_cast<size_t>(i)];
    const double y = channel.sample_value(i);
    const double sd =
        std::sqrt(misfit2 + channel.sample_sd * channel.sample_sd + point.Interpolate(variance));
    const double off_before = y - point.Interpolate(before);
    const double off_after = y - point.Interpolate(after);
    tally.before += off_before * off_before;
    tally.after += off_after * off_after;
    tally.inside_50 += std::abs(off_after) <= base::kCentral50 * sd ? 1.0 : 0.0;
    tally.inside_90 += std::abs(off_after) <= base::kCentral90 * sd ? 1.0 : 0.0;
    tally.crps_before += calibration::NormalCrps(off_before, 0.0, sd);
    tally.crps_after += calibration::NormalCrps(off_after, 0.0, sd);
    tally.pit.push_back(calibration::NormalPit(off_after, 0.0, sd));
    density_before(i) = weight * calibration::LogScore(off_before, 0.0, sd);
    density_after(i) = weight * calibration::LogScore(off_after, 0.0, sd);
  }
  tally.count += static_cast<double>(n);
  tally.effective += weight * static_cast<double>(n);
  const std::vector<calibration::ValidationUnit> units = calibration::BlockUnits(
      run.run, channel.sample_time_s, density_before, density_after, independent_s);
  scoring->units.insert(scoring->units.end(), units.begin(), units.end());
}

absl::Status ScoreRuns(const Model& simulation, const Model& model, const Candidate& candidate,
                       const NoiseModel& noise, Scoring* scoring) {
  const Eigen::VectorXd assumed = Eigen::VectorXd::Zero(model.space().size());
  twin::Prediction before;
  twin::Prediction after;
  twin::Jacobian derivative;
  for (size_t r = 0; r < model.runs().size(); ++r) {
    const auto run = static_cast<int>(r);
    PARALLAX_RETURN_IF_ERROR(simulation.Predict(assumed, run, &before, nullptr));
    PARALLAX_RETURN_IF_ERROR(model.Predict(candidate.z, run, &after, &derivative));
    for (const ChannelObservations& channel : model.runs()[r].channels) {
      if (channel.sample_time_s.size() == 0) continue;
      const auto output = static_cast<size_t>(channel.output);
      ScoreChannel(channel, noise[output], before.outputs.col(channel.output),
                   after.outputs.col(channel.output),
                   ParameterVariance(model.space(), candidate, run, derivative.outputs[output]),
                   model.runs()[r], scoring);
    }
  }
  return absl::OkStatus();
}

void Summarise(const Scoring& scoring, const NoiseModel& noise, Validation* out,
               calibration::ValidationInput* gate) {
  double inside_50 = 0.0, inside_90 = 0.0, count = 0.0;
  for (const auto& [output, tally] : scoring.outputs) {
    const double before = std::sqrt(tally.before / tally.count);
    const double after = std::sqrt(tally.after / tally.count);
    out->channels.push_back(
        {.channel = tally.channel,
         .unit = tally.unit,
         .rmse_before = DifferenceInUnit(tally.unit, before),
         .rmse_after = DifferenceInUnit(tally.unit, after),
         .coverage_50 = tally.inside_50 / tally.count,
         .coverage_90 = tally.inside_90 / tally.count,
         .crps_before = DifferenceInUnit(tally.unit, tally.crps_before / tally.count),
         .crps_after = DifferenceInUnit(tally.unit, tally.crps_after / tally.count),
         .pit_distance = calibration::PitDistance(
             Eigen::Map<const Eigen::VectorXd>(tally.pit.data(), std::ssize(tally.pit)))});
    gate->channels.push_back({.channel = tally.channel,
                              .rmse_before = before,
                              .rmse_after = after,
                              .noise_sd = noise[static_cast<size_t>(output)].scale,
                              .effective_samples = std::max(1.0, tally.effective),
                              .coverage_50 = tally.inside_50 / tally.count,
                              .coverage_90 = tally.inside_90 / tally.count});
    inside_50 += tally.inside_50;
    inside_90 += tally.inside_90;
    count += tally.count;
  }
  out->coverage_50 = inside_50 / count;
  out->coverage_90 = inside_90 / count;
  gate->units = scoring.units;
}

std::vector<calibration::BoundedValue> Bounded(const ParameterSpace& space,
                                               const Eigen::VectorXd& z) {
  const Eigen::VectorXd natural = space.Natural(z, 0);
  std::vector<calibration::BoundedValue> values;
  for (int p = 0; p < space.parameter_count(); ++p) {
    const twin::Parameter& parameter = space.description().parameters[static_cast<size_t>(p)];
    values.push_back({parameter.name, natural(p), parameter.lower, parameter.upper});
  }
  return values;
}

/// By channel, of bins in units of what the calibrated fit left of them. @param residuals  [SI].
std::map<std::string, double> MeanSquares(const Model& model, const NoiseModel& noise,
                                          const Eigen::VectorXd& residuals) {
  std::map<std::string, double> sum, bins;
  for (const RowBlock& block : model.blocks()) {
    const ChannelObservations& channel = model.Channel(block);
    const double scale = noise[static_cast<size_t>(channel.output)].scale;
    sum[channel.channel] +=
        residuals.segment(block.begin, block.bins).squaredNorm() / (scale * scale);
    bins[channel.channel] += static_cast<double>(block.bins);
  }
  for (auto& [channel, square] : sum) square /= std::max(1.0, bins[channel]);
  return sum;
}

/// Every rig-wide parameter was calibrated, so other values of them are all that can be asked for.
/// @param residuals  [SI] of the candidate.
absl::StatusOr<Leads> LeadsOf(const Model& model, const NoiseModel& noise,
                              const Candidate& candidate, const Eigen::VectorXd& residuals) {
  HeldOutResiduals held_out{.mean_z2 = MeanSquares(model, noise, residuals)};
  if (!DataProblem(model, noise).evaluate(candidate.z, &held_out.whitened, &held_out.jacobian)) {
    return absl::InternalError("held-out runs cannot be evaluated at the calibrated values");
  }
  const int n = model.space().parameter_count();
  held_out.jacobian = held_out.jacobian.leftCols(n).eval();
  std::vector<int> all(static_cast<size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return FollowResiduals(model.space().description(), held_out, all);
}

/// Gaps of the runs as assumed and under the candidate.
/// @param residuals  receives those of the candidate [SI].
absl::Status CompareGaps(const Model& simulation, const Model& model, const Candidate& candidate,
                         const NoiseModel& noise, uint64_t seed, Validation* out,
                         Eigen::VectorXd* residuals) {
  const GapMeter meter(model, noise, seed);
  const Eigen::VectorXd assumed = Eigen::VectorXd::Zero(model.space().size());
  PARALLAX_RETURN_IF_ERROR(simulation.Residuals(assumed, residuals, nullptr));
  PARALLAX_ASSIGN_OR_RETURN(const divergence::Interval before, meter.GapInterval(*residuals, seed));
  PARALLAX_RETURN_IF_ERROR(model.Residuals(candidate.z, residuals, nullptr));
  PARALLAX_ASSIGN_OR_RETURN(const divergence::Interval after, meter.GapInterval(*residuals, seed));
  SetGaps(before, after, out);
  out->floor = meter.floor();
  return absl::OkStatus();
}

void ListFindings(const std::vector<RunObservations>& runs, Validation* out) {
  for (const RunObservations& run : runs) {
    for (const signal::SensorFinding& finding : run.clean.findings) {
      out->findings.push_back({run.run, finding});
    }
  }
}

}  // namespace

void SetGaps(const divergence::Interval& before, const divergence::Interval& after,
             Validation* validation) {
  validation->gap_before = before.value;
  validation->gap_before_low = before.low;
  validation->gap_before_high = before.high;
  validation->gap_after = after.value;
  validation->gap_after_low = after.low;
  validation->gap_after_high = after.high;
}

absl::StatusOr<Validation> Validate(const twin::Twin& twin, const ParameterSpace& space,
                                    const MapFit& fit, const std::vector<RunObservations>& recorded,
                                    uint64_t seed) {
  Validation out;
  const std::vector<RunObservations> runs = WithKnownNoise(recorded, fit.noise, &out.unusable_runs);
  calibration::ValidationInput gate;
  const calibration::ValidationOptions options{.seed = seed + kBootstrapSalt};
  if (runs.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(out.decision, calibration::DecideValidation(gate, options));
    return out;
  }
  out.held_out = true;
  std::vector<std::string> ids;
  for (const RunObservations& run : runs) ids.push_back(run.run);
  const ParameterSpace held_out(twin.description(), space.assumed(), ids, {});
  Candidate candidate = Carry(fit, held_out);
  std::vector<RunObservations> scored = runs;
  if (HasPerRunParameter(twin.description())) {
    PARALLAX_RETURN_IF_ERROR(EstimateOwnValues(twin, runs, held_out, fit.noise, &candidate));
    out.own_values = ListOwnValues(runs, held_out, candidate);
    scored = WithoutFirstParts(runs);
  }
  const Model simulation(twin, scored, held_out, Boundary::kAssumed);
  const Model model(twin, scored, held_out);
  Eigen::VectorXd residuals;
  PARALLAX_RETURN_IF_ERROR(
      CompareGaps(simulation, model, candidate, fit.noise, seed, &out, &residuals));
  Scoring scoring;
  PARALLAX_RETURN_IF_ERROR(ScoreRuns(simulation, model, candidate, fit.noise, &scoring));
  Summarise(scoring, fit.noise, &out, &gate);
  gate.parameters = Bounded(held_out, candidate.z);
  PARALLAX_ASSIGN_OR_RETURN(out.drives, DrivesOf(model, candidate.z));
  ListFindings(runs, &out);
  PARALLAX_ASSIGN_OR_RETURN(out.decision, calibration::DecideValidation(gate, options));
  if (!out.decision.accepted) {
    PARALLAX_ASSIGN_OR_RETURN(out.leads, LeadsOf(model, fit.noise, candidate, residuals));
  }
  return out;
}

}  // namespace parallax::pipeline
