#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/pipeline/analysis.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Keeps a knob of the recipe within bounds narrower than the box that the rig and its runs span
/// (recipe_box.h). Both in the knob's own unit, which the answer's "changes" state: K, Pa, s, m, or
/// that of the flow's set-point channel.
struct KnobLimit {
  std::string knob;
  double low = 0.0;
  double high = 0.0;
};

/// What the next run shall tell.
enum class DesignAim {
  kGroup,    ///< which explanation of an ambiguous verdict holds
  kOutcome,  ///< the outcome of runs anywhere in the box
  kTarget,   ///< the outcome of the runs that promise most of it
};

enum class GoalDirection { kMaximize, kMinimize };

struct SuggestRequest {
  DesignAim aim = DesignAim::kGroup;
  /// "height", "share_6_5", "mean_diameter", "d_over_g". kOutcome: empty takes the one whose value
  /// is least certain beside its own scatter. kTarget: must be given. kGroup: must be empty.
  std::string outcome = {};
  GoalDirection direction = GoalDirection::kMaximize;  ///< kTarget: what is most of the outcome
  /// Runs of the batch, 1 to kMostSuggested; fewer come back where no other would add anything.
  int count = 1;
  std::vector<KnobLimit> limits = {};
};
inline constexpr int kMostSuggested = 8;

struct GoalRequest {
  std::string outcome;  ///< as in SuggestRequest; must have been recorded in some run
  GoalDirection direction = GoalDirection::kMaximize;
  /// Value to be reached [SI], from below where it is maximised; absent: that of the best run.
  std::optional<double> threshold = {};
  std::vector<KnobLimit> limits = {};
};

/// What a design starts from: the runs of a report as they are stored today and the set that it
/// started from, as for pipeline::Analyze, and the report's bytes.
struct DesignInput {
  const signal::Rig& rig;
  const twin::Twin& twin;
  const calibration::ParameterSet& base;
  const std::vector<signal::RunRecord>& calibrate_runs;
  const std::vector<signal::RunRecord>& validate_runs;  ///< tell what recipes the rig can run
  const std::string& report_json;                       ///< of these runs
  uint64_t seed = 0;
};

struct DesignResult {
  std::string json;      ///< canonical: the same input gives the same bytes; docs/learning.md
  std::string headline;  ///< the answer in a sentence
};

/// The runs from which most is to be learned. Candidates: Sobol' points of the recipe box, the
/// usual recipe with one knob at either end of its range, and the same with another substrate
/// thickness. All are scored by a closed-form (Gauss-Newton) expected information, the best are
/// checked by nested Monte Carlo (core/design), a batch is filled greedily, each next run given
/// those before it. Information about a group is what is learned whatever the assumptions are that
/// no member blames, free within their priors; the probability of a decision is that of a verdict,
/// which takes them as assumed. Deterministic.
///
/// Errors: InvalidArgument naming a count, knob ("did you mean"), limit or outcome that is wrong;
/// FailedPrecondition where the report's verdict is not AMBIGUOUS and the aim is kGroup, where no
/// run ever recorded the outcome, where limits leave no knob free, where the twin's recipes have no
/// box; DataLoss (report); those of the twin; Cancelled.
absl::StatusOr<DesignResult> SuggestExperiments(const DesignInput& input,
                                                const SuggestRequest& request,
                                                const ProgressCallback& progress);

/// The recipe in the box whose outcome is best in expectation over what the campaign leaves open,
/// the probability that it reaches the threshold, and the best run so far beside it. Common random
/// numbers: every recipe is judged by the same draws. Deterministic. Errors: as SuggestExperiments.
absl::StatusOr<DesignResult> SeekGoal(const DesignInput& input, const GoalRequest& request,
                                      const ProgressCallback& progress);

}  // namespace parallax::pipeline
