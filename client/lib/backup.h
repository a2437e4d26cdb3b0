#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/lib/client.h"

namespace parallax::client {

struct BackupProgress {
  uint64_t total_bytes = 0;
  uint64_t bytes = 0;  ///< that have come
};

struct TakenBackup {
  uint64_t bytes = 0;
  std::string sha256;  ///< of the file, in lower-case hexadecimal
};

/// Takes a copy of everything that a daemon stores, as it is at one moment, into `folder`, which is
/// a data directory then. Its file gets its name once all of it is on disk and its SHA-256 is what
/// the daemon says; of a copy that fails nothing is left. Lasts as long as it takes: the timeout of
/// a call does not end it.
/// @param folder  is made; must not hold anything.
/// @param on_progress  is told of every part; may be empty.
/// Errors: the daemon's; AlreadyExists where the folder holds something; ResourceExhausted where it
/// has too little room; Unavailable where it cannot be written; DataLoss where what came is not
/// what was sent, or not all of it.
absl::StatusOr<TakenBackup> TakeBackup(
    Client& client, const std::string& folder,
    const std::function<void(const BackupProgress&)>& on_progress);

/// Removes what there is of the copy that this process is taking, for who ends it on the spot. May
/// be called by a signal handler.
void RemoveUnfinishedBackup();

}  // namespace parallax::client
