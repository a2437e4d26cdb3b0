#include "core/pipeline/twin_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/parameter_draws.h"

namespace parallax::pipeline {
namespace {

double CenterOf(const twin::Parameter& parameter) {
  return twin::ToCoordinate(parameter, parameter.nominal);
}

double PriorCoordinate(const twin::Parameter& parameter, double natural) {
  return (twin::ToCoordinate(parameter, natural) - CenterOf(parameter)) / parameter.prior_sd;
}

/// A bound in z; none where the transform sends it to infinity.
double BoundOf(const twin::Parameter& parameter, double bound, double none) {
  const double z = PriorCoordinate(parameter, bound);
  return std::isfinite(z) ? z : none;
}

/// One draw's prediction; empty where the twin refused it.
struct DrawnOutcome {
  Eigen::VectorXd outcome;
  Eigen::MatrixXd slope;  ///< outcomes × parameters, by z
  absl::Status status;
};

DrawnOutcome PredictDraw(const twin::Twin& twin, const twin::Drive& drive, const Eigen::VectorXd& z,
                         Slopes slopes) {
  DrawnOutcome drawn;
  twin::Prediction prediction;
  twin::Jacobian jacobian;
  drawn.status = twin.Predict(NaturalOf(twin.description(), z), drive, &prediction,
                              slopes == Slopes::kExact ? &jacobian : nullptr);
  if (!drawn.status.ok()) return drawn;
  drawn.outcome = std::move(prediction.outcome);
  if (slopes == Slopes::kExact) {
    drawn.slope = jacobian.outcome * NaturalSlopeOf(twin.description(), z).asDiagonal();
  }
  return drawn;
}

/// Stacks the draws that the twin took.
TwinSample Stack(const std::vector<Eigen::VectorXd>& z, const std::vector<DrawnOutcome>& drawn,
                 Slopes slopes) {
  std::vector<size_t> taken;
  for (size_t i = 0; i < drawn.size(); ++i) {
    if (drawn[i].status.ok()) taken.push_back(i);
  }
  TwinSample sample{.failed = static_cast<int>(drawn.size() - taken.size())};
  const auto n = static_cast<Eigen::Index>(taken.size());
  const Eigen::Index outcomes = drawn[taken.front()].outcome.size();
  sample.z.resize(n, z.front().size());
  sample.outcomes.resize(n, outcomes);
  if (slopes == Slopes::kExact) {
    sample.slopes.assign(static_cast<size_t>(outcomes), Eigen::MatrixXd(n, z.front().size()));
  }
  for (Eigen::Index row = 0; row < n; ++row) {
    const DrawnOutcome& one = drawn[taken[static_cast<size_t>(row)]];
    sample.z.row(row) = z[taken[static_cast<size_t>(row)]].transpose();
    sample.outcomes.row(row) = one.outcome.transpose();
    for (size_t k = 0; k < sample.slopes.size(); ++k) {
      sample.slopes[k].row(row) = one.slope.row(static_cast<Eigen::Index>(k));
    }
  }
  return sample;
}

}  // namespace

surrogate::ParameterBelief PriorBelief(const twin::Description& description) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  const auto count = static_cast<Eigen::Index>(description.parameters.size());
  surrogate::ParameterBelief belief{.mean = Eigen::VectorXd::Zero(count),
                                    .covariance = Eigen::MatrixXd::Identity(count, count),
                                    .low = Eigen::VectorXd(count),
                                    .high = Eigen::VectorXd(count)};
  for (Eigen::Index p = 0; p < count; ++p) {
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    belief.names.push_back(parameter.name);
    belief.low(p) = BoundOf(parameter, parameter.lower, -kNone);
    belief.high(p) = BoundOf(parameter, parameter.upper, kNone);
  }
  return belief;
}

absl::StatusOr<surrogate::ParameterBelief> BeliefOf(const twin::Description& description,
                                                    const calibration::ParameterSet& set) {
  surrogate::ParameterBelief belief = PriorBelief(description);
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd values, ValuesForRun(description, set, "", {}));
  Eigen::VectorXd slope(values.size());
  for (Eigen::Index p = 0; p < values.size(); ++p) {
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    belief.mean(p) = PriorCoordinate(parameter, values(p));
    slope(p) = twin::FromCoordinateDerivative(parameter, twin::ToCoordinate(parameter, values(p))) *
               parameter.prior_sd;
  }
  std::vector<Eigen::Index> place;  // of each calibrated value among the parameters, or -1
  for (const calibration::ParameterValue& value : set.values) {
    if (!value.calibrated) continue;
    place.push_back(value.run.empty() ? twin::ParameterIndex(description, value.parameter) : -1);
  }
  if (set.covariance.rows() != static_cast<Eigen::Index>(place.size())) return belief;
  for (size_t i = 0; i < place.size(); ++i) {
    for (size_t j = 0; j < place.size(); ++j) {
      if (place[i] < 0 || place[j] < 0) continue;
      belief.covariance(place[i], place[j]) =
          set.covariance(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) /
          (slope(place[i]) * slope(place[j]));
    }
  }
  return belief;
}

Eigen::VectorXd NaturalOf(const twin::Description& description,
                          const Eigen::Ref<const Eigen::VectorXd>& z) {
  Eigen::VectorXd natural(z.size());
  for (Eigen::Index p = 0; p < z.size(); ++p) {
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    const double value =
        twin::FromCoordinate(parameter, CenterOf(parameter) + parameter.prior_sd * z(p));
    natural(p) = std::clamp(value, parameter.lower, parameter.upper);
  }
  return natural;
}

Eigen::VectorXd NaturalSlopeOf(const twin::Description& description,
                               const Eigen::Ref<const Eigen::VectorXd>& z) {
  Eigen::VectorXd slope(z.size());
  for (Eigen::Index p = 0; p < z.size(); ++p) {
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    const double coordinate = CenterOf(parameter) + parameter.prior_sd * z(p);
    const double value = twin::FromCoordinate(parameter, coordinate);
    const bool inside = value > parameter.lower && value < parameter.upper;
    slope(p) =
        inside ? twin::FromCoordinateDerivative(parameter, coordinate) * parameter.prior_sd : 0.0;
  }
  return slope;
}

absl::StatusOr<TwinSample> SampleTwin(const twin::Twin& twin,
                                      const std::vector<twin::Drive>& drives,
                                      const surrogate::Randomizer& randomizer, uint64_t first,
                                      int count, Slopes slopes) {
  const size_t parameters = twin.description().parameters.size();
  if (drives.empty() || count < 1 ||
      randomizer.randomization().parameters.names.size() != parameters) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d drives, %d draws of %d parameters: must be >= 1, >= 1 and %d", drives.size(), count,
        randomizer.randomization().parameters.names.size(), parameters));
  }
  std::vector<Eigen::VectorXd> z(static_cast<size_t>(count));
  std::vector<DrawnOutcome> drawn(z.size());
  base::ParallelFor(z.size(), [&](size_t i) {
    z[i] = randomizer.Parameters(first + i).z;
    drawn[i] = PredictDraw(twin, drives[(first + i) % drives.size()], z[i], slopes);
  });
  const auto refused = std::count_if(drawn.begin(), drawn.end(),
                                     [](const DrawnOutcome& one) { return !one.status.ok(); });
  if (10 * refused > count) {
    return std::find_if(drawn.begin(), drawn.end(),
                        [](const DrawnOutcome& one) { return !one.status.ok(); })
        ->status;
  }
  return Stack(z, drawn, slopes);
}

}  // namespace parallax::pipeline
