#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/core/store/power_disk.h"

namespace parallax::store {

/// What goes wrong at a call of SQLite to its file system.
enum class DiskEvent {
  kPowerLoss,  ///< in the midst of the call; all that are open is dead from then on
  kIoError,    ///< this one call fails
  kFull,       ///< from then on no file grows
  /// The first write from this call on puts down a part of its bytes from the front, or none, and
  /// then fails or finds the disk full. Once.
  kShortWrite,
  /// The first read from this call on of bytes that are there gets a part of them from the front,
  /// or none, zeros for the rest, and is told that there are no more. Once.
  kShortRead,
};

/// A machine with a PowerDisk, and SQLite's way to it: while the object lives, databases opened
/// with the file system kVfs lie on its disk. Calls are numbered that open, read, write, truncate,
/// sync, measure, delete or look for a file or map shared memory; locks are not. The seed settles
/// all chance, but not which of two threads calls first. Thread-safe. One at a time.
class PowerMachine {
 public:
  static constexpr char kVfs[] = "power";

  explicit PowerMachine(uint64_t seed, SyncPolicy policy = SyncPolicy::kHonest);
  ~PowerMachine();
  PowerMachine(const PowerMachine&) = delete;
  PowerMachine& operator=(const PowerMachine&) = delete;

  /// Lets `event` happen at the call after the next `calls` ones.
  void Arm(uint64_t calls, DiskEvent event);
  /// Ends a full disk and forgets what was to come.
  void Disarm();
  bool lost_power() const;
  /// Starts with what is durable after a loss of power. REQUIRES: no file is open.
  void Restart();

  uint64_t calls() const;   ///< so far
  uint64_t errors() const;  ///< calls that failed by kIoError or kFull or fell short
  PowerTally tally() const;

  /// Bytes of a file, as programs see it. REQUIRES: it exists.
  std::string Contents(const std::string& name) const;
  /// Leaves one file on the disk, with these bytes, durable. REQUIRES: no file is open.
  void PutAlone(const std::string& name, const std::string& bytes);

  struct Inside;  ///< of the .cc

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace parallax::store
