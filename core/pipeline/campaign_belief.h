#pragma once

#include <Eigen/Dense>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/analysis.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/campaign_weighing.h"
#include "core/pipeline/planned_run.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {

/// One explanation of a campaign's gap and what it leaves open. The state holds all coordinates z
/// of the parameters, then what the errors of all runs have in common (CampaignBelief): normal.
struct CampaignHypothesis {
  std::string name;          ///< "k0", "dp0 and rc0"; "nothing"
  std::vector<int> free;     ///< parameters of the twin that it blames, ascending
  double log_weight = 0.0;   ///< nats, evidence and prior odds
  double probability = 0.0;  ///< among those of the belief
  Eigen::VectorXd mean;      ///< of the state
  /// Of the state where every other parameter is as assumed, but for its wobble: what tells
  /// explanations apart, as a verdict does.
  Eigen::MatrixXd covariance;
  /// The same where every other parameter is free within its prior: what a prediction has to allow.
  Eigen::MatrixXd wide_covariance;
  /// What the campaign's rows say of the state, without any prior: state × state.
  Eigen::MatrixXd information;
};

/// What an analysed campaign leaves open: its explanations, each with the mode of its fit and a
/// normal posterior about it, in which errors that runs have in common are part of the state: an
/// offset and a share of each observable (of each species and line), and the gap of each observable
/// of which a fit is forgiven a part. Borrows the search, the twin and what it was made from.
class CampaignBelief {
 public:
  /// @param hypotheses  terms of each, of parameters alone; at least one.
  /// @param trust       of the twin.
  /// Errors: those of the twin.
  static absl::StatusOr<CampaignBelief> Create(CampaignSearch* search,
                                               const std::vector<std::vector<int>>& hypotheses,
                                               const std::vector<double>& log_weights,
                                               const std::vector<twin::Trust>& trust);

  const std::vector<CampaignHypothesis>& hypotheses() const { return hypotheses_; }
  const CampaignModel& coordinates() const { return search_->model(); }
  Eigen::Index parameters() const { return search_->model().parameters(); }
  Eigen::Index state_size() const;
  /// Coordinates z of the mean over all explanations.
  Eigen::VectorXd MeanCoordinates() const;

  /// d rows / d state of rows whose d rows / d z are known.
  Eigen::MatrixXd Sensitivities(const std::vector<EvidenceBlock>& blocks,
                                const Eigen::MatrixXd& slope) const;
  /// Covariance of the errors that a planned run has for itself, rows × rows [SI²]. Of species and
  /// lines that no run has shown so far, campaign-wide errors count as the run's own.
  Eigen::MatrixXd OwnCovariance(const PlannedRun& planned) const;

 private:
  CampaignBelief(CampaignSearch* search, std::vector<twin::Trust> trust);
  absl::StatusOr<CampaignHypothesis> Explain(const std::vector<int>& terms) const;

  CampaignSearch* search_;
  std::vector<twin::Trust> trust_;
  std::map<RowKind, int> kinds_;     ///< of campaign-wide offsets
  std::map<std::string, int> gaps_;  ///< observables of which a part of the gap is forgiven
  std::vector<CampaignHypothesis> hypotheses_;
};

/// Nats by which one of two explanations must lead: as a verdict asks, more where what they change
/// is collinear over all runs (EvidenceRules::cluster_gamma).
/// @param information  of the state by all runs, planned ones included; CampaignHypothesis.
double LeadToResolve(const CampaignHypothesis& one, const CampaignHypothesis& other,
                     Eigen::Index parameters, const Eigen::MatrixXd& information);

/// The explanations that a verdict holds apart: rival models of the search (CauseWeights), of which
/// interchangeable ones are one, spoken for by the most probable.
struct CampaignRivals {
  std::vector<std::vector<int>> terms;
  std::vector<double> log_weights;
  /// What else the search found as good, in words: faults of instruments, missing mechanisms.
  std::vector<std::string> others;
};
CampaignRivals RivalsOf(const CampaignSearch& search,
                        const std::vector<attribution::TermModel>& models);

}  // namespace parallax::pipeline
