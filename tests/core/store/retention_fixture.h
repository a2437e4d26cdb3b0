#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/store/check.h"
#include "core/store/series_digest.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {

inline constexpr absl::Duration kKeep = absl::Hours(24 * 90);

/// A store whose rig keeps samples for kKeep.
class RetentionTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    Keep(kKeep);
  }
  void Keep(absl::Duration keep) {
    const std::string etag = store_->GetRig("r")->etag;
    ASSERT_TRUE(store_->UpdateRig("r", etag, {.title = "Bench", .keep_samples = keep}).ok());
  }
  void Close(const std::string& run) { ASSERT_TRUE(store_->CloseRun("r", run).ok()); }
  /// A closed run of a few batches.
  void MakeRun(const std::string& run) {
    OpenRun(run);
    Fill(run, 0, 3);
    Close(run);
  }
  /// Batches first … last of producer "p", received as many seconds after kStartNs.
  void Fill(const std::string& run, uint64_t first, uint64_t last) {
    const int64_t stream = OpenStream(run, "p");
    for (uint64_t seq = first; seq <= last; ++seq) {
      ASSERT_TRUE(Append(*store_, stream, MakeUnrulyBatch(7, seq, kChannels), {},
                         kStartNs + static_cast<int64_t>(seq) * 1'000'000'000)
                      .ok());
    }
  }
  /// Runs that may be retired.
  std::vector<std::string> Due() {
    std::vector<std::string> names;
    const std::vector<RunKey> runs = store_->ListRunsToRetire().value();
    for (const RunKey& run : runs) names.push_back(run.run);
    return names;
  }
  std::string DigestOf(const std::string& run) {
    SeriesDigest digest;
    for (uint32_t channel = 0; channel < kChannels; ++channel) {
      digest.Add(run, Series(run, channel));
    }
    return digest.FinishHex();
  }
  /// What a check of the store finds.
  std::vector<std::string> Damages() {
    const absl::StatusOr<StoreCheck> check = CheckStore(directory_.path());
    EXPECT_TRUE(check.ok()) << check.status();
    return check.ok() ? check->damages : std::vector<std::string>{};
  }
  /// Of a channel of a run, all samples in one bucket.
  Bucket Whole(const std::string& run, uint32_t channel) {
    const absl::StatusOr<std::vector<Bucket>> one = store_->ReadBuckets("r", run, channel, {}, 1);
    EXPECT_TRUE(one.ok()) << one.status();
    return one.ok() && !one->empty() ? one->front() : Bucket{};
  }
};

/// Equality of all but the start.
inline void ExpectSame(const Bucket& actual, const Bucket& expected) {
  ASSERT_EQ(actual.count, expected.count);
  if (expected.count == 0) return;
  EXPECT_EQ(actual.minimum, expected.minimum);
  EXPECT_EQ(actual.maximum, expected.maximum);
  EXPECT_EQ(actual.first, expected.first);
  EXPECT_EQ(actual.last, expected.last);
}

}  // namespace parallax::store
