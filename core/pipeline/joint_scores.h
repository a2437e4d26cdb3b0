#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/observable_shapes.h"

namespace parallax::pipeline {

/// All observables of a campaign's runs together: scores that a right twin makes standard normal
/// and independent of each other, within a run and between runs. Residuals are whitened by
/// everything that a right twin is allowed (CampaignNoise), what runs share included, and projected
/// on the whitened shapes of each observable. Thread-safe; borrows its arguments.
class JointScores {
 public:
  /// @param accused  channels that are left out: their instruments are at fault.
  JointScores(const CampaignModel& model, const CampaignNoise& noise,
              const std::vector<std::string>& accused);

  /// Runs × scores, of the observables that every run has; no column where there is none.
  /// @param residuals  [SI].
  Eigen::MatrixXd Of(const Eigen::VectorXd& residuals) const;

  struct MovedAxes {
    /// Scores × components: principal axes of what the parameters move within their priors, as many
    /// as carry 99 % of it, at most one for two runs and six. No column where nothing moves.
    Eigen::MatrixXd axes;
    /// Parameters × components: how far one prior sd moves all runs along each, root sum of
    /// squares.
    Eigen::MatrixXd moved;
  };
  /// @param jacobian  of the model, rows × parameters.
  MovedAxes Axes(const Eigen::MatrixXd& jacobian) const;

 private:
  Eigen::MatrixXd Project(const Eigen::VectorXd& whitened) const;

  const CampaignModel* model_;
  const CampaignNoise* noise_;
  std::vector<ObservableCourse> courses_;  ///< `shapes` whitened, orthonormal
};

}  // namespace parallax::pipeline
