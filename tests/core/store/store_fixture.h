#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/store/batch_codec.h"
#include "core/store/sqlite_store.h"

namespace parallax::store {

/// A clock that stands still until told.
class ManualClock final : public base::Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
};

/// A new directory under the test's temporary folder, removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Rig "r" with one device "d" of `channels` channels c0, c1, ….
signal::Rig MakeRig(size_t channels);

/// One column a channel, `samples` samples of 1 kHz from `start_ns`, hundredths of a degree.
signal::SampleBatch MakeBatch(uint64_t seq, size_t channels, size_t samples, int64_t start_ns);

/// A batch like those of the worst rigs: empty and missing columns, times that repeat and run
/// backwards, full-precision, decimal and constant values, BAD samples. A function of its
/// arguments.
signal::SampleBatch MakeUnrulyBatch(uint64_t seed, uint64_t seq, size_t channels);

/// Appends and waits for the answer.
absl::StatusOr<AppendOutcome> Append(Store& store, int64_t stream, const signal::SampleBatch& batch,
                                     const signal::RejectCounts& rejected = {},
                                     int64_t received_unix_ns = 0);

/// Makes the file of a closed store what a program of schema version 6 would have left, where no
/// run is retired.
void DowngradeToVersion6(const std::string& directory);
/// The same of schema version 3.
void DowngradeToVersion3(const std::string& directory);

inline constexpr int64_t kStartNs = 1'600'000'000'000'000'000;

/// A store in a directory of its own with rig "r" of five channels and open run "a".
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override;
  /// Closes the store and opens it again.
  void Reopen();
  int64_t OpenStream(const std::string& run, const std::string& producer);
  void OpenRun(const std::string& run);
  /// Runs SQL on a connection of its own, as somebody from outside would. Returns how many rows it
  /// changed.
  int Tamper(const std::string& sql);
  /// Whole series of a channel of a run; fails the test where it cannot be read.
  signal::Series Series(const std::string& run, uint32_t channel);

  static constexpr size_t kChannels = 5;
  TemporaryDirectory directory_;
  ManualClock clock_;
  std::vector<absl::Status> failures_;  ///< what the store told its owner
  std::unique_ptr<Store> store_;
};

/// Equality of value bits, times and quality.
void ExpectSameSeries(const signal::Series& actual, const signal::Series& expected);

}  // namespace parallax::store
