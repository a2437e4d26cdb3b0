#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"

namespace parallax::store {

/// What became of unsynced changes when power was lost, summed over losses.
struct PowerTally {
  uint64_t losses = 0;
  uint64_t kept = 0;
  uint64_t dropped = 0;
  uint64_t torn = 0;       ///< writes of which some sectors are there
  uint64_t reordered = 0;  ///< changes that took effect after one that was made later
};

/// Whether the disk does what it says it did.
enum class SyncPolicy { kHonest, kIgnored };

/// A disk in memory of two layers: what programs see, and what is durable. It promises what SQLite
/// asks of one with SQLITE_IOCAP_POWERSAFE_OVERWRITE, and no more:
/// - a sector is written whole or not at all, and bytes beside a write are left alone;
/// - what was written before a file's sync returned is durable; what was not may be kept, dropped,
///   torn at sectors or take effect in another order, and the file may have grown all the same;
/// - a name that was made or removed is so for good once its directory was synced, before that it
///   may be either, with the file of any moment in between.
/// Source: sqlite.org/atomiccommit.html, sections 2 and 9; os_unix.c of SQLite 3.40.
///
/// All chance comes from the seed. All files lie in one directory. Not thread-safe.
class PowerDisk {
 public:
  /// One file, whatever its name is by now.
  class File {
   public:
    const std::string& bytes() const { return now_; }

   private:
    friend class PowerDisk;
    /// A write, or a truncation to `offset` where `truncates`.
    struct Change {
      size_t offset = 0;
      std::string bytes;
      bool truncates = false;
      size_t place = 0;  ///< in the order in which they were made
    };
    static void Apply(const Change& change, std::string* bytes);

    std::string now_;
    std::string durable_;
    std::vector<Change> unsynced_;
  };

  PowerDisk(uint64_t seed, SyncPolicy policy) : random_(seed, 0), policy_(policy) {}

  /// The file of a name, or null.
  std::shared_ptr<File> Find(const std::string& name) const;
  std::vector<std::string> Names() const;
  std::shared_ptr<File> Create(const std::string& name);
  void Remove(const std::string& name);
  void Write(File& file, size_t offset, std::string_view bytes);
  void Truncate(File& file, size_t size);
  void Sync(File& file);
  void SyncDirectory();

  /// Decides by the seed what becomes of all that was not synced; the rest is what programs see
  /// from now on.
  void LosePower();

  const PowerTally& tally() const { return tally_; }

 private:
  /// A name that points to another file, or to none where `file` is null.
  struct NameChange {
    std::string name;
    std::shared_ptr<File> file;
  };
  using Directory = std::map<std::string, std::shared_ptr<File>>;

  static void Apply(const NameChange& change, Directory* names);
  void SetName(const std::string& name, std::shared_ptr<File> file);
  void SettleNames();
  void Settle(File& file);
  void SettleChange(const File::Change& change, File& file, size_t sector);
  /// Writes some of the sectors.
  void Tear(const File::Change& change, File& file, size_t sector);

  base::Random random_;
  const SyncPolicy policy_;
  Directory now_;
  Directory durable_;
  std::vector<NameChange> unsynced_;
  PowerTally tally_;
};

}  // namespace parallax::store
