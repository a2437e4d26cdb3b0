#include "core/store/checked_vfs.h"

#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/mutex.h"

namespace parallax::store {
namespace {

constexpr size_t kHeaderBytes = 100;     // of the database, at the beginning of its first page
constexpr size_t kReservedBytesAt = 20;  // in the header; fileformat2.html, section 1.3.4
constexpr size_t kLeastPageBytes = 512;
constexpr int kHasChecksumsControl = 0x50584353;  // a file control of ours; SQLite's are below 100

/// SQLite answers on the thread that asked, with a code that has no place for a page's number.
thread_local std::string page_damage;

/// A registered layer; lives as long as the program.
struct Layer {
  std::string name;
  std::string under;
  sqlite3_vfs vfs{};
};

sqlite3_vfs* Under(sqlite3_vfs* vfs) {
  const std::string& name = static_cast<const Layer*>(vfs->pAppData)->under;
  sqlite3_vfs* const under = sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
  PARALLAX_CHECK(under != nullptr);
  return under;
}

/// What a file is beside SQLite's view of it.
struct Inner {
  std::vector<std::max_align_t> memory;  ///< of the file below
  std::string name;
  bool is_database = false;
  bool has_checksums = false;  ///< as its header says
  std::string page;            ///< the page being written, with its checksum

  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory.data()); }
};

/// What SQLite allocates for a file.
struct CheckedFile {
  sqlite3_file base;
  Inner* inner;
};

Inner& Of(sqlite3_file* file) { return *reinterpret_cast<CheckedFile*>(file)->inner; }
sqlite3_file* Real(sqlite3_file* file) { return Of(file).file(); }
const sqlite3_io_methods* Methods(sqlite3_file* file) { return Real(file)->pMethods; }

/// SQLite reads and writes a database by whole pages, but for its header.
bool IsPage(int count) {
  const auto bytes = static_cast<size_t>(count);
  return bytes >= kLeastPageBytes && (bytes & (bytes - 1)) == 0;
}

uint64_t Checksum(const char* page, size_t bytes, int64_t offset) {
  return XXH3_64bits_withSeed(page, bytes - kPageChecksumBytes,
                              static_cast<uint64_t>(offset) / bytes);
}

bool Matches(const char* page, size_t bytes, int64_t offset) {
  uint64_t stored = 0;
  std::memcpy(&stored, page + bytes - kPageChecksumBytes, sizeof stored);
  return stored == Checksum(page, bytes, offset);
}

/// Whether a first page says that there are no checksums and has one: then that bit is damaged.
bool HidesChecksum(const char* page, size_t bytes) {
  std::string mended(page, bytes);
  mended[kReservedBytesAt] = kPageChecksumBytes;
  return Matches(mended.data(), bytes, 0);
}

void NoteHeader(Inner& inner, const char* bytes, int count, int64_t offset) {
  if (offset != 0 || static_cast<size_t>(count) < kHeaderBytes) return;
  inner.has_checksums = bytes[kReservedBytesAt] == kPageChecksumBytes;
}

/// SQLite takes what a short read lacks for zeros, which is right beyond the end of the file alone:
/// not within it, and not of a page that the file holds in part.
int CodeOfShortRead(sqlite3_file* f, int n, sqlite3_int64 at) {
  sqlite3_int64 size = 0;
  const int code = Methods(f)->xFileSize(Real(f), &size);
  if (code != SQLITE_OK) return code;
  if (at + n <= size) return SQLITE_IOERR_READ;
  const Inner& inner = Of(f);
  if (at >= size || !IsPage(n) || !inner.has_checksums) return SQLITE_IOERR_SHORT_READ;
  page_damage = absl::StrFormat("page %d of %s is cut short", at / n + 1, inner.name);
  return SQLITE_CORRUPT;
}

int Read(sqlite3_file* f, void* out, int n, sqlite3_int64 at) {
  const int code = Methods(f)->xRead(Real(f), out, n, at);
  Inner& inner = Of(f);
  if (code == SQLITE_IOERR_SHORT_READ && inner.is_database) return CodeOfShortRead(f, n, at);
  if (code != SQLITE_OK || !inner.is_database) return code;
  const char* const page = static_cast<const char*>(out);
  NoteHeader(inner, page, n, at);
  if (!IsPage(n)) return code;
  const auto bytes = static_cast<size_t>(n);
  const bool sound =
      inner.has_checksums ? Matches(page, bytes, at) : at != 0 || !HidesChecksum(page, bytes);
  if (sound) return SQLITE_OK;
  page_damage =
      absl::StrFormat("page %d of %s does not match its checksum", at / n + 1, inner.name);
  return SQLITE_CORRUPT;  // not SQLITE_IOERR_DATA: some callers cut its detail
}

