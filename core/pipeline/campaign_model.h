#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/pipeline/campaign_rows.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// The runs of a campaign and their twin as one vector of rows, measured minus predicted.
///
/// Coordinates z are prior sds from the centre of each parameter's prior, which is what the twin's
/// sources say; what the lab assumes may lie elsewhere (`base`). Thread-safe; borrows its
/// arguments.
class CampaignModel {
 public:
  /// @param assumed  natural values, one per parameter of the twin.
  CampaignModel(const twin::Twin& twin, const std::vector<CampaignRun>& runs,
                const Eigen::VectorXd& assumed);

  Eigen::Index rows() const { return rows_; }
  int parameters() const { return static_cast<int>(base_.size()); }
  const Eigen::VectorXd& base() const { return base_; }  ///< coordinates of what is assumed
  const std::vector<CampaignRun>& runs() const { return *runs_; }
  /// Blocks of all runs; `begin` counts from the campaign's first row.
  const std::vector<EvidenceBlock>& blocks() const { return blocks_; }
  const twin::Description& description() const { return twin_->description(); }

  Eigen::VectorXd Natural(const Eigen::VectorXd& z) const;
  /// d natural / d z.
  double NaturalSlope(const Eigen::VectorXd& z, int parameter) const;
  /// Box that keeps natural values within their bounds and z within kWidestCoordinate.
  double lower(int parameter) const;
  double upper(int parameter) const;

  /// `z` with some coordinates set, each moved into its box where it lies outside.
  Eigen::VectorXd Moved(Eigen::VectorXd z, const std::vector<int>& which,
                        const Eigen::VectorXd& coordinates) const;

  /// Residuals [SI]. Runs are evaluated in parallel. Errors: those of Twin::Predict.
  absl::Status Residuals(const Eigen::VectorXd& z, Eigen::VectorXd* residuals) const;
  /// The same with derivatives by some coordinates, by forward differences; backward in a run of
  /// which the twin fails ahead.
  /// @param jacobian  rows × which.size().
  absl::Status Differentiate(const Eigen::VectorXd& z, const std::vector<int>& which,
                             Eigen::VectorXd* residuals, Eigen::MatrixXd* jacobian) const;
  /// The same with derivatives by all coordinates, exact.
  absl::Status DifferentiateAll(const Eigen::VectorXd& z, Eigen::VectorXd* residuals,
                                Eigen::MatrixXd* jacobian) const;

 private:
  Eigen::Index RowsOf(size_t run) const { return first_row_[run + 1] - first_row_[run]; }
  absl::Status FillResiduals(const Eigen::VectorXd& natural, int run,
                             Eigen::Ref<Eigen::VectorXd> residuals) const;

  const twin::Twin* twin_;
  const std::vector<CampaignRun>* runs_;
  std::vector<EvidenceBlock> blocks_;
  std::vector<size_t> first_block_;      ///< of each run, and one past the last
  std::vector<Eigen::Index> first_row_;  ///< of each run, and one past the last
  Eigen::VectorXd base_;
  Eigen::Index rows_ = 0;
};

/// Coordinates further out than this are not searched.
inline constexpr double kWidestCoordinate = 6.0;

}  // namespace parallax::pipeline
