#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>

#include "absl/status/statusor.h"
#include "core/store/store.h"

namespace parallax::server {

using RunNames = google::protobuf::RepeatedPtrField<std::string>;

/// Fills in the runs that a job of `job->rig` reads: those that a request names, each a stored run
/// of the rig whose samples are kept; where it names none, the closed runs of split CALIBRATE or
/// VALIDATE whose samples are kept, in order of start.
/// Errors: InvalidArgument (a malformed name, a run of another rig, named twice or in both lists,
/// no run to calibrate on), NotFound (run), FailedPrecondition (a run that is retired).
absl::Status ChooseRuns(store::Store& store, const RunNames& calibrate_runs,
                        const RunNames& validate_runs, store::JobRow* job);

/// Revision of the stored set that a request names; "current" is looked up.
/// Errors: InvalidArgument (a malformed name, a set of another rig), NotFound.
absl::StatusOr<int64_t> RevisionOf(store::Store& store, const std::string& field,
                                   const std::string& name, const std::string& rig);

}  // namespace parallax::server
