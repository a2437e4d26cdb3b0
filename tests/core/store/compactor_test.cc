#include "core/store/compactor.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/base/field_error.h"
#include "core/store/bucket_plan.h"
#include "core/store/checked_vfs.h"
#include "core/store/pyramid.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

void ExpectSameBuckets(const std::vector<Bucket>& buckets, const std::vector<Bucket>& expected) {
  ASSERT_EQ(buckets.size(), expected.size());
  for (size_t i = 0; i < buckets.size(); ++i) {
    EXPECT_EQ(buckets[i].count, expected[i].count);
    EXPECT_EQ(buckets[i].minimum, expected[i].minimum);
    EXPECT_EQ(buckets[i].maximum, expected[i].maximum);
    EXPECT_EQ(buckets[i].last, expected[i].last);
  }
}

TEST(Cell, AddingIsCommutativeAlsoAtEqualTimes) {
  Cell forward;
  forward.Add(10, 3.0);
  forward.Add(10, 1.0);
  forward.Add(20, 2.0);
  forward.Add(20, 5.0);
  Cell backward;
  backward.Add(20, 5.0);
  backward.Add(20, 2.0);
  backward.Add(10, 1.0);
  backward.Add(10, 3.0);
  for (const Cell& cell : {forward, backward}) {
    EXPECT_EQ(cell.samples, 4u);
    EXPECT_EQ(cell.minimum, 1.0);
    EXPECT_EQ(cell.maximum, 5.0);
    EXPECT_EQ(cell.first, 1.0);
    EXPECT_EQ(cell.last, 5.0);
  }
}

TEST(BuildPyramid, SixteenCellsMakeOneOfTheNextLevel) {
  SampleColumn column;
  for (int64_t i = 0; i < 32; ++i) {
    column.time_unix_ns.push_back(i * CellWidthNs(0));
    column.value.push_back(static_cast<double>(i));
  }
  const std::vector<PyramidCell> cells = BuildPyramid(column, 0);
  ASSERT_EQ(cells.size(), 32u + 2u + 8u);
  EXPECT_EQ(cells[33].level, 1);
  EXPECT_EQ(cells[33].index, 1);
  EXPECT_EQ(cells[33].cell.minimum, 16.0);
  EXPECT_EQ(cells[33].cell.maximum, 31.0);
  EXPECT_EQ(cells[33].cell.samples, 16u);
}

TEST(CellIndex, RoundsDownBefore1970) {
  EXPECT_EQ(CellIndex(-1, 0), -1);
  EXPECT_EQ(CellIndex(0, 0), 0);
}

TEST(PlanBuckets, CutsARangeIntoEqualBuckets) {
  const BucketPlan plan = PlanBuckets({0, 1001}, 10, std::nullopt, 0).value();
  EXPECT_EQ(plan.begin_unix_ns, 0);
  EXPECT_EQ(plan.width_ns, 101);
  EXPECT_EQ(plan.buckets, 10u);
  EXPECT_EQ(plan.IndexOf(1000), 9u);
  EXPECT_EQ(plan.level, -1);
}

