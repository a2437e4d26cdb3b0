#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/shapley.h"
#include "core/attribution/term_search.h"
#include "core/causal/graph.h"
#include "core/pipeline/campaign_search.h"

namespace parallax::pipeline {

/// Draws from a posterior that shares rest on.
struct ShareDraws {
  int drawn = 0;
  int failed = 0;  ///< of these: the twin fails at some coalition, so that they are left out
};

/// How a gap divides among suspects. NaN where the twin fails at every draw.
struct CampaignShares {
  attribution::GapShares shapley;
  /// Asymmetric Shapley shares: a mechanism upstream is counted before what it feeds, so that it
  /// gets what others only pass on. Mean over draws.
  Eigen::VectorXd upstream;
  ShareDraws draws;
};

/// Draws of what a fit set free, from its posterior: coordinates in the order of its parameters, a
/// column each. The first draws do not depend on how many there are.
Eigen::MatrixXd DrawFree(const CampaignFit& fit, int draws, uint64_t seed);

/// Gap of every coalition, by draw: coalitions × those draws at which the twin fails for none.
/// @param coordinates  all of them, of a draw and a coalition that somebody joins.
/// @param gap          of residuals [SI].
/// Errors: those of the twin as assumed, which is what it predicts where nobody joins.
absl::StatusOr<Eigen::MatrixXd> CoalitionGaps(
    const CampaignModel& model, int players, int draws,
    const std::function<Eigen::VectorXd(int draw, uint32_t coalition)>& coordinates,
    const std::function<double(const Eigen::VectorXd&)>& gap);

/// Shares of which nothing is known: NaN.
attribution::GapShares UnknownShares(int players);

/// Shapley shares of a gap over some parameters: worth of a coalition is the gap with its members
/// at a draw from the fit's posterior and the rest as assumed; exact over coalitions, intervals
/// over draws.
/// @param suspects  parameters of the twin, ascending: those that the fit set free.
/// @param graph     of the twin on this rig.
/// @param gap       of residuals [SI].
/// Errors: those of the twin and of attribution::ShareGap.
absl::StatusOr<CampaignShares> ShareCampaignGap(
    const CampaignModel& model, const CampaignFit& fit, const std::vector<int>& suspects,
    const causal::Graph& graph, const std::function<double(const Eigen::VectorXd&)>& gap,
    uint64_t seed);

/// Terms of the model that wins in each of 200 draws of whole runs with replacement, every model at
/// its own mode. @param weight  log posterior weight of each model on the runs as they are.
/// Errors: as CampaignSearch::Fit.
absl::StatusOr<std::vector<std::vector<int>>> BootstrapWinners(
    CampaignSearch* search, const std::vector<attribution::TermModel>& models,
    const std::vector<double>& weight, uint64_t seed);

}  // namespace parallax::pipeline
