#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::calibration {

/// A held-out run, or a block of one where there are too few runs, under both parameter sets.
struct ValidationUnit {
  std::string run;
  double log_density_before = 0.0;  ///< Σ log p of its readings under the current set
  double log_density_after = 0.0;   ///< … under the candidate
};

/// A channel over all held-out runs. Figures in the channel's SI unit.
struct ValidationChannel {
  std::string channel;
  double rmse_before = 0.0;
  double rmse_after = 0.0;
  double noise_sd = 0.0;           ///< of one reading, as GrowthRule takes it
  double effective_samples = 0.0;  ///< independent samples behind rmse; ≥ 1
  double coverage_50 = 0.0;        ///< share of readings in the candidate's 50 % intervals
  double coverage_90 = 0.0;
};

/// A parameter of the candidate and its physical bounds.
struct BoundedValue {
  std::string parameter;
  double value = 0.0;
  double lower = 0.0;
  double upper = 0.0;
};

/// Calls of which some are right, as of the dominant species of each run.
struct ValidationCount {
  std::string name;
  int before = 0, after = 0;  ///< right ones
};

struct ValidationInput {
  std::vector<ValidationUnit> units;
  std::vector<ValidationChannel> channels;
  std::vector<ValidationCount> counts;
  std::vector<BoundedValue> parameters;
};

/// What is asked of the share of readings inside predicted intervals.
enum class CoverageRule {
  kBand,     ///< the binomial band of the promised share
  kAtLeast,  ///< its lower end: for intervals that hold an allowance instead of an estimate
};

/// By how much a channel's RMSE may grow: sds of what?
enum class GrowthRule {
  kOwnError,  ///< a reading's noise and the sampling error of the RMSE before, in quadrature
  /// The sampling error that noise alone gives an RMSE of so many samples: for noise that already
  /// holds every error that a right twin has. However far off a channel was, no more is allowed.
  kNoise,
};

struct ValidationOptions {
  GrowthRule growth_rule = GrowthRule::kOwnError;
  CoverageRule coverage_rule = CoverageRule::kBand;
  int bootstrap = 2000;
  double confidence = 0.9;            ///< the ELPD bound is its lower end, one sided
  double coverage_confidence = 0.95;  ///< of the binomial band of coverage
  double coverage_slack = 0.05;       ///< the band is widened by this share at both ends
  double worsening = 1.0;             ///< sds of noise by which a channel's RMSE may grow
  uint64_t seed = 0;
};

/// One condition of the gate with its figure, for the report.
struct ValidationCheck {
  std::string name;
  double figure = 0.0;
  std::string bound;  ///< ">= 0"
  bool passed = false;
};

struct ValidationDecision {
  bool accepted = false;
  std::string because;           ///< one sentence with the figures
  double elpd_difference = 0.0;  ///< Σ over units, after − before, nats
  double elpd_low = 0.0;         ///< bootstrap lower bound
  double elpd_high = 0.0;        ///< the matching upper bound
  std::vector<ValidationCheck> checks;
};

/// Whether a candidate set becomes current: the lower bound of ΔELPD > 0, no channel worse beyond
/// noise, no count of right calls lower, coverage within its binomial band, parameters inside their
/// bounds.
/// With no unit the set is refused: nothing was held out. With one unit the bound is the difference
/// itself and the sentence says so.
/// Errors: InvalidArgument on figures that are not finite or options out of range.
absl::StatusOr<ValidationDecision> DecideValidation(const ValidationInput& input,
                                                    const ValidationOptions& options = {});

/// Differences of log density in consecutive blocks of `block_s` seconds (longer than the
/// discrepancy's correlation time), as units of a single run.
/// @param time_s, before, after  n samples of one series.
std::vector<ValidationUnit> BlockUnits(const std::string& run, const Eigen::VectorXd& time_s,
                                       const Eigen::VectorXd& log_density_before,
                                       const Eigen::VectorXd& log_density_after, double block_s);

}  // namespace parallax::calibration
