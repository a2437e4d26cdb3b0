#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_rows.h"
#include "core/pipeline/model.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// A range of a twin's validity and what a prediction reaches of it.
struct DomainExit {
  twin::DomainRange declared;
  twin::DomainRange reached;
};

/// What one run's prediction rests on.
struct RunDrive {
  std::string run;
  twin::DriveMode mode = twin::DriveMode::kMeasured;
  std::vector<std::string> by_setpoint;  ///< inputs that the recipe stands in for
  std::vector<DomainExit> exits;         ///< where the prediction extrapolates
};

/// Of every run of a model, predicted at `z`. Errors: those of the twin.
absl::StatusOr<std::vector<RunDrive>> DrivesOf(const Model& model, const Eigen::VectorXd& z);

/// Of every run of a campaign, predicted with natural values. Errors: those of the twin.
absl::StatusOr<std::vector<RunDrive>> DrivesOf(const twin::Twin& twin,
                                               const Eigen::VectorXd& values,
                                               const std::vector<CampaignRun>& runs);

/// A sentence for each quantity that leaves its range in some runs.
std::vector<std::string> TellExits(const std::vector<RunDrive>& drives);

}  // namespace parallax::pipeline
