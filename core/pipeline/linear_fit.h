#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"
#include "core/calibration/laplace.h"
#include "core/pipeline/campaign_search.h"

namespace parallax::pipeline {

/// The rows of a campaign at the mode of a fit, linear in every assumption: those that the fit set
/// free apart from the others.
struct LinearFit {
  Eigen::VectorXd centre;   ///< free coordinates at the mode, in the fit's order
  Eigen::MatrixXd free;     ///< d rows / d free coordinate
  LowRankWhitener columns;  ///< spanned by the fit's terms with columns
  LowRankWhitener others;   ///< spanned by the parameters that the fit did not set free
};

/// Errors: those of the twin.
absl::StatusOr<LinearFit> LineariseFit(const CampaignSearch& search, const CampaignFit& fit);

/// Normal posterior of the free coordinates, at the mode, with every other assumption free within
/// its prior. REQUIRES: at least one free coordinate. Errors: as calibration::LaplacePosterior.
absl::StatusOr<calibration::Posterior> MarginalPosterior(const LinearFit& linear);

}  // namespace parallax::pipeline
