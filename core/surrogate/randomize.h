#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/surrogate/sensor_faults.h"

namespace parallax::surrogate {

/// Parameters in coordinates z in which their prior is standard normal and independent, with a
/// normal posterior there.
struct ParameterBelief {
  std::vector<std::string> names;  ///< p
  Eigen::VectorXd mean;            ///< p, of the posterior [prior sd]
  Eigen::MatrixXd covariance;      ///< p × p, of the posterior, semidefinite [prior sd²]
  Eigen::VectorXd low;             ///< p, bounds of z, < high; −infinity: none
  Eigen::VectorXd high;            ///< p; infinity: none
};

/// How wrong the twin may be on one observable whatever its parameters are.
struct ObservableDiscrepancy {
  std::string observable;
  std::string unit;
  double offset_sd = 0.0;      ///< of a constant over the run, ≥ 0 [observable]
  double wandering_sd = 0.0;   ///< of an Ornstein–Uhlenbeck process, ≥ 0 [observable]
  double wandering_s = 600.0;  ///< its correlation time, > 0
};

/// What a training set is drawn from, and all that its model card has to say of it.
struct Randomization {
  ParameterBelief parameters;
  /// Share of draws from the inflated posterior, in [0, 1]; the others are from the prior. In every
  /// block of 20 successive draws the number is exact (the fraction of a draw is carried on to the
  /// next block), at places that the seed shuffles: no fold or stride of indices gets only one
  /// kind.
  double posterior_share = 0.8;
  /// Factor on the posterior's standard deviations: its covariance is multiplied by the square.
  double sd_inflation = 1.5;
  std::vector<ObservableDiscrepancy> discrepancies;
  std::vector<SensorFaultRanges> faults;
  uint64_t seed = 0;
};

enum class DrawOrigin { kPosterior, kPrior };

/// One draw of parameters.
struct ParameterDraw {
  Eigen::VectorXd z;  ///< p, within the bounds [prior sd]
  DrawOrigin origin = DrawOrigin::kPosterior;
};

/// Draws a training set. Draw i of anything depends on (seed, i) alone, not on what else is drawn,
/// nor in which order or on how many threads. Immutable, thread-safe.
/// Source: Tobin et al., IROS (2017) 23 (randomisation); Muratore et al., Frontiers in Robotics and
/// AI 9 (2022) 799893 (from a posterior).
class Randomizer {
 public:
  /// Errors: InvalidArgument naming the figure and its bound: sizes, a covariance that is not
  /// symmetric and semidefinite, bounds that hold nothing, shares, negative sds, fault ranges.
  static absl::StatusOr<Randomizer> Create(Randomization randomization);

  /// Parameters of draw `index`. A draw past a bound is reflected at it, as often as needed.
  /// REQUIRES here and below: index < 2⁴⁰.
  ParameterDraw Parameters(uint64_t index) const;

  /// Discrepancy of one observable in draw `index`, to be added to the twin's: offset + wandering.
  /// A single figure is a series of one sample.
  /// @param observable  its place in Randomization::discrepancies.
  /// @param time_s  n, not decreasing.   @return  n [observable].
  Eigen::VectorXd Discrepancy(uint64_t index, size_t observable,
                              const Eigen::Ref<const Eigen::VectorXd>& time_s) const;

  /// The faults of one channel in draw `index`. @param channel  its place in
  /// Randomization::faults.
  SensorFault Fault(uint64_t index, size_t channel) const;

  /// A series as that faulty sensor shows it: Fault() applied, NaN where a sample is lost.
  Eigen::VectorXd Faulty(uint64_t index, size_t channel,
                         const Eigen::Ref<const Eigen::VectorXd>& time_s,
                         const Eigen::Ref<const Eigen::VectorXd>& values) const;

  const Randomization& randomization() const { return randomization_; }

 private:
  Randomizer(Randomization randomization, Eigen::MatrixXd root);

  Randomization randomization_;
  Eigen::MatrixXd root_;  // p × p, root rootᵀ = inflated covariance
};

/// z brought into [low, high] by reflection at the ends. REQUIRES: low < high.
double Reflect(double z, double low, double high);

/// One line of the model card: what was varied, between which values, in which share of the draws.
struct RandomizedQuantity {
  std::string what;  ///< "parameter k0, posterior with 1.5 × its sd"
  std::string unit;  ///< "prior sd", "K", "s", "1"
  double low =
      0.0;  ///< of the central 90 % where normal (within the bounds), the ends where uniform
  double high = 0.0;  ///< as above
  double share = 0.0;
};

/// All that varies, in the order of the struct; what never varies is left out.
std::vector<RandomizedQuantity> Describe(const Randomization& randomization);

}  // namespace parallax::surrogate
