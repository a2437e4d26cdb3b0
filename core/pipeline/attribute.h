#pragma once

#include <Eigen/Dense>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/shapley.h"
#include "core/attribution/verdict.h"
#include "core/calibration/identifiability.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/gap.h"
#include "core/pipeline/group_share.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {

/// What the calibrate runs say about each parameter of the twin; vectors are in the twin's order.
struct Attribution {
  double gap_before = 0.0;  ///< with everything as assumed
  double gap_after = 0.0;   ///< at the fit
  calibration::Identifiability identifiability;
  attribution::GapShares shares;
  Eigen::VectorXd upstream;            ///< asymmetric Shapley shares; empty: not computed
  std::vector<double> pip;             ///< posterior inclusion probability
  std::vector<double> loss_without;    ///< nats
  std::vector<double> gain_alone;      ///< nats over the model in which nothing is free
  std::vector<double> detectable_sd;   ///< ParameterEvidence::detectable_sd; empty: not computed
  std::vector<double> replay_removed;  ///< share of the excess gap that setting it alone removes
  double joint_replay_removed = 0.0;   ///< … that setting all causes, and nothing else, removes
  uint32_t causes = 0;                 ///< bits of parameters with PIP >= 0.95 and a share above 0
  std::vector<std::string> rivals;     ///< members of the best models of the fewest parameters
  double rival_probability = 0.0;
  double rival_loss_without = 0.0;  ///< nats by which the best model without any of them is worse
  std::vector<UnionShare> unions;   ///< parameters that share as one, by Owen values
  ShareDraws draws;                 ///< that shares rest on
  /// Where the verdict is about a group: its share as one. Members then have none of their own.
  std::optional<GroupShare> group = std::nullopt;
  /// P(all parameters are as assumed), against subsets whose evidence is above that of none.
  double nothing_probability = 0.0;
};

/// Refits every subset of parameters for its evidence, divides the gap by Owen values over draws
/// from the posterior (clusters that cannot be told apart form unions), and names what cannot be
/// identified. Errors: those of the twin; FailedPrecondition where there is no gap to divide.
absl::StatusOr<Attribution> Attribute(const Model& model, const MapFit& fit, const GapMeter& meter,
                                      uint64_t seed);

/// Divides the gap again with the rivals as one player, as a verdict about them asks, and puts
/// these shares in place of those of Attribute. Errors: as Attribute.
absl::Status CountRivalsAsOne(const Model& model, const MapFit& fit, const GapMeter& meter,
                              uint64_t seed, Attribution* attribution);

/// Mean squared standardised residual of each output, where the twin is allowed its sensor's noise,
/// 5 % of the gap it started from and a wobble of all parameters by 0.02 prior sd (methods.md §3).
absl::StatusOr<std::vector<attribution::ChannelMisfit>> Misfit(const Model& model,
                                                               const MapFit& fit);

}  // namespace parallax::pipeline
