#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "core/twin/twin.h"

namespace parallax::pipeline {

/// A moment at which a per-run parameter is suspected to have changed within a run, such as the
/// coupling of an induction furnace when its crucible is moved.
struct Step {
  int run = 0;
  double time_s = 0.0;
};

/// What one coordinate of a ParameterSpace moves.
struct Coordinate {
  enum class Kind { kRig, kRunDeviation, kStep };
  Kind kind = Kind::kRig;
  int parameter = 0;
  int run = -1;       ///< kRunDeviation and kStep
  int step = -1;      ///< kStep: position among the space's steps
  std::string label;  ///< "U", "eta[IFrun054]", "eta[IFrun054] after 4210 s"
};

/// The unknowns of an analysis in coordinates in which every prior is a standard normal: 0 is what
/// the simulation assumes, 1 is one prior standard deviation from it. A per-run parameter is
/// hierarchical: a rig-wide coordinate and one deviation a run.
class ParameterSpace {
 public:
  /// @param assumed  natural values, one per parameter of the twin.
  /// @param runs     ids of the runs, in the order used by RunObservations.
  ParameterSpace(const twin::Description& description, Eigen::VectorXd assumed,
                 const std::vector<std::string>& runs, std::vector<Step> steps);

  int size() const { return static_cast<int>(coordinates_.size()); }
  int parameter_count() const { return static_cast<int>(description_->parameters.size()); }
  const std::vector<Coordinate>& coordinates() const { return coordinates_; }
  const std::vector<Step>& steps() const { return steps_; }
  const twin::Description& description() const { return *description_; }
  const Eigen::VectorXd& assumed() const { return assumed_; }

  /// Coordinates that belong to a parameter: its rig-wide one, its deviations, its steps.
  std::vector<int> CoordinatesOf(int parameter) const;

  /// Natural values of all parameters in run `run`, before any step.
  Eigen::VectorXd Natural(const Eigen::VectorXd& z, int run) const;
  /// d natural / d coordinate for a kRig or kRunDeviation coordinate that acts in `run`, else 0.
  double Derivative(const Eigen::VectorXd& z, int run, int coordinate) const;
  /// Factor on the parameter's step input at `time_s` of `run`.
  double StepRatio(const Eigen::VectorXd& z, int run, double time_s) const;
  bool HasSteps(int run) const;

  /// Box that keeps every natural value within its parameter's bounds, in coordinates.
  Eigen::VectorXd lower() const;
  Eigen::VectorXd upper() const;

 private:
  double Shift(const Eigen::VectorXd& z, int run, int parameter) const;

  const twin::Description* description_;
  Eigen::VectorXd assumed_;
  std::vector<Step> steps_;
  std::vector<Coordinate> coordinates_;
};

/// Coordinates further out than this are not searched: a prior says that they do not occur.
inline constexpr double kFurthestCoordinate = 4.5;

}  // namespace parallax::pipeline
