#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_rows.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What the runs of a campaign are measured by, so that a run that has not happened would be, too.
struct Instruments {
  struct Reading {
    std::string observable;
    std::string channel;    ///< "pyro/pyro_t"
    int output = -1;        ///< of the twin
    double white_sd = 0.0;  ///< median over the campaign's rows [SI]
    double lag_s = 0.0;     ///< the longest that the instrument showed
  };
  std::vector<Reading> readings;
  double share_sd = 0.0;   ///< of a species' share over the root of the share; 0: none counted
  double line_sd = 0.0;    ///< of a Raman line likewise; 0: no spectra
  double height_sd = 0.0;  ///< ex situ [m]; 0: not measured
  double laser_nm = 0.0;
};

/// Those that most runs of a campaign have rows of. REQUIRES: at least one run.
Instruments InstrumentsOf(const twin::Description& description,
                          const std::vector<CampaignRun>& runs);

/// A run that has not happened: the twin driven by its recipe, and the rows of evidence that it
/// would yield, `value` what is expected of it.
struct PlannedRun {
  signal::Run run;
  twin::Drive drive;                  ///< by recipe
  std::vector<EvidenceBlock> blocks;  ///< `begin` counts from the run's own first row
  Eigen::Index rows = 0;
  std::vector<twin::DomainRange> outside_domain;  ///< where the twin extrapolates
};

/// @param expected, assumed  natural values of the twin's parameters: which rows there are, and how
/// large, is as the first say; levels lie between both.
/// Errors: those of the twin; FailedPrecondition where no phase is steady enough for a row.
absl::StatusOr<PlannedRun> PlanRun(const signal::Rig& rig, const twin::Twin& twin,
                                   const Instruments& instruments, const signal::Run& run,
                                   const Eigen::VectorXd& expected, const Eigen::VectorXd& assumed);

/// What the twin says of a planned run.
struct PlannedPrediction {
  Eigen::VectorXd rows;           ///< [SI]
  Eigen::MatrixXd slope;          ///< d rows / d z, rows × parameters; empty where not asked
  Eigen::VectorXd outcome;        ///< of the sample [SI]
  Eigen::MatrixXd outcome_slope;  ///< d outcome / d z, likewise
};

enum class Derivatives { kNone, kByParameters };

/// @param coordinates  whose z are meant.   @param z  all coordinates. Errors: those of the twin.
absl::StatusOr<PlannedPrediction> PredictPlanned(const twin::Twin& twin,
                                                 const CampaignModel& coordinates,
                                                 const PlannedRun& planned,
                                                 const Eigen::VectorXd& z, Derivatives derivatives);

}  // namespace parallax::pipeline
