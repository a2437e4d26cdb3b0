#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/status.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Rows of one channel of one run in the stacked residual vector of a Model.
struct RowBlock {
  int run = 0;
  int channel = 0;         ///< position in RunObservations::channels
  Eigen::Index begin = 0;  ///< bins first, then censored bins
  Eigen::Index bins = 0;
  Eigen::Index censored = 0;
};

/// Which boundary conditions drive a prediction.
enum class Boundary {
  kAdopted,  ///< RunObservations::drive: what every fit and calibrated prediction uses
  kAssumed,  ///< RunObservations::assumed_drive: the simulation as the lab had it
};

/// Some runs, their twin and the space of its parameters: evaluates what the bench measured minus
/// what the twin predicts. Thread-safe; borrows everything.
class Model {
 public:
  Model(const twin::Twin& twin, const std::vector<RunObservations>& runs,
        const ParameterSpace& space, Boundary boundary = Boundary::kAdopted);

  const ParameterSpace& space() const { return *space_; }
  const std::vector<RunObservations>& runs() const { return *runs_; }
  const std::vector<RowBlock>& blocks() const { return blocks_; }
  Eigen::Index rows() const { return rows_; }
  const ChannelObservations& Channel(const RowBlock& block) const {
    return (*runs_)[static_cast<size_t>(block.run)].channels[static_cast<size_t>(block.channel)];
  }

  /// Residuals [SI]: measured minus predicted in each bin; for a censored bin
  /// min(0, limit - predicted), since a reading at the floor says only that the truth lies below
  /// it.
  /// @param jacobian  d residual / d coordinate, rows × space().size(); may be null.
  /// Errors: those of Twin::Predict.
  absl::Status Residuals(const Eigen::VectorXd& z, Eigen::VectorXd* residuals,
                         Eigen::MatrixXd* jacobian) const;

  /// The twin's prediction of one run, steps included.
  absl::Status Predict(const Eigen::VectorXd& z, int run, twin::Prediction* prediction,
                       twin::Jacobian* jacobian) const;

 private:
  absl::Status RunResiduals(const Eigen::VectorXd& z, int run, Eigen::VectorXd* residuals,
                            Eigen::MatrixXd* jacobian) const;
  absl::Status DifferentiateSteps(const Eigen::VectorXd& z, int run,
                                  Eigen::MatrixXd* jacobian) const;
  void FillResiduals(const twin::Prediction& prediction, int run, Eigen::VectorXd* residuals) const;

  const twin::Twin* twin_;
  const std::vector<RunObservations>* runs_;
  const ParameterSpace* space_;
  Boundary boundary_;
  std::vector<RowBlock> blocks_;
  Eigen::Index rows_ = 0;
};

}  // namespace parallax::pipeline
