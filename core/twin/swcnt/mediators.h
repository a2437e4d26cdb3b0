#pragma once

#include <vector>

#include "core/twin/mediation.h"

/// The quantities of the nanotube twin that can be taken from another world. Each is tapped where
/// it is handed to one user, so that what one user sees can change while another's stays.
namespace parallax::twin::swcnt {

enum MediatorOrder {
  kHeaterAtSubstrate,
  kHeaterAtPyrolysis,  ///< hot wall only
  kFluxAtHeater,
  kHeightAtEmissivity,
  kHeightAtPyrometer,
  kSurfaceAtActivation,
  kSurfaceAtRipening,
  kSurfaceAtNucleation,
  kSurfaceAtGrowth,
  kSurfaceAtPyrometer,
  kFeedPressure,
  kHydrogenPressure,
  kWaterPressure,
  kSupplyFactor,
  kPyrolysedShare,
  kGrowthRate,
  kOvercoatAtGrowth,
  kOvercoatAtActivity,
  kOvercoatAtNucleation,
  kActivity,
  kActivation,
  kParticleDiameter,
  kMediators,
};

/// In the order above. Means are over the time with feed, of activation and ripening over theirs,
/// of what nucleation sees over the tubes born.
const std::vector<Mediator>& MediatorDescriptors();

/// Lets every user see what the prediction itself makes: compiles to nothing.
struct NoTaps {
  static constexpr bool kActive = false;
  template <typename S>
  const S& operator()(MediatorOrder /*mediator*/, const S& value, double /*weight*/) const {
    return value;
  }
};

/// What a prediction's taps read and write.
class Tape {
 public:
  /// @param held  as in Mediation::PredictHolding; borrowed.
  explicit Tape(const std::vector<const Course*>& held)
      : held_(held), natural_(kMediators), next_(kMediators, 0) {}

  double Pass(MediatorOrder mediator, double value, double weight) {
    Course& course = natural_[mediator];
    course.value.push_back(value);
    course.weight.push_back(weight);
    const Course* held = held_[mediator];
    if (held == nullptr) return value;
    const size_t at = next_[mediator]++;
    return at < held->value.size() ? held->value[at] : value;
  }
  /// The first mediator whose held course has another length than this drive asks for, or -1.
  int Mismatch() const {
    for (int m = 0; m < kMediators; ++m) {
      const auto i = static_cast<size_t>(m);
      if (held_[i] != nullptr && held_[i]->value.size() != next_[i]) return m;
    }
    return -1;
  }
  Courses& natural() { return natural_; }

 private:
  const std::vector<const Course*>& held_;
  Courses natural_;
  std::vector<size_t> next_;
};

/// Records what passes and replaces it where the tape holds another world's.
struct TapeTaps {
  static constexpr bool kActive = true;
  Tape* tape;
  double operator()(MediatorOrder mediator, double value, double weight) const {
    return tape->Pass(mediator, value, weight);
  }
};

}  // namespace parallax::twin::swcnt
