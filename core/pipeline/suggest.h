#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/aim_score.h"
#include "core/pipeline/design_candidates.h"
#include "core/pipeline/progress.h"

namespace parallax::pipeline {

/// A run that was chosen.
struct ChosenRun {
  DesignCandidate candidate;
  AimedRun aimed;
  double alone_nats = 0.0;
  double gain_nats = 0.0;  ///< beside those chosen before it
};

/// What a search for runs came to.
struct ChosenRuns {
  std::vector<ChosenRun> runs;
  double joint_nats = 0.0;
  /// Of a fair sample of recipes, each alone, nats.
  double random_median = 0.0, random_best = 0.0;
  size_t random = 0;
};

struct ChooseOptions {
  int count = 1;
  int shortlist = 48;  ///< best candidates that a batch is chosen from
};

/// Scores candidates, chooses a batch among the best of them (design::ChooseBatch), and sets every
/// knob of each chosen one back to its usual value where it and those before it stay as good
/// (AimScore::AsGood): a recipe changes what matters and no more.
/// @param random  how many of the first candidates are a fair sample.
/// Errors: those of core/design, among them FailedPrecondition where no candidate informs.
absl::StatusOr<ChosenRuns> ChooseRuns(const DesignBench& bench, const AimScore& score,
                                      std::vector<DesignCandidate> candidates, size_t random,
                                      const ChooseOptions& options);

}  // namespace parallax::pipeline
