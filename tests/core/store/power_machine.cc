#include "tests/core/store/power_machine.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

#include "core/base/check.h"
#include "core/base/mutex.h"
#include "tests/core/store/file_sharing.h"

namespace parallax::store {
namespace {

struct OpenFile {
  std::string name;  ///< empty: a temporary file, without a name
  std::shared_ptr<PowerDisk::File> file;
  bool syncs_directory = false;  ///< with its next sync, as os_unix.c does for new journals
  bool deleted_on_close = false;
};

/// What the machine's mutex guards.
struct System {
  System(uint64_t seed, SyncPolicy policy) : disk(seed, policy), random(seed, 2) {}

  /// Whether a file may become larger; counts that it may not.
  bool MayGrow() {
    if (full) ++errors;
    return !full;
  }
  /// How many of a call's `count` > 0 bytes get through: all of them, but once fewer where `event`
  /// is due.
  size_t Through(DiskEvent event, size_t count) {
    if (due != event) return count;
    due.reset();
    ++errors;
    return random.Below(count);
  }
  FileSharing& Sharing(const OpenFile& open) { return sharing[open.file.get()]; }

  PowerDisk disk;
  base::Random random;
  std::map<const PowerDisk::File*, FileSharing> sharing;
  int open_files = 0;
  uint64_t calls = 0;
  uint64_t errors = 0;
  uint64_t armed_call = 0;
  std::optional<DiskEvent> armed_event;
  std::optional<DiskEvent> due;  ///< of those that wait for a read or a write
  bool full = false;
  bool lost_power = false;
};

}  // namespace

/// State of the machine, and what SQLite's calls come to.
struct PowerMachine::Inside {
  Inside(uint64_t seed, SyncPolicy policy) : system(seed, policy) {}

  /// Counts a call and runs `function(system)`, which returns SQLite's code, unless something goes
  /// wrong: then `error` is returned. Power is lost in the midst of a call: what it writes may be
  /// there, what it syncs need not.
  template <typename Function>
  int Call(int error, const Function& function) {
    base::MutexLock lock(mutex);
    if (system.lost_power) return error;
    std::optional<DiskEvent> event;
    if (system.calls++ == system.armed_call) event = system.armed_event;
    if (event == DiskEvent::kFull) system.full = true;
    if (event == DiskEvent::kShortWrite || event == DiskEvent::kShortRead) system.due = event;
    if (event == DiskEvent::kIoError) {
      ++system.errors;
      return error;
    }
    if (event != DiskEvent::kPowerLoss) return function(system);
    if (error != SQLITE_IOERR_FSYNC) (void)function(system);
    system.disk.LosePower();
    system.lost_power = true;
    return error;
  }

  sqlite3_vfs vfs{};

  base::Mutex mutex;
  System system ABSL_GUARDED_BY(mutex);
};

namespace {

using Inside = PowerMachine::Inside;

/// What SQLite allocates for a file.
struct Handle {
  sqlite3_file base;
  Inside* inside;
  OpenFile* open;
};

Inside& In(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->inside; }
Inside& In(sqlite3_vfs* vfs) { return *static_cast<Inside*>(vfs->pAppData); }
OpenFile& Of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->open; }

int Close(sqlite3_file* file) {
  Inside& in = In(file);
  base::MutexLock lock(in.mutex);
  const std::unique_ptr<OpenFile> open(&Of(file));
  FileSharing& sharing = in.system.Sharing(*open);
  sharing.Close(file);
  if (sharing.unused()) in.system.sharing.erase(open->file.get());
  --in.system.open_files;
  if (open->deleted_on_close && !open->name.empty() && !in.system.lost_power)
    in.system.disk.Remove(open->name);
  return SQLITE_OK;
}

int Read(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  return In(file).Call(SQLITE_IOERR_READ, [&](System& system) {
    const std::string& bytes = Of(file).file->bytes();
    const size_t begin = std::min(static_cast<size_t>(offset), bytes.size());
    size_t there = std::min(static_cast<size_t>(count), bytes.size() - begin);
    if (there > 0) there = system.Through(DiskEvent::kShortRead, there);
    std::memcpy(out, bytes.data() + begin, there);
    std::memset(static_cast<char*>(out) + there, 0, static_cast<size_t>(count) - there);
    return there == static_cast<size_t>(count) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  });
}

int Write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  return In(file).Call(SQLITE_IOERR_WRITE, [&](System& system) {
    PowerDisk::File& target = *Of(file).file;
    const auto begin = static_cast<size_t>(offset);
    const std::string_view bytes(static_cast<const char*>(from), static_cast<size_t>(count));
    if (begin + bytes.size() > target.bytes().size() && !system.MayGrow()) return SQLITE_FULL;
    const size_t through = system.Through(DiskEvent::kShortWrite, bytes.size());
    if (through > 0) system.disk.Write(target, begin, bytes.substr(0, through));
    if (through == bytes.size()) return SQLITE_OK;
    // os_unix.c tells one from the other by errno.
    return system.random.Below(2) == 0 ? SQLITE_IOERR_WRITE : SQLITE_FULL;
  });
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return In(file).Call(SQLITE_IOERR_TRUNCATE, [&](System& system) {
    system.disk.Truncate(*Of(file).file, static_cast<size_t>(size));
    return SQLITE_OK;
  });
}

