#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/analysis.h"
#include "core/store/store.h"

namespace parallax::pipeline {

/// A verdict and whom it blames.
struct VerdictSummary {
  std::string kind;                     ///< "IDENTIFIED", …
  std::vector<std::string> parameters;  ///< blamed
  std::vector<std::string> channels;    ///< accused
  std::optional<double> confidence;     ///< absent where the verdict has none
  std::string because;
};

/// What a report says, and what its runs say from another parameter set.
struct WhatIf {
  VerdictSummary stored;
  VerdictSummary other;
  bool flips = false;  ///< they differ in kind, parameters or channels
};

/// The verdict of a report's bytes. Errors: DataLoss where they are not a report's.
absl::StatusOr<VerdictSummary> SummariseVerdict(const std::string& report_json);

/// Analyses the runs of a stored report once more, with its seed, as if the simulation assumed
/// `base`; stores nothing. With the set that the report started from the verdict is the report's
/// own, unless data came since. Errors: NotFound (rig, twin, run); DataLoss (report, set, samples);
/// those of Analyze, among them Cancelled where `progress` says so.
absl::StatusOr<WhatIf> AnalyzeWhatIf(store::Store& store, const twin::Registry& twins,
                                     const store::ReportRow& report,
                                     const store::ParameterSetRow& base,
                                     const ProgressCallback& progress);

}  // namespace parallax::pipeline
