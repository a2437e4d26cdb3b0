#include "core/pipeline/validate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/base/normal.h"
#include "core/base/status_macros.h"
#include "core/calibration/evidence.h"
#include "core/calibration/scores.h"
#include "core/pipeline/gap.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {
namespace {

/// A per-run value may look at this much of its run from the first reading that is not censored:
/// long enough for one thermal time constant of the slowest furnace recorded so far.
constexpr double kFirstPart_s = 3600.0;
/// … but never at more than this share of the run.
constexpr double kFirstShare = 0.4;
constexpr uint64_t kBootstrapSalt = 3'000'000;

bool HasPerRunParameter(const twin::Description& description) {
  return std::any_of(description.parameters.begin(), description.parameters.end(),
                     [](const twin::Parameter& p) { return p.scope == twin::Scope::kRun; });
}

/// Where the first part of a run ends.
double FirstPartEnd(const RunObservations& run) {
  double first = run.drive.time_s(run.drive.time_s.size() - 1);
  double last = run.drive.time_s(0);
  for (const ChannelObservations& channel : run.channels) {
    if (channel.bin_time_s.size() == 0) continue;
    first = std::min(first, channel.bin_time_s(0));
    last = std::max(last, channel.bin_time_s(channel.bin_time_s.size() - 1));
  }
  return first + std::min(kFirstPart_s, kFirstShare * (last - first));
}

using Wanted = bool (*)(double time_s, double limit_s);

/// Bins, samples and censored bins of a channel that lie where they are wanted.
ChannelObservations Keep(const ChannelObservations& channel, const Eigen::VectorXd& grid_s,
                         Wanted wanted, double limit_s) {
  ChannelObservations kept = channel;
  kept.bin_points.clear();
  kept.sample_points.clear();
  std::vector<double> bin_time, bin_value, sample_time, sample_value;
  for (Eigen::Index i = 0; i < channel.bin_time_s.size(); ++i) {
    if (!wanted(channel.bin_time_s(i), limit_s)) continue;
    kept.bin_points.push_back(channel.bin_points[static_cast<size_t>(i)]);
    bin_time.push_back(channel.bin_time_s(i));
    bin_value.push_back(channel.bin_value(i));
  }
  for (Eigen::Index i = 0; i < channel.sample_time_s.size(); ++i) {
    if (!wanted(channel.sample_time_s(i), limit_s)) continue;
    kept.sample_points.push_back(channel.sample_points[static_cast<size_t>(i)]);
    sample_time.push_back(channel.sample_time_s(i));
    sample_value.push_back(channel.sample_value(i));
  }
  std::erase_if(kept.censored_points, [&](const GridPoint& point) {
    return !wanted(point.Interpolate(grid_s), limit_s);
  });
  auto map = [](const std::vector<double>& v) {
    return Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(v.data(), std::ssize(v)));
  };
  kept.bin_time_s = map(bin_time);
  kept.bin_value = map(bin_value);
  kept.sample_time_s = map(sample_time);
  kept.sample_value = map(sample_value);
  return kept;
}

/// The run reduced to what lies before (or from) the end of its first part.
RunObservations Part(const RunObservations& run, Wanted wanted) {
  RunObservations part = run;
  const double limit_s = FirstPartEnd(run);
  for (ChannelObservations& channel : part.channels) {
    channel = Keep(channel, run.drive.time_s, wanted, limit_s);
  }
  return part;
}

std::vector<RunObservations> Parts(const std::vector<RunObservations>& runs, Wanted wanted) {
  std::vector<RunObservations> parts;
  for (const RunObservations& run : runs) parts.push_back(Part(run, wanted));
  return parts;
}

/// A candidate on held-out runs: coordinates with their covariance.
struct Candidate {
  Eigen::VectorXd z;
  Eigen::MatrixXd covariance;
};

/// Rig-wide values and covariance of the fit carried to a space of other runs; deviations of those
/// runs start at their prior.
Candidate Carry(const MapFit& fit, const ParameterSpace& held_out) {
  const int n = held_out.parameter_count();
  Candidate candidate{Eigen::VectorXd::Zero(held_out.size()),
                      Eigen::MatrixXd::Identity(held_out.size(), held_out.size())};
  candidate.z.head(n) = fit.z.head(n);
  candidate.covariance.topLeftCorner(n, n) = fit.posterior.covariance.topLeftCorner(n, n);
  return candidate;
}

