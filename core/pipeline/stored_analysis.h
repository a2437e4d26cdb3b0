#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "core/pipeline/analysis.h"
#include "core/pipeline/stored_inputs.h"
#include "core/store/store.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Analyses stored runs with the rig's twin, from the parameter set in `base`; stores nothing.
/// Errors: those of LoadInputs and of Analyze.
/// @param on_loaded  called once the runs are in memory; may be empty.
absl::StatusOr<AnalysisResult> AnalyzeStored(store::Store& store, const twin::Registry& twins,
                                             const StoredInputs& inputs,
                                             const store::ParameterSetRow& base,
                                             const std::function<void()>& on_loaded,
                                             const ProgressCallback& progress);

}  // namespace parallax::pipeline
