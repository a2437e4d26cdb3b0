#pragma once

#include <Eigen/Dense>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/explanations.h"
#include "core/design/information.h"

namespace parallax::design {

/// Information that these candidates tell together, nats, ≥ 0. `chosen` is never empty, its last
/// entry is the one on trial. Called from several threads; never fails.
using JointInformation = std::function<double(const std::vector<int>& chosen)>;

/// … about all parameters: submodular, so that greedy choice reaches 1 − 1/e of the best batch.
/// @param information  one p × p matrix for each candidate; both must outlive the result.
JointInformation AboutParameters(const Belief& belief,
                                 const std::vector<Eigen::MatrixXd>& information);
/// … about a target with all else marginalised: monotone, but two experiments may tell more than
/// the sum of each (one measures the nuisance of the other), so that greedy has no such guarantee.
JointInformation AboutTarget(const Target& target, const std::vector<Eigen::MatrixXd>& information);
/// … about which explanation holds: the lower bound of BoundSeparation on the joined experiments.
JointInformation AboutExplanations(const std::vector<RivalPredictions>& experiments);

struct BatchOptions {
  int count = 1;  ///< experiments wanted, ≥ 1
  double least_distance =
      0.05;                  ///< between any two chosen, largest knob difference in [0, 1]^d, ≥ 0
  double least_nats = 1e-6;  ///< that an experiment must add, > 0
};

enum class BatchEnd {
  kFull,        ///< as many as wanted
  kNoneLeft,    ///< every other candidate is nearer than least_distance to a chosen one
  kNoneInforms  ///< no other candidate adds least_nats
};

struct Batch {
  std::vector<int> chosen;    ///< candidates in the order of choice
  std::vector<double> gains;  ///< nats that each adds to those before
  double joint = 0.0;         ///< nats of all, Σ gains
  Eigen::VectorXd alone;      ///< n, nats of each candidate alone
  BatchEnd end = BatchEnd::kFull;
};

/// Chooses one after the other the candidate that adds most nats to those chosen already, per unit
/// of cost where costs are given; exact ties go to the lower index.
/// @param unit   n × d, candidates in [0, 1]^d. @param costs  n, all > 0, or empty: all equal.
/// Errors: InvalidArgument naming an option, a cost or a shape; FailedPrecondition where no
/// candidate informs at all.
/// Source: Nemhauser, Wolsey & Fisher, Math. Programming 14 (1978) 265.
absl::StatusOr<Batch> ChooseBatch(const Eigen::Ref<const Eigen::MatrixXd>& unit,
                                  const Eigen::Ref<const Eigen::VectorXd>& costs,
                                  const JointInformation& joint, const BatchOptions& options = {});

}  // namespace parallax::design
