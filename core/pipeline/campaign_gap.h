#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_noise.h"

namespace parallax::pipeline {

/// Sets the rows of some instruments ("device/channel") to nothing, of residuals or a Jacobian.
void SilenceChannels(const CampaignModel& model, const std::vector<std::string>& channels,
                     Eigen::Ref<Eigen::MatrixXd> rows);

/// Residuals with the rows of some instruments ("device/channel") at nothing.
Eigen::VectorXd WithoutChannels(const CampaignModel& model,
                                const std::vector<std::string>& channels,
                                Eigen::VectorXd residuals);

/// Share of what a gap has beyond a right twin's that is gone after a change, at most 1 either way;
/// NaN where nothing was beyond it: a gap in a few rows drowns among all.
/// @param centre  the right twin's: CampaignGauge::Centre, without the same channels.
double ExcessRemoved(double before, double after, double centre);

/// Measures how far a campaign and its twin are apart: the mean over rows of (residual/sd)², sd of
/// all errors that a right twin may have. About 1 for a right twin; runs weigh by their rows.
///
/// Significance comes from whole simulated campaigns, the exchangeable unit: errors drawn from the
/// noise model with everything that rows, runs and observables share.
class CampaignGauge {
 public:
  CampaignGauge(const CampaignModel& model, const CampaignNoise& noise, uint64_t seed);

  double Gap(const Eigen::VectorXd& residuals) const;
  std::map<std::string, double> ByObservable(const Eigen::VectorXd& residuals) const;
  /// By observable, of what a fit leaves: a fit is also forgiven 5 % of the gap.
  std::map<std::string, double> Misfit(const Eigen::VectorXd& residuals) const;

  /// Share of right twins whose ByObservable is at least this misfit, a bound as below.
  std::map<std::string, double> MisfitPValues(const Eigen::VectorXd& residuals) const;

  /// 99 % quantile of ByObservable for a right twin; of its Misfit, which is forgiven more, a
  /// bound.
  std::map<std::string, double> Chance() const;

  double floor() const { return floor_; }  ///< 95 % quantile of Gap for a right twin
  /// Median of Gap for a right twin, where the rows of some instruments are at nothing: what a gap
  /// without them is held against.
  double Centre(const std::vector<std::string>& without = {}) const;
  /// Share of right twins with at least this gap: (1 + #)/(B + 1).
  double PValue(double gap) const;
  /// The same for each observable, Holm-adjusted over them.
  std::map<std::string, double> PValues(const Eigen::VectorXd& residuals) const;
  double smallest_p() const { return 1.0 / (static_cast<double>(null_.size()) + 1.0); }

 private:
  std::map<std::string, double> MeanSquares(const Eigen::VectorXd& residuals,
                                            const Eigen::VectorXd& sd) const;

  const CampaignModel* model_;
  const CampaignNoise* noise_;
  std::vector<double> null_;
  std::map<std::string, std::vector<double>> null_of_;    ///< by observable
  std::map<std::string, std::vector<double>> null_part_;  ///< what a channel's rows add to the gap
  double floor_ = 0.0;
};

}  // namespace parallax::pipeline
