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

/// The samples of one run that a set was made from.
struct SampleRange {
  int64_t samples = 0;
  int64_t first_unix_ns = 0;  ///< least source time, by the devices' clocks; 0 without samples
  int64_t last_unix_ns = 0;
};

/// Where a set came from: enough to make it again. Its priors lie around the `assumed` of its
/// values, as wide as the twin has them.
struct Provenance {
  std::string twin;
  std::string twin_digest;                         ///< covers its version, priors and bounds
  std::map<std::string, std::string> run_digests;  ///< SHA-256 of samples and outcome, of each run
  std::map<std::string, SampleRange> run_ranges;   ///< of the same runs
  std::string method;                              ///< name and version of the analysis
  std::map<std::string, double> cleaning;          ///< signal::CleanOptions, by name
  std::map<std::string, double> solver;            ///< LeastSquaresOptions, by name
  std::string options_digest;                      ///< SHA-256 of method, cleaning and solver
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
