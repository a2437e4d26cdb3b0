#pragma once

#include <Eigen/Dense>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/term_search.h"
#include "core/pipeline/campaign_terms.h"

namespace parallax::pipeline {

/// One model refitted to a campaign: some terms in, all else as assumed.
struct CampaignFit {
  std::vector<int> terms;       ///< ascending positions among the terms
  std::vector<int> parameters;  ///< of the twin, that its terms set free
  Eigen::VectorXd z;            ///< all coordinates at the mode
  double log_evidence = 0.0;    ///< but for a constant of the campaign
  Eigen::VectorXd residuals;    ///< [SI] at z, terms with columns not subtracted
  Eigen::VectorXd whitened;     ///< of the noise only, at z
  Eigen::MatrixXd jacobian;     ///< whitened d residual / d z, rows × parameters.size()
  Eigen::MatrixXd covariance;   ///< of the free coordinates, prior included
  /// sd between runs of the free coordinates, 0 where the runs show none; empty: not asked.
  Eigen::VectorXd spread;
};

/// Refits subsets of terms and remembers them.
class CampaignSearch {
 public:
  /// Told how much of the search is done; an error unwinds it.
  using Progress = std::function<absl::Status(double share_done)>;

  CampaignSearch(const CampaignModel& model, const CampaignNoise& noise,
                 const std::vector<Term>& terms, Progress progress);

  /// The fit of a model; refits it where it was not asked for before. The pointer stays valid. A
  /// start at which the twin fails is left out; where no start leads anywhere, one is made by
  /// ensemble Kalman inversion (campaign_start).
  /// Errors: those of the twin as assumed; FailedPrecondition where it fails all over the prior.
  absl::StatusOr<const CampaignFit*> Fit(const std::vector<int>& terms);

  /// Approximate log evidence of a fit with each term added, by linearising the twin at its mode.
  absl::StatusOr<std::vector<double>> Propose(const std::vector<int>& terms);

  /// Searches all terms.
  absl::StatusOr<std::vector<attribution::TermModel>> Run();

  const std::vector<Term>& terms() const { return *terms_; }
  const CampaignModel& model() const { return *model_; }
  const CampaignNoise& noise() const { return *noise_; }
  std::vector<double> log_prior_odds() const;

  /// Takes out of rows whitened by the noise what the terms with columns span.
  LowRankWhitener ColumnsOf(const std::vector<int>& terms) const;

  /// ½ Σ of squared whitened residuals of a model at its mode, by run. Errors: as Fit.
  absl::StatusOr<Eigen::VectorXd> CostOfRuns(const std::vector<int>& terms);

  /// Parameters of the twin for whose values at some starts it failed so far, ascending.
  std::vector<int> FailingParameters() const;

 private:
  /// Coordinate and whitened rows of each start of a single parameter; no row where the twin fails.
  using Scan = std::vector<std::pair<double, Eigen::VectorXd>>;

  std::vector<Eigen::VectorXd> Starts(const std::vector<int>& terms,
                                      const std::vector<int>& free) const;
  absl::StatusOr<CampaignFit> FitParameters(const std::vector<int>& terms,
                                            const std::vector<int>& free,
                                            const LowRankWhitener& columns);
  const Scan& ScanOf(int parameter);

  const CampaignModel* model_;
  const CampaignNoise* noise_;
  const std::vector<Term>* terms_;
  Progress progress_;
  std::map<std::vector<int>, CampaignFit> fits_;
  std::map<int, Scan> scans_;  ///< by parameter
};

}  // namespace parallax::pipeline