TEST(PlanBuckets, SnapsALongRunToCellsSoThatOnlyTheEndsAreCut) {
  const int64_t begin = kStartNs + 12345;
  const int64_t end = begin + 3600 * int64_t{1'000'000'000};
  const BucketPlan plan = PlanBuckets({begin, end}, 1000, std::nullopt, kSnapSamples + 1).value();
  const int64_t cell = CellWidthNs(plan.level);
  EXPECT_EQ(plan.begin_unix_ns % cell, 0);
  EXPECT_EQ(plan.width_ns % cell, 0);
  EXPECT_EQ(plan.partial_cells.size(), 2u);
  const TimeRange stored{begin, end - 1};  // both inclusive
  EXPECT_TRUE(PlanBuckets({}, 1000, stored, kSnapSamples + 1).value().partial_cells.empty());
  EXPECT_LE(plan.begin_unix_ns, begin);
  EXPECT_GE(plan.begin_unix_ns + plan.width_ns * 1000, end);
  EXPECT_LT(static_cast<double>(plan.width_ns), 3.6e9 * 1.25);
}

TEST(PlanBuckets, RefusesWhatCannotBeCut) {
  EXPECT_TRUE(absl::IsInvalidArgument(PlanBuckets({0, 9}, 0, {}, 0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PlanBuckets({0, 9}, 10'001, {}, 0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PlanBuckets({9, 9}, 1, {}, 0).status()));
  // The starts of their buckets would not fit an int64_t.
  EXPECT_TRUE(absl::IsInvalidArgument(
      PlanBuckets({INT64_MAX - 1000, INT64_MAX - 1}, 7, {}, kSnapSamples + 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      PlanBuckets({INT64_MIN + 1, INT64_MIN + INT64_MAX / 4}, 1, {}, kSnapSamples + 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      PlanBuckets({INT64_MIN + 1, INT64_MAX - 1}, 1, std::nullopt, 0).status()));
  const auto field = [](const TimeRange& range, size_t buckets) {
    return base::FieldErrorOf(PlanBuckets(range, buckets, std::nullopt, 0).status())->field;
  };
  EXPECT_EQ(field({0, 9}, 0), "buckets");
  EXPECT_EQ(field({0, INT64_MAX - 1}, 1), "end_time");
  EXPECT_EQ(PlanBuckets({}, 10, std::nullopt, 0)->buckets, 0u);
}

class CompactorSeeds : public StoreTest, public ::testing::WithParamInterface<int> {
 protected:
  /// Buckets of the whole run, of a part with open and closed ends, coarse and fine.
  std::vector<std::vector<Bucket>> AllBuckets(uint32_t channel) {
    std::vector<std::vector<Bucket>> all;
    const int64_t s = 1'000'000'000;
    for (const TimeRange& range : {TimeRange{}, TimeRange{kStartNs + 2 * s + 7, kStartNs + 9 * s},
                                   TimeRange{kStartNs + 3 * s, INT64_MAX}}) {
      for (const size_t buckets : {1, 2, 7, 300}) {
        all.push_back(store_->ReadBuckets("r", "a", channel, range, buckets).value());
      }
    }
    return all;
  }

  void ExpectSameBuckets(const std::vector<std::vector<Bucket>>& actual,
                         const std::vector<std::vector<Bucket>>& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t q = 0; q < actual.size(); ++q) {
      ASSERT_EQ(actual[q].size(), expected[q].size());
      for (size_t i = 0; i < actual[q].size(); ++i) {
        const Bucket& a = actual[q][i];
        const Bucket& e = expected[q][i];
        ASSERT_EQ(a.start_unix_ns, e.start_unix_ns);
        ASSERT_EQ(a.count, e.count) << "query " << q << " bucket " << i;
        if (a.count == 0) continue;
        ASSERT_EQ(a.minimum, e.minimum);
        ASSERT_EQ(a.maximum, e.maximum);
        ASSERT_EQ(a.first, e.first);
        ASSERT_EQ(a.last, e.last);
      }
    }
  }
};

TEST_P(CompactorSeeds, ChangesNeitherSeriesNorBuckets) {
  const auto seed = static_cast<uint64_t>(GetParam());
  const int64_t streams[] = {OpenStream("a", "p"), OpenStream("a", "q")};
  for (uint64_t seq = 0; seq < 12; ++seq) {
    for (const int64_t stream : streams) {
      const signal::SampleBatch batch =
          MakeUnrulyBatch(seed * 100 + static_cast<uint64_t>(stream), seq, kChannels);
      ASSERT_EQ(Append(*store_, stream, batch)->result, AppendResult::kCommitted);
    }
  }
  std::vector<signal::Series> series;
  std::vector<std::vector<std::vector<Bucket>>> buckets;
  for (uint32_t channel = 0; channel < kChannels; ++channel) {
    series.push_back(Series("a", channel));
    buckets.push_back(AllBuckets(channel));
  }
  EXPECT_EQ(store_->Compact().value(), 0u);  // an open run without a full range stays
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  EXPECT_EQ(store_->Compact().value(), 24u);
  EXPECT_EQ(store_->Compact().value(), 0u);
  for (uint32_t channel = 0; channel < kChannels; ++channel) {
    ExpectSameSeries(Series("a", channel), series[channel]);
    ExpectSameBuckets(AllBuckets(channel), buckets[channel]);
  }
  // Late data after compaction is read after the chunks, and merged by the next compaction.
  ASSERT_TRUE(Append(*store_, streams[0], MakeUnrulyBatch(seed, 12, kChannels)).ok());
  const signal::Series late = Series("a", 0);
  const std::vector<std::vector<Bucket>> late_buckets = AllBuckets(0);
  EXPECT_EQ(store_->Compact().value(), 1u);
  ExpectSameSeries(Series("a", 0), late);
  ExpectSameBuckets(AllBuckets(0), late_buckets);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CompactorSeeds, ::testing::Range(0, 12));

class CompactorTest : public StoreTest {};

TEST_F(CompactorTest, BucketsHoldTheExactExtremesOfTheirSamples) {
  const int64_t stream = OpenStream("a", "p");
  signal::SampleBatch batch;
  batch.columns = {{1, {0, 10, 20, 30, 40, 50}, {5, -1, 7, 2, 9, 3}, {}}};
  ASSERT_TRUE(Append(*store_, stream, batch).ok());
  const std::vector<Bucket> buckets = store_->ReadBuckets("r", "a", 1, {0, 90}, 3).value();
  ASSERT_EQ(buckets.size(), 3u);
  EXPECT_EQ(buckets[0].count, 3u);
  EXPECT_EQ(buckets[0].minimum, -1);
  EXPECT_EQ(buckets[0].maximum, 7);
  EXPECT_EQ(buckets[0].first, 5);
  EXPECT_EQ(buckets[0].last, 7);
  EXPECT_EQ(buckets[1].start_unix_ns, 30);
  EXPECT_EQ(buckets[1].maximum, 9);
  EXPECT_EQ(buckets[2].count, 0u);
}

TEST_F(CompactorTest, AnOpenRunGivesUpItsFullRangesAndAnswersStaySame) {
  const int64_t stream = OpenStream("a", "p");
  const size_t samples = 10'000;
  const uint64_t batches = kRangeSamples / (samples * kChannels) + 2;
  for (uint64_t seq = 0; seq < batches; ++seq) {
    const int64_t start = kStartNs + static_cast<int64_t>(seq * samples) * 1'000'000;
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, samples, start)).ok());
  }
  const signal::Series series = Series("a", 2);
  const std::vector<Bucket> buckets = store_->ReadBuckets("r", "a", 2, {}, 20).value();
  const uint64_t replaced = store_->Compact().value();
  EXPECT_EQ(replaced, batches - 1);
  ExpectSameSeries(Series("a", 2), series);
  ExpectSameBuckets(store_->ReadBuckets("r", "a", 2, {}, 20).value(), buckets);
  uint64_t count = 0;
  for (const Bucket& bucket : buckets) count += bucket.count;
  EXPECT_EQ(count, batches * samples);
}

TEST_F(CompactorTest, AChunkThatThePyramidDoesNotCountIsCountedByTheNextCompaction) {
  const int64_t stream = OpenStream("a", "p");
  for (uint64_t seq = 0; seq < 3; ++seq) {
    const int64_t start = kStartNs + static_cast<int64_t>(seq) * 10'000'000'000;
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 10'000, start)).ok());
  }
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  ASSERT_EQ(store_->Compact().value(), 3u);
  const std::vector<Bucket> buckets = store_->ReadBuckets("r", "a", 2, {}, 20).value();
  store_.reset();
  const auto count = [this](const char* what) {
    SQLite::Database database(directory_.path() + "/parallax.db", SQLite::OPEN_READONLY, 10'000,
                              CheckedVfs(""));
    return database.execAndGet(what).getInt64();
  };
  const int64_t pages = count("SELECT count(*) FROM pyramid_page");
  EXPECT_GT(pages, 0);
  EXPECT_EQ(count("SELECT count(*) FROM chunk WHERE finest_level = 10"), 0);
  // As a compaction leaves it that is killed between the two.
  {
    SQLite::Database database(directory_.path() + "/parallax.db", SQLite::OPEN_READWRITE, 10'000,
                              CheckedVfs(""));
    database.exec("DELETE FROM pyramid_page; UPDATE chunk SET finest_level = 10");
  }
  Reopen();
  ExpectSameBuckets(store_->ReadBuckets("r", "a", 2, {}, 20).value(), buckets);
  EXPECT_EQ(store_->Compact().value(), 0u);
  ExpectSameBuckets(store_->ReadBuckets("r", "a", 2, {}, 20).value(), buckets);
  store_.reset();
  EXPECT_EQ(count("SELECT count(*) FROM pyramid_page"), pages);
  EXPECT_EQ(count("SELECT count(*) FROM chunk WHERE finest_level = 10"), 0);
}

}  // namespace
}  // namespace parallax::store
