#include "core/pipeline/stored_analysis.h"

#include "core/base/status_macros.h"

namespace parallax::pipeline {

absl::StatusOr<AnalysisResult> AnalyzeStored(store::Store& store, const twin::Registry& twins,
                                             const StoredInputs& inputs,
                                             const store::ParameterSetRow& base,
                                             const std::function<void()>& on_loaded,
                                             const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(const LoadedInputs loaded, LoadInputs(store, twins, inputs, base));
  if (on_loaded) on_loaded();
  return Analyze({.rig = loaded.rig.rig,
                  .twin = *loaded.twin,
                  .base = loaded.base,
                  .calibrate_runs = loaded.calibrate_runs,
                  .validate_runs = loaded.validate_runs,
                  .seed = inputs.seed},
                 progress);
}

}  // namespace parallax::pipeline
