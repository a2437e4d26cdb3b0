#include "core/pipeline/campaign_spread.h"

#include "core/base/status_macros.h"
#include "core/calibration/hierarchical.h"

namespace parallax::pipeline {
namespace {

constexpr size_t kFewestForSpread = 3;
/// Half-normal prior of the spread between runs, prior sds: what is one rig's seldom varies by
/// more.
constexpr double kSpreadScale = 0.5;

/// The i-th free coordinate last, so that it may be a run's own; shared ones before it.
std::vector<Eigen::Index> SharedThenOwn(Eigen::Index count, Eigen::Index i) {
  std::vector<Eigen::Index> order;
  for (Eigen::Index j = 0; j < count; ++j) {
    if (j != i) order.push_back(j);
  }
  order.push_back(i);
  return order;
}

/// Rows of one run, linear in the shared coordinates and the quantity.
/// @param rows  whitened, of all runs, at `centre`.   @param slope  their derivatives by it.
calibration::HierarchicalProblem::RunRows RowsOfRun(const CampaignModel& model, int run,
                                                    const Eigen::VectorXd& rows,
                                                    const Eigen::MatrixXd& slope,
                                                    const Eigen::VectorXd& centre) {
  std::vector<Eigen::Index> which;
  for (const EvidenceBlock& block : model.blocks()) {
    if (block.run != run) continue;
    for (Eigen::Index k = 0; k < block.rows(); ++k) which.push_back(block.begin + k);
  }
  const Eigen::MatrixXd own = slope(which, Eigen::all);
  const Eigen::VectorXd constant = rows(which) - own * centre;
  return [own, constant](const Eigen::VectorXd& shared, double quantity, Eigen::VectorXd* residuals,
                         Eigen::MatrixXd* jacobian) {
    Eigen::VectorXd x(shared.size() + 1);
    x << shared, quantity;
    *residuals = constant + own * x;
    if (jacobian != nullptr) *jacobian = own;
    return true;
  };
}

}  // namespace

absl::StatusOr<std::vector<RunSpread>> SpreadBetweenRuns(const CampaignSearch& search,
                                                         const CampaignFit& fit) {
  const CampaignModel& model = search.model();
  std::vector<RunSpread> spreads(fit.parameters.size());
  if (model.runs().size() < kFewestForSpread) return spreads;
  const Eigen::VectorXd rows = search.ColumnsOf(fit.terms).Whiten(fit.whitened);
  const Eigen::VectorXd centre = fit.z(fit.parameters);
  for (Eigen::Index i = 0; i < centre.size(); ++i) {
    const std::vector<Eigen::Index> order = SharedThenOwn(centre.size(), i);
    calibration::HierarchicalProblem problem;
    for (size_t r = 0; r < model.runs().size(); ++r) {
      problem.runs.push_back(RowsOfRun(model, static_cast<int>(r), rows,
                                       fit.jacobian(Eigen::all, order), centre(order)));
    }
    problem.shared_prior_mean = Eigen::VectorXd::Zero(centre.size() - 1);
    problem.shared_prior_sd = Eigen::VectorXd::Ones(centre.size() - 1);
    problem.mean_prior_sd = 1.0;
    PARALLAX_ASSIGN_OR_RETURN(const calibration::Hierarchy hierarchy,
                              calibration::FitHierarchy(problem, {.scale = kSpreadScale}));
    spreads[static_cast<size_t>(i)] = {hierarchy.spread_mean, hierarchy.spread_low,
                                       hierarchy.spread_high};
  }
  return spreads;
}

}  // namespace parallax::pipeline
