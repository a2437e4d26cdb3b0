#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/analysis.h"
#include "core/store/store.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What an analysis of stored runs reads.
struct StoredInputs {
  std::string rig;
  std::vector<std::string> calibrate_runs;
  std::vector<std::string> validate_runs;
  uint64_t seed = 0;
};

/// Analyses stored runs with the rig's twin, from the parameter set in `base`; stores nothing.
/// Errors: NotFound (rig, twin, run); DataLoss (set, samples); those of Analyze.
/// @param on_loaded  called once the runs are in memory; may be empty.
absl::StatusOr<AnalysisResult> AnalyzeStored(store::Store& store, const twin::Registry& twins,
                                             const StoredInputs& inputs,
                                             const store::ParameterSetRow& base,
                                             const std::function<void()>& on_loaded,
                                             const ProgressCallback& progress);

}  // namespace parallax::pipeline
