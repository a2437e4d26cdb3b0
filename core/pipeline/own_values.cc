#include "core/pipeline/own_values.h"

#include <algorithm>
#include <cmath>

#include "core/base/status_macros.h"
#include "core/calibration/evidence.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {
namespace {

/// A per-run value may look at this much of its run from the first reading that is not censored:
/// long enough for one thermal time constant of the slowest furnace recorded so far.
constexpr double kFirstPart_s = 3600.0;
/// … but never at more than this share of the run.
constexpr double kFirstShare = 0.4;

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

bool IsBefore(double time_s, double limit_s) { return time_s < limit_s; }
bool IsFrom(double time_s, double limit_s) { return time_s >= limit_s; }

/// Coordinates that act in one run: the rig-wide ones and its own.
std::vector<int> CoordinatesIn(const ParameterSpace& space, int run) {
  std::vector<int> found;
  for (int k = 0; k < space.size(); ++k) {
    const Coordinate& c = space.coordinates()[static_cast<size_t>(k)];
    if (c.kind == Coordinate::Kind::kRig || c.run == run) found.push_back(k);
  }
  return found;
}

/// Estimates the deviations of one run in a space of its own, whose coordinates are those of
/// `places`, and adds what its rows know of them.
absl::Status EstimateInRun(const twin::Twin& twin, const RunObservations& first_part,
                           const ParameterSpace& space, const std::vector<int>& places,
                           const NoiseModel& noise, Candidate* candidate,
                           Eigen::MatrixXd* information) {
  const std::vector<RunObservations> alone = {first_part};
  const ParameterSpace own(space.description(), space.assumed(), {first_part.run}, {});
  const Model model(twin, alone, own);
  const calibration::EvidenceProblem problem{.data = DataProblem(model, noise),
                                             .assumed = candidate->z(places),
                                             .prior_sd = Eigen::VectorXd::Ones(own.size())};
  std::vector<int> deviations;
  for (int k = own.parameter_count(); k < own.size(); ++k) deviations.push_back(k);
  PARALLAX_ASSIGN_OR_RETURN(
      const calibration::SubsetEvidence found,
      calibration::EvidenceOfSubset(problem, deviations, {.solver = FitSolverOptions()}));
  candidate->z(places) = found.mode;
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  if (!problem.data.evaluate(found.mode, &residuals, &jacobian)) {
    return absl::InternalError("a held-out run cannot be evaluated at its own fit");
  }
  const Eigen::MatrixXd known = jacobian.transpose() * jacobian;
  (*information)(places, places) += known;
  return absl::OkStatus();
}

}  // namespace

Candidate Carry(const MapFit& fit, const ParameterSpace& held_out) {
  const int n = held_out.parameter_count();
  Candidate candidate{Eigen::VectorXd::Zero(held_out.size()),
                      Eigen::MatrixXd::Identity(held_out.size(), held_out.size())};
  candidate.z.head(n) = fit.z.head(n);
  candidate.covariance.topLeftCorner(n, n) = fit.posterior.covariance.topLeftCorner(n, n);
  return candidate;
}

std::vector<RunObservations> WithoutFirstParts(const std::vector<RunObservations>& runs) {
  std::vector<RunObservations> parts;
  for (const RunObservations& run : runs) parts.push_back(Part(run, &IsFrom));
  return parts;
}

absl::Status EstimateOwnValues(const twin::Twin& twin, const std::vector<RunObservations>& runs,
                               const ParameterSpace& space, const NoiseModel& noise,
                               Candidate* candidate) {
  Eigen::MatrixXd information = Eigen::MatrixXd::Zero(space.size(), space.size());
  for (size_t run = 0; run < runs.size(); ++run) {
    const std::vector<int> places = CoordinatesIn(space, static_cast<int>(run));
    PARALLAX_RETURN_IF_ERROR(EstimateInRun(twin, Part(runs[run], &IsBefore), space, places, noise,
                                           candidate, &information));
  }
  // The own value and the rig-wide ones share ridges (a coupling and a heat capacity only show
  // their ratio), so their uncertainty is joint: what the first part says, added to the fit's
  // precision.
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(space.size(), space.size());
  const Eigen::MatrixXd precision = candidate->covariance.llt().solve(identity) + information;
  candidate->covariance = precision.llt().solve(identity);
  return absl::OkStatus();
}

std::vector<OwnValue> ListOwnValues(const std::vector<RunObservations>& runs,
                                    const ParameterSpace& space, const Candidate& candidate) {
  std::vector<OwnValue> values;
  for (int k = space.parameter_count(); k < space.size(); ++k) {
    const Coordinate& c = space.coordinates()[static_cast<size_t>(k)];
    values.push_back(
        {.run = runs[static_cast<size_t>(c.run)].run,
         .parameter = space.description().parameters[static_cast<size_t>(c.parameter)].name,
         .value = space.Natural(candidate.z, c.run)(c.parameter),
         .sd = std::abs(space.Derivative(candidate.z, c.run, k)) *
               std::sqrt(candidate.covariance(k, k)),
         .used_s = FirstPartEnd(runs[static_cast<size_t>(c.run)])});
  }
  return values;
}

}  // namespace parallax::pipeline