/// Estimates the deviations of the held-out runs on their first parts, rig-wide values held.
absl::Status EstimateDeviations(const twin::Twin& twin, const ParameterSpace& space,
                                const MapFit& fit, const std::vector<RunObservations>& first_parts,
                                Candidate* candidate) {
  const Model model(twin, first_parts, space);
  const int n = space.parameter_count();
  const calibration::EvidenceProblem problem{.data = DataProblem(model, fit.noise),
                                             .assumed = candidate->z,
                                             .prior_sd = Eigen::VectorXd::Ones(space.size())};
  uint32_t deviations = 0;
  for (int k = n; k < space.size(); ++k) deviations |= 1u << k;
  PARALLAX_ASSIGN_OR_RETURN(
      const calibration::SubsetEvidence found,
      calibration::EvidenceOfSubset(problem, deviations, {.solver = FitSolverOptions()}));
  candidate->z = found.mode;
  // The own value and the rig-wide ones share ridges (a coupling and a heat capacity only show
  // their ratio), so their uncertainty is joint: what the first part says, added to the fit's
  // precision.
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  if (!problem.data.evaluate(candidate->z, &residuals, &jacobian)) {
    return absl::InternalError("held-out runs cannot be evaluated at their own fit");
  }
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(space.size(), space.size());
  const Eigen::MatrixXd precision =
      candidate->covariance.llt().solve(identity) + jacobian.transpose() * jacobian;
  candidate->covariance = precision.llt().solve(identity);
  return absl::OkStatus();
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

void ListOwnValues(const std::vector<RunObservations>& runs, const ParameterSpace& space,
                   const Candidate& candidate, Validation* out) {
  for (int k = space.parameter_count(); k < space.size(); ++k) {
    const Coordinate& c = space.coordinates()[static_cast<size_t>(k)];
    out->own_values.push_back(
        {.run = runs[static_cast<size_t>(c.run)].run,
         .parameter = space.description().parameters[static_cast<size_t>(c.parameter)].name,
         .value = space.Natural(candidate.z, c.run)(c.parameter),
         .sd = std::abs(space.Derivative(candidate.z, c.run, k)) *
               std::sqrt(candidate.covariance(k, k)),
         .used_s = FirstPartEnd(runs[static_cast<size_t>(c.run)])});
  }
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

}  // namespace

absl::StatusOr<Validation> Validate(const twin::Twin& twin, const ParameterSpace& space,
                                    const MapFit& fit, const std::vector<RunObservations>& runs,
                                    uint64_t seed) {
  Validation out;
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
    const std::vector<RunObservations> first =
        Parts(runs, [](double time_s, double limit_s) { return time_s < limit_s; });
    scored = Parts(runs, [](double time_s, double limit_s) { return time_s >= limit_s; });
    PARALLAX_RETURN_IF_ERROR(EstimateDeviations(twin, held_out, fit, first, &candidate));
    ListOwnValues(runs, held_out, candidate, &out);
  }
  const Model simulation(twin, scored, held_out, Boundary::kAssumed);
  const Model model(twin, scored, held_out);
  const GapMeter meter(model, fit.noise, seed);
  Eigen::VectorXd residuals;
  PARALLAX_RETURN_IF_ERROR(
      simulation.Residuals(Eigen::VectorXd::Zero(held_out.size()), &residuals, nullptr));
  out.gap_before = meter.Gap(residuals);
  PARALLAX_RETURN_IF_ERROR(model.Residuals(candidate.z, &residuals, nullptr));
  out.gap_after = meter.Gap(residuals);
  out.floor = meter.floor();
  Scoring scoring;
  PARALLAX_RETURN_IF_ERROR(ScoreRuns(simulation, model, candidate, fit.noise, &scoring));
  Summarise(scoring, fit.noise, &out, &gate);
  gate.parameters = Bounded(held_out, candidate.z);
  PARALLAX_ASSIGN_OR_RETURN(out.drives, DrivesOf(model, candidate.z));
  for (const RunObservations& run : runs) {
    for (const signal::SensorFinding& finding : run.clean.findings) {
      out.findings.push_back({run.run, finding});
    }
  }
  PARALLAX_ASSIGN_OR_RETURN(out.decision, calibration::DecideValidation(gate, options));
  if (!out.decision.accepted) {
    PARALLAX_ASSIGN_OR_RETURN(out.leads, LeadsOf(model, fit.noise, candidate, residuals));
  }
  return out;
}

}  // namespace parallax::pipeline
