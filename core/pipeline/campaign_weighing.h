#pragma once

#include <Eigen/Dense>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/causal/graph.h"
#include "core/pipeline/analysis.h"
#include "core/pipeline/campaign_evidence.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/campaign_validate.h"

namespace parallax::pipeline {

/// A campaign with everything that a verdict on it is made from, and what a calibration after the
/// verdict still needs. Parts borrow from the parts above them and from the twin, so that it stays
/// where it is made.
struct WeighedCampaign {
  std::vector<CampaignRun> runs, held_out;
  std::vector<std::string> left_out;  ///< why runs to calibrate on could not be used
  std::vector<std::string> unusable;  ///< why held-out runs could not be read
  std::unique_ptr<const CampaignModel> model;
  Eigen::VectorXd residuals;  ///< [SI] as assumed
  Eigen::MatrixXd jacobian;   ///< d residual / d coordinate as assumed, rows × parameters
  std::unique_ptr<const CampaignNoise> noise;
  std::vector<Term> terms;
  std::unique_ptr<CampaignSearch> search;
  std::vector<attribution::TermModel> models;  ///< all that were refitted
  std::unique_ptr<const CampaignGauge> gauge;
  std::unique_ptr<const causal::Graph> graph;
  /// `explanation.evidence` is what DecideVerdict takes: all figures, no decision. Shares, local
  /// steps and replay are of the parameters that VerdictThresholds{}.pip makes suspects.
  CampaignExplanation explanation;
  CampaignValidation proof;  ///< of the most probable model
};

/// Gathers the rows of a campaign and searches its hypotheses: everything above `gauge`.
/// @param assumed  natural values.   Errors: as WeighCampaign.
absl::StatusOr<std::unique_ptr<WeighedCampaign>> SearchCampaign(const AnalysisInput& input,
                                                                const Eigen::VectorXd& assumed,
                                                                const ProgressCallback& progress);

/// Gathers the rows of a campaign, searches its hypotheses, weighs them and proves the most
/// probable model on the held-out runs.
/// @param assumed  natural values.
/// Errors: those of the twin; of the first run where none to calibrate on can be used;
/// InvalidArgument where nothing states how far the twin is trusted; Cancelled.
absl::StatusOr<std::unique_ptr<WeighedCampaign>> WeighCampaign(const AnalysisInput& input,
                                                               const Eigen::VectorXd& assumed,
                                                               const ProgressCallback& progress);

}  // namespace parallax::pipeline
