#include "core/pipeline/parameter_space.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"

namespace parallax::pipeline {
namespace {

/// Log-sd of a within-run step of a per-run parameter: a moved crucible may change the coupling by
/// a factor of two.
constexpr double kStepLogSd = 0.6;

}  // namespace

ParameterSpace::ParameterSpace(const twin::Description& description, Eigen::VectorXd assumed,
                               const std::vector<std::string>& runs, std::vector<Step> steps)
    : description_(&description), assumed_(std::move(assumed)), steps_(std::move(steps)) {
  const std::vector<twin::Parameter>& parameters = description.parameters;
  for (size_t p = 0; p < parameters.size(); ++p) {
    coordinates_.push_back(
        {Coordinate::Kind::kRig, static_cast<int>(p), -1, -1, parameters[p].name});
  }
  for (size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].scope != twin::Scope::kRun) continue;
    for (size_t r = 0; r < runs.size(); ++r) {
      coordinates_.push_back({Coordinate::Kind::kRunDeviation, static_cast<int>(p),
                              static_cast<int>(r), -1,
                              absl::StrFormat("%s[%s]", parameters[p].name, runs[r])});
    }
    for (size_t s = 0; s < steps_.size(); ++s) {
      const std::string& run = runs[static_cast<size_t>(steps_[s].run)];
      coordinates_.push_back(
          {Coordinate::Kind::kStep, static_cast<int>(p), steps_[s].run, static_cast<int>(s),
           absl::StrFormat("%s[%s] after %.0f s", parameters[p].name, run, steps_[s].time_s)});
    }
  }
}

std::vector<int> ParameterSpace::CoordinatesOf(int parameter) const {
  std::vector<int> found;
  for (int i = 0; i < size(); ++i) {
    if (coordinates_[static_cast<size_t>(i)].parameter == parameter) found.push_back(i);
  }
  return found;
}

double ParameterSpace::Shift(const Eigen::VectorXd& z, int run, int parameter) const {
  const twin::Parameter& p = description_->parameters[static_cast<size_t>(parameter)];
  double shift = p.prior_sd * z(parameter);
  if (p.scope != twin::Scope::kRun) return shift;
  for (int i = parameter_count(); i < size(); ++i) {
    const Coordinate& c = coordinates_[static_cast<size_t>(i)];
    if (c.kind == Coordinate::Kind::kRunDeviation && c.parameter == parameter && c.run == run) {
      shift += p.run_sd * z(i);
    }
  }
  return shift;
}

Eigen::VectorXd ParameterSpace::Natural(const Eigen::VectorXd& z, int run) const {
  Eigen::VectorXd natural(parameter_count());
  for (int p = 0; p < parameter_count(); ++p) {
    const twin::Parameter& parameter = description_->parameters[static_cast<size_t>(p)];
    const double coordinate = twin::ToCoordinate(parameter, assumed_(p)) + Shift(z, run, p);
    // Rounding at a bound must not carry a value outside of it.
    natural(p) =
        std::clamp(twin::FromCoordinate(parameter, coordinate), parameter.lower, parameter.upper);
  }
  return natural;
}

double ParameterSpace::Derivative(const Eigen::VectorXd& z, int run, int coordinate) const {
  const Coordinate& c = coordinates_[static_cast<size_t>(coordinate)];
  if (c.kind == Coordinate::Kind::kStep) return 0.0;
  if (c.kind == Coordinate::Kind::kRunDeviation && c.run != run) return 0.0;
  const twin::Parameter& p = description_->parameters[static_cast<size_t>(c.parameter)];
  const double scale = c.kind == Coordinate::Kind::kRig ? p.prior_sd : p.run_sd;
  const double at = twin::ToCoordinate(p, assumed_(c.parameter)) + Shift(z, run, c.parameter);
  return scale * twin::FromCoordinateDerivative(p, at);
}

double ParameterSpace::StepRatio(const Eigen::VectorXd& z, int run, double time_s) const {
  double log_ratio = 0.0;
  for (int i = parameter_count(); i < size(); ++i) {
    const Coordinate& c = coordinates_[static_cast<size_t>(i)];
    if (c.kind != Coordinate::Kind::kStep || c.run != run) continue;
    if (time_s >= steps_[static_cast<size_t>(c.step)].time_s) log_ratio += kStepLogSd * z(i);
  }
  return std::exp(log_ratio);
}

bool ParameterSpace::HasSteps(int run) const {
  return std::any_of(steps_.begin(), steps_.end(), [run](const Step& s) { return s.run == run; });
}

Eigen::VectorXd ParameterSpace::lower() const {
  Eigen::VectorXd bound = Eigen::VectorXd::Constant(size(), -kFurthestCoordinate);
  for (int p = 0; p < parameter_count(); ++p) {
    const twin::Parameter& parameter = description_->parameters[static_cast<size_t>(p)];
    const double reach = (twin::ToCoordinate(parameter, parameter.lower) -
                          twin::ToCoordinate(parameter, assumed_(p))) /
                         parameter.prior_sd;
    bound(p) = std::max(bound(p), reach);
  }
  return bound;
}

Eigen::VectorXd ParameterSpace::upper() const {
  Eigen::VectorXd bound = Eigen::VectorXd::Constant(size(), kFurthestCoordinate);
  for (int p = 0; p < parameter_count(); ++p) {
    const twin::Parameter& parameter = description_->parameters[static_cast<size_t>(p)];
    const double reach = (twin::ToCoordinate(parameter, parameter.upper) -
                          twin::ToCoordinate(parameter, assumed_(p))) /
                         parameter.prior_sd;
    bound(p) = std::min(bound(p), reach);
  }
  return bound;
}

}  // namespace parallax::pipeline