int Sync(sqlite3_file* file, int) {
  return In(file).Call(SQLITE_IOERR_FSYNC, [&](System& system) {
    system.disk.Sync(*Of(file).file);
    if (Of(file).syncs_directory) system.disk.SyncDirectory();
    Of(file).syncs_directory = false;
    return SQLITE_OK;
  });
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return In(file).Call(SQLITE_IOERR_FSTAT, [&](System&) {
    *size = static_cast<sqlite3_int64>(Of(file).file->bytes().size());
    return SQLITE_OK;
  });
}

int Lock(sqlite3_file* file, int level) {
  Inside& in = In(file);
  base::MutexLock lock(in.mutex);
  if (in.system.lost_power) return SQLITE_IOERR_LOCK;
  return in.system.Sharing(Of(file)).Lock(file, level);
}

int Unlock(sqlite3_file* file, int level) {
  Inside& in = In(file);
  base::MutexLock lock(in.mutex);
  in.system.Sharing(Of(file)).Unlock(file, level);
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* file, int* out) {
  Inside& in = In(file);
  base::MutexLock lock(in.mutex);
  if (in.system.lost_power) return SQLITE_IOERR_CHECKRESERVEDLOCK;
  *out = in.system.Sharing(Of(file)).Reserved() ? 1 : 0;
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return 4096; }
int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int ShmMap(sqlite3_file* file, int index, int size, int extend, void volatile** out) {
  *out = nullptr;
  return In(file).Call(SQLITE_IOERR_SHMMAP, [&](System& system) {
    FileSharing& sharing = system.Sharing(Of(file));
    const auto region = static_cast<size_t>(index);
    if (extend != 0 && !sharing.HasRegion(region) && !system.MayGrow()) return SQLITE_IOERR_SHMSIZE;
    *out = sharing.Region(file, region, static_cast<size_t>(size), extend != 0);
    return SQLITE_OK;
  });
}

int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  Inside& in = In(file);
  base::MutexLock lock(in.mutex);
  if (in.system.lost_power && (flags & SQLITE_SHM_LOCK) != 0) return SQLITE_IOERR_SHMLOCK;
  return in.system.Sharing(Of(file)).LockShared(file, offset, count, flags);
}

void ShmBarrier(sqlite3_file* file) { base::MutexLock lock(In(file).mutex); }

