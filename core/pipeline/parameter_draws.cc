#include "core/pipeline/parameter_draws.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::pipeline {
namespace {

/// Values that the covariance of a set is about, with their place in the twin's order.
struct Calibrated {
  std::vector<int> parameter;
  std::vector<double> spread;  ///< sd between runs
  Eigen::MatrixXd root;        ///< of the covariance: root · rootᵀ
};

absl::StatusOr<Calibrated> CalibratedOf(const twin::Description& description,
                                        const calibration::ParameterSet& set,
                                        const std::string& run) {
  Calibrated out;
  for (const calibration::ParameterValue& value : set.values) {
    if (!value.calibrated) continue;
    const bool ours = value.run.empty() || value.run == run;
    out.parameter.push_back(ours ? twin::ParameterIndex(description, value.parameter) : -1);
    out.spread.push_back(value.spread);
  }
  const auto n = static_cast<Eigen::Index>(out.parameter.size());
  if (set.covariance.rows() != n || set.covariance.cols() != n) {
    return absl::InvalidArgumentError(
        absl::StrFormat("covariance is %d x %d for %d calibrated values", set.covariance.rows(),
                        set.covariance.cols(), n));
  }
  if (n == 0) return out;
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(set.covariance);
  const Eigen::VectorXd& values = eigen.values;
  if (values.minCoeff() < -1e-9 * std::max(values.maxCoeff(), 1e-300)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "covariance has an eigenvalue %g, must be positive semi-definite", values.minCoeff()));
  }
  out.root = eigen.vectors * values.cwiseMax(0.0).cwiseSqrt().asDiagonal();
  return out;
}

Eigen::VectorXd Normals(Eigen::Index count, base::Random* random) {
  Eigen::VectorXd normals(count);
  for (double& normal : normals) normal = random->Normal();
  return normals;
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> ValuesForRun(const twin::Description& description,
                                             const calibration::ParameterSet& set,
                                             const std::string& run,
                                             const std::map<std::string, double>& fixed) {
  std::map<std::string, double> values;
  for (const calibration::ParameterValue& value : set.values) {
    // A run's own value follows the rig's and replaces it.
    if (value.run.empty() || value.run == run) values[value.parameter] = value.value;
  }
  for (const auto& [parameter, value] : fixed) values[parameter] = value;
  return twin::ParametersFromAssumptions(description, values);
}

absl::StatusOr<Eigen::MatrixXd> DrawParameters(const twin::Description& description,
                                               const calibration::ParameterSet& set,
                                               const std::string& run,
                                               const std::map<std::string, double>& fixed,
                                               int count, uint64_t seed) {
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd centre,
                            ValuesForRun(description, set, run, fixed));
  PARALLAX_ASSIGN_OR_RETURN(const Calibrated calibrated, CalibratedOf(description, set, run));
  Eigen::MatrixXd draws(centre.size(), count);
  for (int i = 0; i < count; ++i) {
    base::Random random(seed, static_cast<uint64_t>(i));
    const Eigen::VectorXd prior = Normals(centre.size(), &random);
    for (Eigen::Index p = 0; p < centre.size(); ++p) {
      const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
      draws(p, i) = twin::FromCoordinate(
          parameter, twin::ToCoordinate(parameter, centre(p)) + parameter.prior_sd * prior(p));
    }
    const Eigen::VectorXd posterior = calibrated.root * Normals(calibrated.root.cols(), &random);
    const Eigen::VectorXd of_run = Normals(calibrated.root.cols(), &random);
    for (size_t k = 0; k < calibrated.parameter.size(); ++k) {
      const int p = calibrated.parameter[k];
      const auto place = static_cast<Eigen::Index>(k);
      if (p >= 0) draws(p, i) = centre(p) + posterior(place) + calibrated.spread[k] * of_run(place);
    }
    for (Eigen::Index p = 0; p < centre.size(); ++p) {
      const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
      if (fixed.contains(parameter.name)) draws(p, i) = centre(p);
      draws(p, i) = std::clamp(draws(p, i), parameter.lower, parameter.upper);
    }
  }
  return draws;
}

}  // namespace parallax::pipeline
