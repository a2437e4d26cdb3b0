#pragma once

#include <ceres/jet.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>

#include "absl/status/status.h"
#include "core/twin/twin.h"

namespace parallax::twin {

/// Sizes `prediction` and, where asked for, `jacobian`, without allocating when they fit already.
void ShapeResult(const Description& description, const Drive& drive, Prediction* prediction,
                 Jacobian* jacobian);

/// Whether all are numbers: x 0 is 0 of those alone. Eigen's allFinite asks one by one.
bool AllFinite(const Eigen::Ref<const Eigen::MatrixXd>& values);

/// Checks that one output came out finite.
/// Errors: InvalidArgument naming output, time and value that is not finite.
absl::Status CheckFinite(const Description& description, const Drive& drive, Eigen::Index output,
                         const Prediction& prediction);

/// Fills outside_domain: `reached[k]` is held against the k-th range of the description.
void ReportDomain(const Description& description, const std::vector<DomainRange>& reached,
                  Prediction* prediction);

/// Both, for a twin all of whose outputs every rig has: checks that what came out is finite and
/// fills outside_domain. Errors: InvalidArgument naming output, time and value that is not finite.
absl::Status FinishPrediction(const Description& description, const Drive& drive,
                              const std::vector<DomainRange>& reached, Prediction* prediction);

/// Errors: InvalidArgument where the drive would take more than kMaxSteps steps.
absl::Status CheckSteps(const Drive& drive, double longest_step_s);

/// The parameters as plain numbers.
template <size_t N>
std::array<double, N> PlainParameters(const Eigen::Ref<const Eigen::VectorXd>& parameters) {
  std::array<double, N> plain;
  for (size_t i = 0; i < N; ++i) plain[i] = parameters[static_cast<Eigen::Index>(i)];
  return plain;
}

/// The parameters as jets of width W, the i-th seeded with derivative 1 in place i. An even W lets
/// the compiler use vector instructions; places beyond N stay zero.
template <int W, size_t N>
std::array<ceres::Jet<double, W>, N> SeededParameters(
    const Eigen::Ref<const Eigen::VectorXd>& parameters) {
  static_assert(W >= static_cast<int>(N));
  std::array<ceres::Jet<double, W>, N> jets;
  for (size_t i = 0; i < N; ++i) {
    jets[i] = ceres::Jet<double, W>(parameters[static_cast<Eigen::Index>(i)], static_cast<int>(i));
  }
  return jets;
}

}  // namespace parallax::twin
