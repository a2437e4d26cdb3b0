#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "core/pipeline/analysis.h"
#include "core/store/store.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Does what a claimed job asks for - an analysis, a design or a training - and returns what it
/// made, of which it stores nothing. The same job on the same data makes the same bytes.
/// Errors: FailedPrecondition (a recalibration with no run to calibrate on); those of LoadInputs,
/// Analyze, SuggestExperiments, SeekGoal and LearnResidual, Cancelled among them.
/// @param on_loaded  called once the job's runs are in memory.
absl::StatusOr<store::JobProduct> DoJob(store::Store& store, const twin::Registry& twins,
                                        const store::JobRow& job,
                                        const std::function<void()>& on_loaded,
                                        const ProgressCallback& progress);

}  // namespace parallax::pipeline
