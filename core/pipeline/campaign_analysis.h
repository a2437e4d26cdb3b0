#pragma once

#include "absl/status/statusor.h"
#include "core/pipeline/analysis.h"
#include "core/pipeline/report.h"

namespace parallax::pipeline {

/// Explains the gap of a campaign of runs whose twin has too many parameters to enumerate: rows of
/// steady readings and outcomes, search of parameters, faults and missing terms by refitted
/// evidence, verdict, calibration of the guilty parameters alone, validation on held-out runs.
/// @param assumed  natural values.   @param report  with rig, runs, parameters and provenance.
/// Errors: those of the twin; InvalidArgument where nothing states how far the twin is trusted;
/// Cancelled.
absl::StatusOr<AnalysisResult> AnalyzeCampaign(const AnalysisInput& input,
                                               const Eigen::VectorXd& assumed,
                                               const ProgressCallback& progress, Report report);

}  // namespace parallax::pipeline
