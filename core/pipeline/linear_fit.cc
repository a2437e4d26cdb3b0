#include "core/pipeline/linear_fit.h"

#include <algorithm>
#include <vector>

#include "core/base/status_macros.h"

namespace parallax::pipeline {

absl::StatusOr<LinearFit> LineariseFit(const CampaignSearch& search, const CampaignFit& fit) {
  const CampaignModel& model = search.model();
  PARALLAX_ASSIGN_OR_RETURN(Eigen::MatrixXd slope, WhitenedSlope(model, search.noise(), fit.z));
  LowRankWhitener columns = search.ColumnsOf(fit.terms);
  slope = columns.Whiten(slope);
  std::vector<int> others;
  for (int p = 0; p < model.parameters(); ++p) {
    if (std::find(fit.parameters.begin(), fit.parameters.end(), p) == fit.parameters.end()) {
      others.push_back(p);
    }
  }
  return LinearFit{.centre = fit.z(fit.parameters),
                   .free = slope(Eigen::all, fit.parameters),
                   .columns = std::move(columns),
                   .others = LowRankWhitener(slope(Eigen::all, others))};
}

absl::StatusOr<calibration::Posterior> MarginalPosterior(const LinearFit& linear) {
  const Eigen::Index d = linear.centre.size();
  Eigen::MatrixXd jacobian(linear.free.rows() + d, d);
  jacobian << linear.others.Whiten(linear.free), Eigen::MatrixXd::Identity(d, d);
  return calibration::LaplacePosterior(linear.centre, jacobian, Eigen::VectorXd::Ones(d));
}

}  // namespace parallax::pipeline
