#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/store/store.h"

namespace parallax::pipeline {

/// A stored run with all samples of all its channels, in order of arrival. NotFound, DataLoss.
absl::StatusOr<signal::RunRecord> LoadRunRecord(store::Store& store, const signal::Rig& rig,
                                                const std::string& run);
/// The same of several, in their order.
absl::StatusOr<std::vector<signal::RunRecord>> LoadRunRecords(store::Store& store,
                                                              const signal::Rig& rig,
                                                              const std::vector<std::string>& runs);

}  // namespace parallax::pipeline