int Write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  Inner& inner = Of(f);
  if (inner.is_database) NoteHeader(inner, static_cast<const char*>(from), n, at);
  if (!inner.has_checksums || !IsPage(n)) return Methods(f)->xWrite(Real(f), from, n, at);
  const auto bytes = static_cast<size_t>(n);
  inner.page.assign(static_cast<const char*>(from), bytes);
  const uint64_t checksum = Checksum(inner.page.data(), bytes, at);
  std::memcpy(inner.page.data() + bytes - kPageChecksumBytes, &checksum, sizeof checksum);
  return Methods(f)->xWrite(Real(f), inner.page.data(), n, at);
}

int Close(sqlite3_file* f) {
  const std::unique_ptr<Inner> inner(&Of(f));
  return Methods(f)->xClose(Real(f));
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) { return Methods(f)->xTruncate(Real(f), size); }
int Sync(sqlite3_file* f, int flags) { return Methods(f)->xSync(Real(f), flags); }
int FileSize(sqlite3_file* f, sqlite3_int64* size) { return Methods(f)->xFileSize(Real(f), size); }
int Lock(sqlite3_file* f, int level) { return Methods(f)->xLock(Real(f), level); }
int Unlock(sqlite3_file* f, int level) { return Methods(f)->xUnlock(Real(f), level); }
int Reserved(sqlite3_file* f, int* out) { return Methods(f)->xCheckReservedLock(Real(f), out); }
int Control(sqlite3_file* f, int op, void* arg) {
  if (op == kHasChecksumsControl) {
    *static_cast<bool*>(arg) = Of(f).has_checksums;
    return SQLITE_OK;
  }
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

// Version 2: without xFetch, so that no page is read past the check.
const sqlite3_io_methods kMethods = {
    2,        Close,    Read,    Write,      Truncate,        Sync,   FileSize, Lock,
    Unlock,   Reserved, Control, SectorSize, Characteristics, ShmMap, ShmLock,  ShmBarrier,
    ShmUnmap, nullptr,  nullptr};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  sqlite3_vfs* const under = Under(vfs);
  auto inner = std::make_unique<Inner>();
  inner->memory.resize(static_cast<size_t>(under->szOsFile) / sizeof(std::max_align_t) + 1);
  if (name != nullptr) inner->name = name;
  inner->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  const int code = under->xOpen(under, name, inner->file(), flags, out_flags);
  if (inner->file()->pMethods == nullptr) return code;
  reinterpret_cast<CheckedFile*>(file)->inner = inner.release();
  file->pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  return Under(vfs)->xDelete(Under(vfs), name, sync_directory);
}
int Access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  return Under(vfs)->xAccess(Under(vfs), name, flags, out);
}
int FullPathname(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return Under(vfs)->xFullPathname(Under(vfs), name, size, out);
}
int Randomness(sqlite3_vfs* vfs, int n, char* out) {
  return Under(vfs)->xRandomness(Under(vfs), n, out);
}
int Sleep(sqlite3_vfs* vfs, int microseconds) {
  return Under(vfs)->xSleep(Under(vfs), microseconds);
}
int CurrentTime(sqlite3_vfs* vfs, double* days) {
  return Under(vfs)->xCurrentTime(Under(vfs), days);
}
int LastError(sqlite3_vfs* vfs, int n, char* out) {
  return Under(vfs)->xGetLastError(Under(vfs), n, out);
}

void Register(const std::string& under, Layer* layer) {
  layer->name = "checked" + (under.empty() ? "" : "-" + under);
  layer->under = under;
  sqlite3_vfs& vfs = layer->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(CheckedFile);
  vfs.zName = layer->name.c_str();
  vfs.pAppData = layer;
  vfs.mxPathname = Under(&vfs)->mxPathname;
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  vfs.xAccess = Access;
  vfs.xFullPathname = FullPathname;
  vfs.xRandomness = Randomness;
  vfs.xSleep = Sleep;
  vfs.xCurrentTime = CurrentTime;
  vfs.xGetLastError = LastError;
  PARALLAX_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

}  // namespace

std::string CheckedVfs(const std::string& under) {
  static base::Mutex mutex;
  static auto* const layers = new std::map<std::string, Layer>;  // SQLite keeps pointers to them
  const base::MutexLock lock(mutex);
  const auto [place, added] = layers->try_emplace(under);
  if (added) Register(under, &place->second);
  return place->second.name;
}

void ReservePageChecksums(sqlite3* database) {
  int reserved = kPageChecksumBytes;
  sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
}

bool HasPageChecksums(sqlite3* database) {
  bool has = false;
  sqlite3_file_control(database, "main", kHasChecksumsControl, &has);
  return has;
}

std::string TakePageDamage() { return std::exchange(page_damage, {}); }

}  // namespace parallax::store
