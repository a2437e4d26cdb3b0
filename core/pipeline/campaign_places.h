#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "core/pipeline/campaign_search.h"

namespace parallax::pipeline {

/// A part of what a campaign shows: one observable in one phase of the recipe, over all runs.
struct CampaignPlace {
  std::string observable;  ///< "height"
  std::string instrument;  ///< "laser/height"
  std::string phase;       ///< "grow"; empty: measured on the sample
  double sds = 0.0;        ///< root mean square over its rows of what was asked for
};

/// "in phase grow", "on the sample".
std::string WhereInRun(const CampaignPlace& place);

/// Where deviations show: all places, those of the largest sum of squares first. By sums, so that a
/// course of readings counts for more than the one figure at its end.
/// @param in_sds  a figure a row of the model, in sds of the row.
std::vector<CampaignPlace> PlacesOf(const CampaignModel& model, const Eigen::VectorXd& in_sds);

/// What the missing terms of a fit add to the prediction, in sds of the rows: with the weights w of
/// all its columns C expected after the rows were seen, E[w] = (1 + CᵀC)⁻¹ Cᵀ r, the part C_m w_m
/// of the missing ones. Zero where the fit holds none.
Eigen::VectorXd MissingInSds(const CampaignSearch& search, const CampaignFit& fit);

}  // namespace parallax::pipeline
