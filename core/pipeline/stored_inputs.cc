#include "core/pipeline/stored_inputs.h"

#include "core/base/status_macros.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/run_loader.h"

namespace parallax::pipeline {

absl::StatusOr<LoadedInputs> LoadInputs(store::Store& store, const twin::Registry& twins,
                                        const StoredInputs& inputs,
                                        const store::ParameterSetRow& base) {
  LoadedInputs loaded;
  PARALLAX_ASSIGN_OR_RETURN(loaded.rig, store.GetRig(inputs.rig));
  PARALLAX_ASSIGN_OR_RETURN(loaded.twin, twins.Find(loaded.rig.twin));
  PARALLAX_ASSIGN_OR_RETURN(loaded.base, DecodeParameterSet(base.bytes));
  PARALLAX_ASSIGN_OR_RETURN(loaded.calibrate_runs,
                            LoadRunRecords(store, loaded.rig.rig, inputs.calibrate_runs));
  PARALLAX_ASSIGN_OR_RETURN(loaded.validate_runs,
                            LoadRunRecords(store, loaded.rig.rig, inputs.validate_runs));
  return loaded;
}

}  // namespace parallax::pipeline
