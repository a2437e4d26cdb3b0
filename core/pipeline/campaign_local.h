#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/pipeline/campaign_search.h"

namespace parallax::pipeline {

/// Where a local explanation (LIME) of a misfit at the fit sees its least, for each suspect: prior
/// sds from what is assumed, counted along the way that the fit moved it. Above 0 it agrees with
/// the fit in sign; NaN where the misfit is no quadratic with a least point, where the twin fails
/// nearby, or for more than kMostExplained suspects. At what is assumed such a step means nothing:
/// the misfit of a distribution of species grows on the way to its least.
/// @param suspects  parameters of the twin, ascending: those that the fit set free.
/// @param misfit    of residuals [SI].
Eigen::VectorXd LocalSteps(const CampaignModel& model, const CampaignFit& fit,
                           const std::vector<int>& suspects,
                           const std::function<double(const Eigen::VectorXd&)>& misfit,
                           uint64_t seed);
inline constexpr size_t kMostExplained = 3;

}  // namespace parallax::pipeline
