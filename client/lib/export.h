#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/client.h"

namespace parallax::client {

struct ExportedRun {
  std::string run;  ///< its id
  v1::RunSplit split = v1::RUN_SPLIT_UNASSIGNED;
  uint64_t samples = 0;
  std::vector<std::string> silent_devices;  ///< whose CSV has no rows: a replay refuses them
  bool retired = false;  ///< its samples are gone: nothing of it is in the folder
};

/// Writes a rig and all its runs as a campaign folder: assumptions are those of parameter set 0,
/// splits those of the runs. A replay of it into another rig leaves the same digest of each run
/// that is not retired. Samples are in order of source time, those of one time in order of arrival.
/// @param folder  is made; must not hold anything.
/// @param on_run  is told of each run; may be empty.
/// @return runs in order of start.
/// Errors: the daemon's, FailedPrecondition where a run is retired meanwhile; AlreadyExists where
/// the folder holds something; Unavailable where it cannot be written; FailedPrecondition where a
/// device or run has an id that names no file in it.
absl::StatusOr<std::vector<ExportedRun>> ExportRig(
    Client& client, const std::string& rig, const std::string& folder,
    const std::function<void(const ExportedRun&)>& on_run);

}  // namespace parallax::client
