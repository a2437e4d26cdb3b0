#pragma once

#include <Eigen/Dense>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/estimate.h"
#include "core/design/explanations.h"
#include "core/design/information.h"
#include "core/pipeline/design_candidates.h"

namespace parallax::pipeline {

/// A candidate as an aim reads it.
struct AimedRun {
  std::optional<design::RivalPredictions> rivals;  ///< of a group
  Eigen::MatrixXd information;                     ///< of an outcome: Fisher's, of the state
};

/// What runs tell about what is asked. Constant after construction, so thread-safe.
class AimScore {
 public:
  virtual ~AimScore() = default;
  /// Errors: those of core/design.
  virtual absl::StatusOr<AimedRun> Read(const DesignCandidate& candidate) const = 0;
  /// Expected information of all these runs together, closed form, nats.
  virtual double Joint(const std::vector<const AimedRun*>& runs) const = 0;
  /// Whether `nats` are as good as the best: three per cent less, of what there is to be known no
  /// more than is left open anyway. A recipe that changes less is worth that.
  virtual bool AsGood(double nats, double best) const = 0;
  /// The same of one run by nested Monte Carlo on the twin itself. Errors: those of the twin.
  virtual absl::StatusOr<design::Estimate> Check(const DesignCandidate& candidate,
                                                 uint64_t seed) const = 0;
};

/// Which explanation of the belief holds, whatever the assumptions are that none of them blames:
/// these are free within their priors. REQUIRES: two at least.
std::unique_ptr<AimScore> AboutGroup(const DesignBench& bench);

/// The outcome of the runs in `at` (foreseen by the same bench), under the most probable
/// explanation, all assumptions free within their priors: information about the few combinations of
/// the state that make up nearly all of what is open there.
/// Errors: FailedPrecondition where nothing is open.
absl::StatusOr<std::unique_ptr<AimScore>> AboutOutcome(
    const DesignBench& bench, Eigen::Index outcome, const std::vector<const DesignCandidate*>& at);

/// Position of the belief's most probable explanation.
size_t MostProbable(const CampaignBelief& belief);

}  // namespace parallax::pipeline
