#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "core/calibration/parameter_set.h"
#include "tests/benchmark/study_campaigns.h"

/// What the arms of transfer_study compare: gaps of runs, of real ones and of twins.
namespace parallax::pipeline::testing {

/// Simulated runs to learn from; draws of a covariance; splits of a rig's runs; the place in a
/// split's order from which on runs are held back from all arms.
inline constexpr int kSimulatedRuns = 80, kDraws = 100, kSplits = 3, kHeldFrom = 10;

/// Gaps of a rig's outcomes against the twin with one set of parameters: of a height the logarithm
/// of a ratio, of a share the difference.
struct OutcomeGaps {
  bool forest = false;  ///< the outcome is a height
  std::vector<std::string> outcomes;
  Eigen::MatrixXd nominal;             ///< runs × outcomes, of the twin itself [SI]
  Eigen::MatrixXd real;                ///< runs × outcomes, NaN where nothing was measured
  std::vector<Eigen::MatrixXd> drawn;  ///< of each outcome: runs × kDraws, randomised about the set
};
OutcomeGaps OutcomeGapsOf(const StudyCampaign& campaign, const calibration::ParameterSet& set);

/// Gaps of one rig's runs against the twin as assumed.
struct RigGaps {
  std::string id;
  std::vector<std::string> readings;
  Eigen::MatrixXd real;                      ///< runs × readings
  Eigen::MatrixXd simulated, simulated_gap;  ///< kSimulatedRuns × readings, × outcomes
  Eigen::MatrixXd z;                         ///< kSimulatedRuns × parameters
  OutcomeGaps of;
};
RigGaps GapsOfRig(const StudyCampaign& campaign);

/// The runs of a rig in the order in which a split learns from them.
std::vector<Eigen::Index> Permuted(Eigen::Index n, uint64_t split);

/// Gap of one value against that of the twin, as in OutcomeGaps.
double GapBetween(bool forest, double value, double nominal);

/// Those of some runs of which an outcome was measured.
std::vector<Eigen::Index> Measured(const OutcomeGaps& gaps, const std::vector<Eigen::Index>& runs,
                                   Eigen::Index outcome);

/// Squares of errors and their count.
struct SquareSum {
  double sum = 0.0, count = 0.0;
};

/// Adds the runs from kHeldFrom on, the mean error of the first `real`, shrunk by n/(n + 1), off.
/// @param foretold  gaps, runs × outcomes.
void Score(const OutcomeGaps& gaps, const Eigen::MatrixXd& foretold,
           const std::vector<Eigen::Index>& order, int real, SquareSum* score);

/// Gaps of all runs as the first `real` ones condition a process whose covariance is that of the
/// draws: runs × outcomes.
Eigen::MatrixXd Conditioned(const OutcomeGaps& gaps, const std::vector<Eigen::Index>& order,
                            int real);

/// The same averaged over how far the gaps vary as the draws do, from not at all to as far, and
/// over the noise, each as probable as the first `real` runs are under it.
Eigen::MatrixXd ConditionedByLikelihood(const OutcomeGaps& gaps,
                                        const std::vector<Eigen::Index>& order, int real);

}  // namespace parallax::pipeline::testing
