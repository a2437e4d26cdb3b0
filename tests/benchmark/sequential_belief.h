#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/random.h"
#include "core/pipeline/campaign_weighing.h"
#include "core/pipeline/design_candidates.h"

/// What a campaign leaves open, run after run that was planned and simulated.
namespace parallax::pipeline::testing {

/// What is true of a repetition: an explanation and its state.
struct TrueState {
  size_t hypothesis = 0;
  Eigen::VectorXd state;
};
TrueState DrawTrueState(const CampaignBelief& belief, uint64_t seed, uint64_t stream);

/// Rows of a planned run where `truth` holds, with the noise of its own. Errors: those of the twin.
absl::StatusOr<Eigen::VectorXd> SimulateRows(const DesignBench& bench, const DesignCandidate& run,
                                             const TrueState& truth, base::Random* noise);

/// The explanations of a belief as they stand after some planned runs: each refitted to a run from
/// what it was before it (Gauss-Newton in the state, the twin linearised anew at every step), its
/// evidence by Laplace's approximation there.
class SequentialBelief {
 public:
  explicit SequentialBelief(const DesignBench& bench);
  /// Errors: those of the twin.
  absl::Status Learn(const DesignCandidate& run, const Eigen::VectorXd& rows);
  size_t Leader() const;
  double Lead(size_t one, size_t other) const { return log_weight_[one] - log_weight_[other]; }
  /// Whether the leader is ahead of every other by what a verdict asks (LeadToResolve).
  bool Resolved() const;

 private:
  absl::Status LearnOne(const DesignCandidate& run, const Eigen::VectorXd& rows, size_t h);

  const DesignBench& bench_;
  std::vector<Eigen::VectorXd> mean_;
  std::vector<Eigen::MatrixXd> precision_, information_;
  std::vector<double> log_weight_;
};

/// The lead of the most probable explanation over the second after one run, by SequentialBelief and
/// by fits of CampaignSearch to the rows of all runs and the planned one.
struct LeadCheck {
  std::string one, other;
  double before = 0.0, sequential = 0.0, refitted = 0.0;
};
absl::StatusOr<LeadCheck> CheckLead(const DesignBench& bench, const WeighedCampaign& campaign,
                                    const DesignCandidate& run, uint64_t seed, uint64_t stream);

}  // namespace parallax::pipeline::testing
