#pragma once

#include <string>

#include "absl/status/status.h"
#include "core/store/connection.h"
#include "core/store/store.h"

namespace parallax::store {

// The rule by which the store queues analyses of a rig by itself. Everything here runs inside a
// transaction of its caller, that of the change that it follows from, and throws SQLite::Exception.

/// Queues a recalibration of the run's rig where its mode is not kOff and the run is closed, not
/// retired, and for calibration or validation. At most one of a rig waits: it reads all runs that
/// are closed when it is claimed, so that a second would find nothing new. Errors: DataLoss (the
/// run's record).
absl::Status RecalibrateAfter(Connection& connection, int64_t run_key, int64_t now_unix_ns);

/// The same where a rig's mode changed: queues one where the rig has a run to read.
absl::Status RecalibrateFromNowOn(Connection& connection, const std::string& rig,
                                  int64_t now_unix_ns);
/// Cancels the recalibration of a rig that waits, if any.
void CancelWaiting(Connection& connection, const std::string& rig, int64_t now_unix_ns);

/// Decides which runs a claimed recalibration reads: the closed ones of its rig that are not
/// retired, in order of start.
/// Later claims, after a process died, read the same. Errors: DataLoss (a run's record).
absl::Status ResolveRuns(Connection& connection, JobRow* job);

/// Stores an accepted set of a recalibration as a candidate where its rig does not promote, or
/// where the data of `runs` changed since `data_serial`, and says so in its reason.
void HoldBack(Connection& connection, const std::vector<std::string>& runs, int64_t data_serial,
              ParameterSetRow* set);

}  // namespace parallax::store
