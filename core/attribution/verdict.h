#pragma once

#include <limits>
#include <string>
#include <vector>

#include "core/attribution/verdict_thresholds.h"

namespace parallax::attribution {

enum class VerdictKind {
  kNoGap,        ///< simulation and reality agree within what the runs can show
  kSensorFault,  ///< a sensor explains the gap; physics is not to blame
  kIdentified,   ///< these parameters cause it
  kAmbiguous,    ///< one of this group causes it; the runs cannot say which
  kUnmodelled,   ///< something that the twin has no parameter for
  kAbstained,    ///< a gate failed; the sentence says which
};

/// "NO_GAP", "SENSOR_FAULT", "IDENTIFIED", "AMBIGUOUS", "UNMODELLED", "ABSTAINED".
std::string ToString(VerdictKind kind);

/// An optional figure that could not be computed. Its gate does not count and is listed as "(not
/// available)"; the calibrate misfit must be there.
inline constexpr double kUnavailable = std::numeric_limits<double>::quiet_NaN();

/// What is known about one parameter.
struct ParameterEvidence {
  std::string name = {};
  double pip = 0.0;           ///< posterior inclusion probability
  double loss_without = 0.0;  ///< nats by which the best model without it is worse
  double gain_alone = 0.0;    ///< nats by which it alone beats the model with none
  double shapley = 0.0, shapley_low = 0.0, shapley_high = 0.0;  ///< share of the gap
  double contraction = 0.0;
  /// Id of a collinear cluster (γ ≥ 7), or of a cause in whose place a missing term could stand;
  /// −1: it has no double.
  int cluster = -1;
  double shift_sd = 0.0;  ///< by which the fit needs to move it at least, in prior sds
  double replay_removed =
      kUnavailable;  ///< share of the excess gap removed by do(θ) of the causes it is among
  double stability = kUnavailable;  ///< share of run bootstraps that name it
  /// From what is assumed to the least of the misfit as a local explanation sees it, along the way
  /// of the fit, prior sds: below 0 it lies the other way.
  double local_step = kUnavailable;
  std::vector<std::string> channels = {};  ///< that it moves; empty: all
  /// Least shift from what is assumed [prior sds] that would be seen 19 times in 20;
  /// DetectableShift.
  double detectable_sd = kUnavailable;
};

/// A hypothesis that one channel misreports.
struct SensorEvidence {
  std::string channel;
  std::string fault;  ///< "drift", in words
  double probability = 0.0;
  /// Share of the excess gap that it alone explains; where it is inferred, that all inferred faults
  /// explain together.
  double explained = 0.0;
  bool inferred = false;  ///< from a gap to the twin; a stuck instrument is seen without one
};

/// Fit quality of one channel: mean squared standardised residual, 1 where all is well.
struct ChannelMisfit {
  std::string channel;
  double calibrate_mean_z2 = kUnavailable;
  double validate_mean_z2 = kUnavailable;
  /// What a right twin exceeds in one campaign of a hundred: no bound lies below it. Errors that
  /// all rows share do not average out.
  double calibrate_chance = 0.0;
  double validate_chance = 0.0;
  /// Share of right twins that miss by at least as much.
  double calibrate_p_value = kUnavailable;
  double validate_p_value = kUnavailable;
  std::string instrument = {};  ///< "device/channel" that reads it; empty: `channel` is one
  std::string where = {};       ///< phase in which most of a calibrate misfit is left; may be empty
};

/// All that a verdict is made from: plain numbers.
struct Evidence {
  double gap = 0.0, floor = 0.0;    ///< in one unit
  std::string gap_measure = "gap";  ///< what these two are, in words
  double gap_p_value = 1.0;         ///< adjusted
  double smallest_p_value = 0.0;    ///< that so few runs or blocks could have given
  /// Measured gap above which the test calls it significant, same unit.
  double significant_gap = kUnavailable;
  /// P(all is as assumed), against hypotheses that explain the runs better than nothing does: what
  /// explains them no better is possible, too, but cannot be seen.
  double nothing_probability = kUnavailable;
  std::vector<ParameterEvidence> parameters;
  std::vector<SensorEvidence> sensors;
  std::vector<ChannelMisfit> channels;
  double large_discrepancy_probability = 0.0;
  std::string discrepancy_where;    ///< what shows it most and in which phase, in words
  std::string discrepancy_channel;  ///< instrument that reads this; may be empty
  /// Rivals where no cause can be singled out: names, and P(at least one of them).
  std::vector<std::string> rival_group;
  double rival_probability = 0.0;
  std::string separating_experiment;  ///< in words; may be empty
};

/// One condition with its figure, as the report shows it.
struct Gate {
  std::string name;
  double figure = 0.0;
  std::string bound;  ///< ">= 0.95"
  bool passed = false;
};

struct Verdict {
  VerdictKind kind = VerdictKind::kAbstained;
  std::vector<std::string> parameters;  ///< of kIdentified
  std::vector<std::string> group;       ///< of kAmbiguous
  std::vector<std::string> channels;    ///< of kSensorFault and kUnmodelled
  std::string where;  ///< of kUnmodelled: what shows it most and in which phase; may be empty
  /// Probability that the verdict is true, in [0, 1]: what decided, given that the truth is among
  /// the hypotheses, times the probability of that. 0 of kAbstained.
  double confidence = 0.0;
  std::string because;  ///< one sentence made from the figures
};

struct VerdictDecision {
  Verdict verdict;
  std::vector<Gate> gates;  ///< all that were tried, in order
};

/// The rules of docs/methods.md §9 in the order NO_GAP, SENSOR_FAULT, UNMODELLED, IDENTIFIED,
/// AMBIGUOUS, SENSOR_FAULT where nothing else can be blamed, ABSTAINED. Pure: equal evidence gives
/// an equal decision.
VerdictDecision DecideVerdict(const Evidence& evidence, const VerdictThresholds& thresholds = {});

}  // namespace parallax::attribution
