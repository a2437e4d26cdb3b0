#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/pipeline/analysis.h"
#include "tests/core/pipeline/pipeline_fixture.h"

namespace parallax::pipeline::testing {

inline bool KeepGoing(std::string_view /*phase*/, double /*share_done*/) { return true; }

/// Analyses runs of the two-heater board of tests/data/tclab-byu under its assumed values.
inline absl::StatusOr<AnalysisResult> AnalyzeBoard(const std::vector<signal::RunRecord>& calibrate,
                                                   const std::vector<signal::RunRecord>& validate,
                                                   const ProgressCallback& progress = KeepGoing) {
  const signal::Rig rig = BoardRig();
  const calibration::ParameterSet base = Assumptions(TwoHeater());
  return Analyze({.rig = rig,
                  .twin = TwoHeater(),
                  .base = base,
                  .calibrate_runs = calibrate,
                  .validate_runs = validate,
                  .seed = 7},
                 progress);
}

/// The campaign as its folder splits it; analysed once a program.
inline const AnalysisResult& CampaignResult() {
  static const AnalysisResult* const result = new AnalysisResult(
      AnalyzeBoard({BoardRecording("energy-balance-1s")}, {BoardRecording("mimo-3s")}).value());
  return *result;
}

inline nlohmann::json CampaignReport() {
  return nlohmann::json::parse(CampaignResult().report_json);
}

}  // namespace parallax::pipeline::testing