int ShmUnmap(sqlite3_file* file, int) {
  Inside& in = In(file);
  base::MutexLock lock(in.mutex);
  in.system.Sharing(Of(file)).Unmap(file);
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {2,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Unlock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     nullptr,
                                     nullptr};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Inside& in = In(vfs);
  file->pMethods = nullptr;
  auto open = std::make_unique<OpenFile>();
  if (name != nullptr) open->name = name;
  const bool makes = (flags & SQLITE_OPEN_CREATE) != 0;
  open->syncs_directory =
      makes && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL));
  open->deleted_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  const int code = in.Call(SQLITE_CANTOPEN, [&](System& system) {
    open->file = name == nullptr ? std::make_shared<PowerDisk::File>() : system.disk.Find(name);
    if (open->file == nullptr && makes) open->file = system.disk.Create(name);
    return open->file == nullptr ? SQLITE_CANTOPEN : SQLITE_OK;
  });
  if (code != SQLITE_OK) return code;
  base::MutexLock lock(in.mutex);
  in.system.Sharing(*open).Open(file);
  ++in.system.open_files;
  auto* handle = reinterpret_cast<Handle*>(file);
  handle->inside = &in;
  handle->open = open.release();
  file->pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  return In(vfs).Call(SQLITE_IOERR_DELETE, [&](System& system) {
    if (system.disk.Find(name) == nullptr) return SQLITE_IOERR_DELETE_NOENT;
    system.disk.Remove(name);
    if (sync_directory != 0) system.disk.SyncDirectory();
    return SQLITE_OK;
  });
}

/// As os_unix.c has it, an empty file does not exist.
int Access(sqlite3_vfs* vfs, const char* name, int, int* out) {
  return In(vfs).Call(SQLITE_IOERR_ACCESS, [&](System& system) {
    const auto file = system.disk.Find(name);
    *out = file != nullptr && !file->bytes().empty() ? 1 : 0;
    return SQLITE_OK;
  });
}

int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

PowerMachine::PowerMachine(uint64_t seed, SyncPolicy policy)
    : inside_(std::make_unique<Inside>(seed, policy)) {
  sqlite3_vfs& vfs = inside_->vfs;
  vfs = *sqlite3_vfs_find("unix");  // its clock, sleep and randomness
  vfs.szOsFile = sizeof(Handle);
  vfs.zName = kVfs;
  vfs.pNext = nullptr;
  vfs.pAppData = inside_.get();
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  vfs.xAccess = Access;
  vfs.xFullPathname = FullPathname;
  PARALLAX_CHECK(sqlite3_vfs_find(kVfs) == nullptr);
  sqlite3_vfs_register(&vfs, 0);
  // Salts of the log come from SQLite's own generator.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed % 1'000'000) + 1, nullptr);
}

PowerMachine::~PowerMachine() { sqlite3_vfs_unregister(&inside_->vfs); }

void PowerMachine::Arm(uint64_t calls, DiskEvent event) {
  base::MutexLock lock(inside_->mutex);
  inside_->system.armed_call = inside_->system.calls + calls;
  inside_->system.armed_event = event;
}

void PowerMachine::Disarm() {
  base::MutexLock lock(inside_->mutex);
  inside_->system.armed_event.reset();
  inside_->system.due.reset();
  inside_->system.full = false;
}

bool PowerMachine::lost_power() const {
  base::MutexLock lock(inside_->mutex);
  return inside_->system.lost_power;
}

void PowerMachine::Restart() {
  base::MutexLock lock(inside_->mutex);
  PARALLAX_CHECK(inside_->system.open_files == 0);
  inside_->system.lost_power = false;
}

uint64_t PowerMachine::calls() const {
  base::MutexLock lock(inside_->mutex);
  return inside_->system.calls;
}

uint64_t PowerMachine::errors() const {
  base::MutexLock lock(inside_->mutex);
  return inside_->system.errors;
}

PowerTally PowerMachine::tally() const {
  base::MutexLock lock(inside_->mutex);
  return inside_->system.disk.tally();
}

std::string PowerMachine::Contents(const std::string& name) const {
  base::MutexLock lock(inside_->mutex);
  return inside_->system.disk.Find(name)->bytes();
}

void PowerMachine::PutAlone(const std::string& name, const std::string& bytes) {
  base::MutexLock lock(inside_->mutex);
  PARALLAX_CHECK(inside_->system.open_files == 0);
  PowerDisk& disk = inside_->system.disk;
  for (const std::string& there : disk.Names()) disk.Remove(there);
  const std::shared_ptr<PowerDisk::File> file = disk.Create(name);
  disk.Write(*file, 0, bytes);
  disk.Sync(*file);
  disk.SyncDirectory();
}

}  // namespace parallax::store
