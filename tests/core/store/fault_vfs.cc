#include "tests/core/store/fault_vfs.h"

#include <sqlite3.h>

#include <cstring>

#include "core/base/mutex.h"

namespace parallax::store {
namespace {

/// The fault that is set and how often it was met. Thread-safe.
class Faults {
 public:
  void Set(DiskFault fault) {
    base::MutexLock lock(mutex_);
    fault_ = fault;
    met_ = 0;
  }
  /// Whether the disk has this fault now; counts that it was met.
  bool Meet(DiskFault fault) {
    base::MutexLock lock(mutex_);
    if (fault_ != fault) return false;
    ++met_;
    changed_.NotifyAll();
    return true;
  }
  void WaitFor(int count) {
    base::MutexLock lock(mutex_);
    while (met_ < count) changed_.Wait(mutex_);
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  DiskFault fault_ ABSL_GUARDED_BY(mutex_) = DiskFault::kNone;
  int met_ ABSL_GUARDED_BY(mutex_) = 0;
};

Faults& TheFaults() {
  static Faults faults;
  return faults;
}

sqlite3_vfs* RealVfs() {
  static sqlite3_vfs* const real = sqlite3_vfs_find("unix");
  return real;
}

/// A file of ours with the real one behind it in the same allocation.
struct FaultFile {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file)->real(); }
const sqlite3_io_methods* Methods(sqlite3_file* file) { return Real(file)->pMethods; }

int Close(sqlite3_file* f) { return Methods(f)->xClose(Real(f)); }
int Read(sqlite3_file* f, void* out, int n, sqlite3_int64 at) {
  return Methods(f)->xRead(Real(f), out, n, at);
}
int Write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  if (TheFaults().Meet(DiskFault::kFull)) return SQLITE_FULL;
  if (TheFaults().Meet(DiskFault::kDamaged)) return SQLITE_CORRUPT;
  return Methods(f)->xWrite(Real(f), from, n, at);
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) { return Methods(f)->xTruncate(Real(f), size); }
int Sync(sqlite3_file* f, int flags) {
  if (TheFaults().Meet(DiskFault::kSyncFails)) return SQLITE_IOERR_FSYNC;
  return Methods(f)->xSync(Real(f), flags);
}
int FileSize(sqlite3_file* f, sqlite3_int64* size) { return Methods(f)->xFileSize(Real(f), size); }
int Lock(sqlite3_file* f, int level) { return Methods(f)->xLock(Real(f), level); }
int Unlock(sqlite3_file* f, int level) { return Methods(f)->xUnlock(Real(f), level); }
int Reserved(sqlite3_file* f, int* out) { return Methods(f)->xCheckReservedLock(Real(f), out); }
int Control(sqlite3_file* f, int op, void* arg) {
  return Methods(f)->xFileControl(Real(f), op, arg);
}
int SectorSize(sqlite3_file* f) { return Methods(f)->xSectorSize(Real(f)); }
int Characteristics(sqlite3_file* f) { return Methods(f)->xDeviceCharacteristics(Real(f)); }
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return Methods(f)->xShmMap(Real(f), page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Methods(f)->xShmLock(Real(f), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) { Methods(f)->xShmBarrier(Real(f)); }
int ShmUnmap(sqlite3_file* f, int erase) { return Methods(f)->xShmUnmap(Real(f), erase); }

const sqlite3_io_methods kMethods = {
    2,        Close,    Read,    Write,      Truncate,        Sync,   FileSize, Lock,
    Unlock,   Reserved, Control, SectorSize, Characteristics, ShmMap, ShmLock,  ShmBarrier,
    ShmUnmap, nullptr,  nullptr};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = RealVfs()->xOpen(RealVfs(), name, Real(file), flags, out_flags);
  file->pMethods = Real(file)->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

}  // namespace

void InstallFaultVfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs copy = *RealVfs();
    copy.szOsFile += static_cast<int>(sizeof(FaultFile));
    copy.zName = "fault";
    copy.xOpen = Open;
    copy.pNext = nullptr;
    return copy;
  }();
  sqlite3_vfs_register(&vfs, 1);
}

void SetDiskFault(DiskFault fault) { TheFaults().Set(fault); }

void WaitForDiskFaults(int count) { TheFaults().WaitFor(count); }

}  // namespace parallax::store
