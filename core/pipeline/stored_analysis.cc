#include "core/pipeline/stored_analysis.h"

#include "core/base/status_macros.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/run_loader.h"

namespace parallax::pipeline {

absl::StatusOr<AnalysisResult> AnalyzeStored(store::Store& store, const twin::Registry& twins,
                                             const StoredInputs& inputs,
                                             const store::ParameterSetRow& base,
                                             const std::function<void()>& on_loaded,
                                             const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, store.GetRig(inputs.rig));
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, twins.Find(rig.twin));
  PARALLAX_ASSIGN_OR_RETURN(const calibration::ParameterSet assumed,
                            DecodeParameterSet(base.bytes));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<signal::RunRecord> calibrate,
                            LoadRunRecords(store, rig.rig, inputs.calibrate_runs));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<signal::RunRecord> validate,
                            LoadRunRecords(store, rig.rig, inputs.validate_runs));
  if (on_loaded) on_loaded();
  return Analyze({.rig = rig.rig,
                  .twin = *twin,
                  .base = assumed,
                  .calibrate_runs = calibrate,
                  .validate_runs = validate,
                  .seed = inputs.seed},
                 progress);
}

}  // namespace parallax::pipeline
