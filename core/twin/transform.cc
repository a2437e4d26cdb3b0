#include <cmath>

#include "core/twin/twin.h"

namespace parallax::twin {
namespace {

double Logistic(double x) {
  return x >= 0.0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x));
}

}  // namespace

double ToCoordinate(const Parameter& parameter, double value) {
  switch (parameter.transform) {
    case Transform::kIdentity:
      return value;
    case Transform::kLog:
      return std::log(value);
    case Transform::kLogit:
      return std::log((value - parameter.lower) / (parameter.upper - value));
  }
  return value;
}

double FromCoordinate(const Parameter& parameter, double coordinate) {
  switch (parameter.transform) {
    case Transform::kIdentity:
      return coordinate;
    case Transform::kLog:
      return std::exp(coordinate);
    case Transform::kLogit:
      return parameter.lower + (parameter.upper - parameter.lower) * Logistic(coordinate);
  }
  return coordinate;
}

double FromCoordinateDerivative(const Parameter& parameter, double coordinate) {
  switch (parameter.transform) {
    case Transform::kIdentity:
      return 1.0;
    case Transform::kLog:
      return std::exp(coordinate);
    case Transform::kLogit:
      return (parameter.upper - parameter.lower) * Logistic(coordinate) * Logistic(-coordinate);
  }
  return 1.0;
}

}  // namespace parallax::twin
