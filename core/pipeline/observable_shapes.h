#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "core/pipeline/campaign_model.h"
#include "core/pipeline/divergences.h"

namespace parallax::pipeline {

/// One observable of a campaign: what each run that has it is reduced to.
struct ObservableCourse {
  std::string observable, channel;
  SignalKind kind = SignalKind::kChannel;
  std::vector<size_t> blocks;  ///< of the model, one a run, in order of runs
  int dimensions = 0;          ///< 1 or 2, the same in every run
  /// Of each block, rows × dimensions, linearly independent: directions in which it is compared,
  /// from predicted to measured [any unit]. Level and trend of a course; of shares and lines what a
  /// larger mean and a larger spread of the tubes' diameters add and take, their total where all
  /// have one diameter; a single figure is its own.
  std::vector<Eigen::MatrixXd> shapes;
};

/// Every observable of a campaign, by name.
std::vector<ObservableCourse> CoursesOf(const CampaignModel& model);

}  // namespace parallax::pipeline
