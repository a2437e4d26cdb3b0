#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/twin/twin.h"

namespace parallax::twin {

/// A quantity inside a twin on its way to one of its users, which can be made to see the values of
/// another world: "surface_t@nucleation" is the surface's temperature as nucleation sees it.
struct Mediator {
  std::string name;
  std::string label;  ///< in words: "surface temperature at nucleation"
  std::string unit;
};

/// What one mediator was during one prediction, in the order in which the twin asked for it. That
/// order depends on the drive alone, so courses of different parameters match value for value.
struct Course {
  std::vector<double> value;
  std::vector<double> weight;  ///< how much each counts: seconds, or tubes born

  /// Weighted mean; NaN where nothing counts.
  double Mean() const;
};

/// Courses of all mediators in one world, in the order of Mediation::mediators().
using Courses = std::vector<Course>;

/// Capability of a twin: predictions in which chosen mediators come from another world. With it the
/// effect of a parameter can be divided among the paths that carry it (core/causal/replay.h).
class Mediation {
 public:
  virtual ~Mediation() = default;
  virtual const std::vector<Mediator>& mediators() const = 0;

  /// Predicts as Twin::Predict does, except that users of mediator m see held[m] where it is given.
  /// @param held     a pointer for each mediator, null for what the prediction itself makes of it.
  /// @param natural  may be null; filled with what the prediction itself makes of every mediator,
  ///                 whether its users see it or not.
  /// Errors: as Twin::Predict; InvalidArgument on a course that is not of this drive.
  virtual absl::Status PredictHolding(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                      const Drive& drive, const std::vector<const Course*>& held,
                                      Prediction* prediction, Courses* natural) const = 0;
};

/// Position of a mediator, or -1.
int MediatorIndex(const Mediation& mediation, std::string_view name);

}  // namespace parallax::twin
