#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/shapley.h"
#include "core/attribution/term_search.h"
#include "core/causal/graph.h"
#include "core/pipeline/campaign_causes.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/group_share.h"
#include "core/pipeline/share_game.h"

namespace parallax::pipeline {

/// A gap of residuals [SI]; thread-safe.
using GapOfResiduals = std::function<double(const Eigen::VectorXd& residuals)>;

/// The game in which parameters divide a campaign's gap: worth of a coalition is the gap with its
/// members at a draw and the rest as assumed, over draws from the posterior averaged over models. A
/// draw from a model without a member leaves it as assumed; one that holds it under the name of an
/// interchangeable parameter moves that. Interchangeable and collinear parameters form unions.
/// @param parameters  of the twin.
/// @param slope       WhitenedSlope, where collinearity is judged.
/// Errors: those of the twin.
absl::StatusOr<ShareGame> GameOfCampaign(CampaignSearch* search, const CauseWeights& weights,
                                         const std::vector<int>& parameters,
                                         const Eigen::MatrixXd& slope, const GapOfResiduals& gap,
                                         uint64_t seed);

/// How a gap divides among suspects.
struct CampaignShares {
  attribution::GapShares shapley;
  std::vector<UnionShare> unions;
  /// Asymmetric Shapley shares: a mechanism upstream is counted before what it feeds, so that it
  /// gets what others only pass on. Mean over draws.
  Eigen::VectorXd upstream;
  ShareDraws draws;
};

/// Shares of GameOfCampaign, exact over coalitions, intervals over draws.
/// @param suspects  parameters of the twin, ascending.
/// @param graph     of the twin on this rig.
/// Errors: those of the twin and of attribution::ShareGap.
absl::StatusOr<CampaignShares> ShareCampaignGap(CampaignSearch* search, const CauseWeights& weights,
                                                const std::vector<int>& suspects,
                                                const Eigen::MatrixXd& slope,
                                                const causal::Graph& graph,
                                                const GapOfResiduals& gap, uint64_t seed);

/// Terms of the model that wins in each of 200 draws of whole runs with replacement, every model at
/// its own mode. @param weight  log posterior weight of each model on the runs as they are.
/// Errors: as CampaignSearch::Fit.
absl::StatusOr<std::vector<std::vector<int>>> BootstrapWinners(
    CampaignSearch* search, const std::vector<attribution::TermModel>& models,
    const std::vector<double>& weight, uint64_t seed);

}  // namespace parallax::pipeline
