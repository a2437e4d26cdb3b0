#pragma once

#include <Eigen/Dense>
#include <map>
#include <string>
#include <vector>

#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Residuals of held-out runs under a calibrated set, with what they depend on.
struct HeldOutResiduals {
  Eigen::VectorXd whitened;
  Eigen::MatrixXd jacobian;  ///< whitened, d residual / d coordinate, a column a parameter
  std::map<std::string, double> mean_z2;  ///< by channel; 1 where only the known errors are left
};

/// An assumption that was left as it is and that the residuals ask for.
struct Lead {
  std::string parameter;
  std::string mechanism;
  double nats = 0.0;     ///< that it would gain on the held-out runs, to first order
  double step_sd = 0.0;  ///< prior sds by which it would move
};

/// Where a set that held-out runs refused is wrong, and what to look at next. Told, never fitted:
/// held-out runs inform no value.
struct Leads {
  std::string worst_channel;
  double worst_z2 = 0.0;    ///< its mean square residual over that of a right twin
  double refit_nats = 0.0;  ///< what other values of the calibrated parameters would gain there
  std::vector<Lead> parameters;   ///< of at least kLeadNats, the best first, at most kMostLeads
  std::vector<std::string> says;  ///< in sentences
};

/// An inclusion probability of .95 alone, by methods.md §3.
inline constexpr double kLeadNats = 3.0;
inline constexpr size_t kMostLeads = 3;

/// @param calibrated  parameters of `description` whose values were refused, ascending.
Leads FollowResiduals(const twin::Description& description, const HeldOutResiduals& held_out,
                      const std::vector<int>& calibrated);

}  // namespace parallax::pipeline
