#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/divergences.h"
#include "core/pipeline/observable_shapes.h"
#include "core/pipeline/run_windows.h"

namespace parallax::pipeline {

/// Reduces each observable of each run of a campaign to scores that a right twin makes standard
/// normal, and draws what right twins would give in its place.
///
/// An observable is judged by its own residuals alone, each in units of all that a right twin is
/// allowed there: a gap of one instrument never shows at another. What runs share (an offset over
/// the campaign) is in every twin drawn, and so in the floors and the p-values.
class CampaignScores {
 public:
  /// Borrows the model and the noise. Draws kRightTwins campaigns.
  CampaignScores(const CampaignModel& model, const CampaignNoise& noise, uint64_t seed);

  /// Every observable by name. @param assumed  residuals [SI].   @param fitted  empty: none.
  std::vector<ComparedSignal> Compare(const Eigen::VectorXd& assumed,
                                      const Eigen::VectorXd& fitted) const;

  /// Residuals [SI] of right twins, rows × kRightTwins.
  const Eigen::MatrixXd& draws() const { return draws_; }

 private:
  struct Observable {
    ObservableCourse course;
    CommonWindows windows;
    /// Of each block: dimensions × rows, from residuals to scores; places × rows, to windows.
    std::vector<Eigen::MatrixXd> to_scores, to_windows;
    RightTwins twins;
  };

  Observable Prepare(ObservableCourse course) const;
  RunScores ScoresOf(const Observable& observable, const Eigen::VectorXd& residuals) const;

  const CampaignModel* model_;
  const CampaignNoise* noise_;
  Eigen::MatrixXd draws_;
  std::vector<Observable> observables_;
};

}  // namespace parallax::pipeline
