#pragma once

#include <Eigen/Dense>
#include <map>
#include <string>
#include <vector>

namespace parallax::calibration {

/// One value of a parameter set.
struct ParameterValue {
  std::string parameter;  ///< the twin's name of it
  std::string run;        ///< where it is calibrated per run; else empty
  double value = 0.0;     ///< natural units
  double sd = 0.0;        ///< posterior; 0 for an assumption
  double assumed = 0.0;   ///< what the rig's assumptions said
  std::string unit;
  bool calibrated = false;  ///< moved by the calibration that made the set
  double spread = 0.0;      ///< sd between runs, natural units; 0 where the runs showed none
};

/// Where a set came from: enough to make it again.
struct Provenance {
  std::string twin;
  std::string twin_digest;
  std::map<std::string, std::string> run_digests;  ///< SHA-256 of the samples of each run read
  std::string options_digest;                      ///< SHA-256 of the method's name
  uint64_t seed = 0;
  std::string version;  ///< of the program
};

/// A revision of a rig's parameters: every parameter of the twin, then per-run values.
struct ParameterSet {
  std::vector<ParameterValue> values;
  Eigen::MatrixXd covariance;  ///< of the calibrated values, in their order; may be 0 × 0
  std::map<std::string, std::vector<double>>
      validity;  ///< quantity → {low, high} seen in calibration
  Provenance provenance;
};

}  // namespace parallax::calibration
