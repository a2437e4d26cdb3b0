#pragma once

#include <limits>
#include <string>
#include <vector>

#include "core/attribution/verdict.h"
#include "core/calibration/parameter_set.h"
#include "core/pipeline/attribute.h"
#include "core/pipeline/campaign_posterior.h"
#include "core/pipeline/divergences.h"
#include "core/pipeline/gap.h"
#include "core/pipeline/hypothesis.h"
#include "core/pipeline/run_drive.h"
#include "core/pipeline/sensor_gate.h"
#include "core/pipeline/story.h"
#include "core/pipeline/validate.h"

namespace parallax::pipeline {

/// How far bench and twin were apart on the calibrate runs before anything was changed.
struct GapSummary {
  double value = 0.0;  ///< excess energy distance on whitened scores, as assumed
  /// Its 90 % interval by resampling runs (campaigns) or blocks; NaN for fewer than four.
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  double after = 0.0;  ///< at the fit
  double floor = 0.0;  ///< 95 % of right twins stay under it
  /// That the verdict rests on: of `value`, of a campaign the least of its observables' mean
  /// squares, Holm-adjusted.
  double p_value = 1.0;
  std::string unit_of_permutation = "block";  ///< what p-values are counted in
  MeanSquare mean_square;  ///< of a campaign: what p-values are of and shares divide
  std::vector<ChannelGap> channels;
};

/// All that an analysis found out, before it becomes bytes.
struct Report {
  std::string rig;
  std::string twin;
  std::vector<std::string> calibrate_runs;
  std::vector<std::string> validate_runs;
  attribution::VerdictDecision decision;
  std::vector<RunDrive> drives;      ///< of the calibrate runs, calibrated values where there are
  std::vector<RunFinding> findings;  ///< of the calibrate runs
  GapSummary gap;
  Divergences divergences;  ///< of the calibrate runs; told beside the gap, no verdict rests on it
  Attribution attribution;
  std::vector<HypothesisSummary> hypotheses;  ///< that a search weighed; may be none
  std::vector<twin::Parameter> parameters;    ///< the twin's, in its order
  std::vector<calibration::ParameterValue> calibrated;
  CampaignPosterior posterior;  ///< of what a campaign calibrated; may hold no parameter
  Validation validation;
  std::vector<std::string> limits;  ///< what cannot be concluded, in sentences
  Story story;                      ///< in words; may be empty
  calibration::Provenance provenance;
};

}  // namespace parallax::pipeline
