#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_causes.h"
#include "core/pipeline/campaign_search.h"

namespace parallax::pipeline {

/// What one model says of the coordinates that it sets free: normal. All others are as assumed.
struct FreePosterior {
  std::vector<int> coordinates;  ///< ascending; may be none
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};

/// A posterior averaged over models.
struct ModelAverage {
  std::vector<double> probability;  ///< of each model, up to a factor
  /// Asked once of each model that is drawn.
  std::function<absl::StatusOr<FreePosterior>(size_t model)> posterior;
  Eigen::VectorXd assumed;       ///< all coordinates
  Eigen::VectorXd lower, upper;  ///< box of each; a draw beyond is moved to the bound
};

/// Draws of the informed values that shares of a gap are taken over.
inline constexpr int kShareDraws = 32;

/// Draws of all coordinates, a column each. Models are drawn as often as their probabilities say,
/// to less than one draw, in their order; a coordinate has the same chance in every model, so that
/// what differs between two draws' models is not hidden by noise. Deterministic for a seed.
/// Errors: those of the posteriors. REQUIRES: a model with a probability above 0.
absl::StatusOr<Eigen::MatrixXd> DrawAverage(const ModelAverage& average, int draws, uint64_t seed);

/// The posterior of a campaign's parameters over all models of its search, each normal at its mode
/// and as wide as with every assumption that it does not set free within its prior. Borrows both.
ModelAverage AverageOf(CampaignSearch* search, const CauseWeights& weights);

}  // namespace parallax::pipeline
