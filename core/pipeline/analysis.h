#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// All that an analysis reads. It never sees the store, a clock or a random device.
struct AnalysisInput {
  const signal::Rig& rig;
  const twin::Twin& twin;
  const calibration::ParameterSet& base;  ///< what the simulation assumes
  const std::vector<signal::RunRecord>& calibrate_runs;
  const std::vector<signal::RunRecord>& validate_runs;  ///< inform no value
  uint64_t seed = 0;
};

/// Told how far the analysis is; returning false cancels it.
using ProgressCallback = std::function<bool(std::string_view phase, double share_done)>;

/// What an analysis ends with.
struct AnalysisResult {
  std::string report_json;  ///< canonical: the same input gives the same bytes
  std::string verdict;      ///< "IDENTIFIED", …
  std::optional<calibration::ParameterSet> parameter_set;  ///< absent where nothing was calibrated
  bool accepted = false;                                   ///< the set passed its validation
  std::string because;                                     ///< why it did or did not, in a sentence
};

/// Explains and closes the gap between the runs of a rig and its twin: sensor gate, gap, fit,
/// identifiability, attribution, verdict, validation. Parameters of a twin of more than 12 are too
/// many to enumerate: causes are then searched (campaign_analysis.h).
/// Errors: InvalidArgument (no run to calibrate on, a run without the twin's channels), Cancelled.
absl::StatusOr<AnalysisResult> Analyze(const AnalysisInput& input,
                                       const ProgressCallback& progress);

}  // namespace parallax::pipeline
