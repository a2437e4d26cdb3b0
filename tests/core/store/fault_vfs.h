#pragma once

namespace parallax::store {

/// What the disk under every SQLite file opened from now on does.
enum class DiskFault {
  kNone,
  kFull,       ///< writes fail as with ENOSPC
  kSyncFails,  ///< fsync fails as with EIO
  kDamaged,    ///< writes fail as where the file is no database any more
};

/// Makes a layer over SQLite's own file system the default one; idempotent. It passes everything
/// through but for the fault that is set.
void InstallFaultVfs();
void SetDiskFault(DiskFault fault);
/// Waits until `count` operations have failed since the fault was set.
void WaitForDiskFaults(int count);

}  // namespace parallax::store
