#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/pipeline/analysis.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What a model of the gap that is left learns from.
struct LearnInput {
  const signal::Rig& rig;
  const twin::Twin& twin;
  const calibration::ParameterSet& set;  ///< the calibrated twin's: the rig's current revision
  const std::vector<signal::RunRecord>& calibrate_runs;  ///< learnt from
  /// Locked: no model learns from them, and they are looked at once a training.
  const std::vector<signal::RunRecord>& validate_runs;
  /// Trainings that looked at the same locked runs before: "locked_set"."queries" of the card of
  /// the rig's newest model whose "locked_set"."sha256" is the same, else 0.
  int locked_queries = 0;
  uint64_t seed = 0;
  /// To learn: "height", "share_6_5". Empty: all that were measured often enough.
  std::vector<std::string> outcomes = {};
};

/// A trained model and whether it may serve.
struct LearnResult {
  std::string card_json;    ///< model card, canonical: format "parallax.model/1"
  std::string model_bytes;  ///< for ResidualModel::Decode
  bool accepted = false;    ///< at least one outcome's model may be promoted
  std::string because;      ///< why, in a sentence
};

/// Runs below which an outcome is not learnt at all.
inline constexpr int kLeastLearnRuns = 8;
/// Runs from which the residual is a Bayesian neural network's, below a Gaussian process's.
inline constexpr int kLeastNetworkRuns = 50;
/// Trainings that may look at the same locked runs.
inline constexpr int kMostLockedQueries = 20;

/// Learns, for each outcome that was measured on the samples and that the twin predicts, what the
/// calibrated twin leaves: measured minus predicted, over what was set for the run. An outcome's
/// model is refused where it foretells left-out runs no better than the twin alone, where the guard
/// raises its alarm (surrogate/guard.h), or where locked runs contradict it; the card says of each
/// how it did. Deterministic: same input, same bytes.
/// Errors: InvalidArgument (a set that does not fit the twin; an outcome asked for that the twin
/// does not predict); FailedPrecondition naming what is missing: a twin without outcomes, an
/// outcome asked for that no run measured, fewer than kLeastLearnRuns runs with any outcome,
/// features never varied, outcomes that are the same in all runs; ResourceExhausted where the
/// locked runs were queried too often; Cancelled.
absl::StatusOr<LearnResult> LearnResidual(const LearnInput& input,
                                          const ProgressCallback& progress);

}  // namespace parallax::pipeline
