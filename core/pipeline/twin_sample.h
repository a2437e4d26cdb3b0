#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/surrogate/randomize.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What is believed of a twin's parameters in coordinates z, prior sds from the centre that the
/// twin's sources give each: its prior alone, mean 0 and unit covariance within the bounds.
surrogate::ParameterBelief PriorBelief(const twin::Description& description);

/// The same after a calibration: what the set calibrated has its posterior, carried over to z by
/// the slope there; what it did not lies about the set's value with its prior's width. A value that
/// the set calibrated for single runs counts as not calibrated.
/// Errors: InvalidArgument where the set does not fit the twin.
absl::StatusOr<surrogate::ParameterBelief> BeliefOf(const twin::Description& description,
                                                    const calibration::ParameterSet& set);

/// Natural values of coordinates z, each within its bounds; d natural / d z, 0 at a bound.
Eigen::VectorXd NaturalOf(const twin::Description& description,
                          const Eigen::Ref<const Eigen::VectorXd>& z);
Eigen::VectorXd NaturalSlopeOf(const twin::Description& description,
                               const Eigen::Ref<const Eigen::VectorXd>& z);

enum class Slopes { kNone, kExact };

/// What a twin makes of draws of its parameters.
struct TwinSample {
  Eigen::MatrixXd z;         ///< n × parameters
  Eigen::MatrixXd outcomes;  ///< n × outcomes, in the twin's order [SI]
  /// Of each outcome: d outcome / d z, n × parameters; empty where not asked.
  std::vector<Eigen::MatrixXd> slopes;
  int failed = 0;  ///< draws that the twin refused; they are left out
};

/// Predicts the outcomes of draws first … first + count − 1 of a randomisation, draw i driven by
/// drives[i mod size]. In parallel; draw i depends on (seed, i) alone.
/// Errors: InvalidArgument without a drive or on a randomisation of another twin's parameters; that
/// of the twin where it refuses more than a tenth of the draws.
absl::StatusOr<TwinSample> SampleTwin(const twin::Twin& twin,
                                      const std::vector<twin::Drive>& drives,
                                      const surrogate::Randomizer& randomizer, uint64_t first,
                                      int count, Slopes slopes);

}  // namespace parallax::pipeline
