// What is left of a retired run.
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/store/bucket_plan.h"
#include "core/store/pyramid.h"
#include "tests/core/store/retention_fixture.h"

namespace parallax::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using RetiredRunTest = RetentionTest;

TEST_F(RetiredRunTest, ADueRunLeavesDigestCountsAndRange) {
  signal::SampleBatch batch;
  batch.columns = {
      {1, {kStartNs, kStartNs + 1'000'000, kStartNs + 2'000'000}, {1.5, -0.25, 3.0}, {}}};
  const int64_t stream = OpenStream("a", "p");
  ASSERT_TRUE(Append(*store_, stream, batch, {.not_finite = 2}, kStartNs + 5).ok());
  clock_.now += kKeep;
  EXPECT_THAT(Due(), IsEmpty()) << "it is open";
  Close("a");
  clock_.now += kKeep - absl::Nanoseconds(1);
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->RetireRun("r", "a").status()));
  clock_.now += absl::Nanoseconds(1);
  EXPECT_THAT(Due(), ElementsAre("a"));
  ASSERT_TRUE(store_->RetireRun("r", "a").ok());
  for (int opening = 0; opening < 2; ++opening) {
    const RunRow run = store_->GetRun("r", "a").value();
    ASSERT_TRUE(run.retirement.has_value());
    EXPECT_EQ(run.retirement->retire_time_unix_ns, absl::ToUnixNanos(clock_.now));
    // Computed by hand from the definition at SeriesDigest.
    EXPECT_EQ(run.retirement->sha256,
              "401c7b485348003028c88bc973991bcf584537a33c2d129e89bba643bbefeecf");
    EXPECT_EQ(run.retirement->samples, 3u);
    EXPECT_EQ(run.retirement->first_time_unix_ns, kStartNs);
    EXPECT_EQ(run.retirement->last_time_unix_ns, kStartNs + 2'000'000);
    EXPECT_EQ(run.ledger.stored, 0u);
    EXPECT_EQ(run.ledger.retired, 3u);
    EXPECT_EQ(run.ledger.rejected.not_finite, 2u);
    const StreamRow left = store_->ListRunStreams("r", "a").value().at(0);
    EXPECT_EQ(left.next_seq, 1u);
    EXPECT_EQ(left.stored, 0u);
    EXPECT_EQ(left.retired, 3u);
    EXPECT_EQ(left.first_received_unix_ns, kStartNs + 5);
    EXPECT_EQ(left.last_received_unix_ns, kStartNs + 5);
    EXPECT_THAT(Due(), IsEmpty());
    EXPECT_EQ(store_->RetireRun("r", "a")->sha256, run.retirement->sha256) << "it stays as it is";
    EXPECT_THAT(Damages(), IsEmpty());
    Reopen();
  }
}

TEST_F(RetiredRunTest, SamplesAreRefusedAndTheirExtremesStay) {
  MakeRun("b");
  ASSERT_EQ(store_->Compact().value(), 4u);
  Fill("b", 4, 9);  // late, so that chunks of several kinds come together
  std::vector<Bucket> before;
  uint64_t samples = 0;
  for (uint32_t channel = 0; channel < kChannels; ++channel) {
    before.push_back(Whole("b", channel));
    samples += before.back().count;
  }
  const std::string digest = DigestOf("b");
  clock_.now += kKeep;
  const absl::StatusOr<Retirement> retired = store_->RetireRun("r", "b");
  ASSERT_TRUE(retired.ok()) << retired.status();
  EXPECT_EQ(retired->sha256, digest);
  EXPECT_EQ(retired->samples, samples);
  for (uint32_t channel = 0; channel < kChannels; ++channel) {
    ExpectSame(Whole("b", channel), before[channel]);
  }
  for (const absl::Status& refused :
       {store_->ReadSeries("r", "b", 0, {}).status(), store_->ReadRun("r", "b").status()}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_EQ(base::FieldErrorOf(refused)->field, "run");
    EXPECT_THAT(refused.ToString(),
                HasSubstr("run \"b\" of rig \"r\" = \"retired 2024-02-12T22:13:20+00:00\""));
    EXPECT_THAT(refused.ToString(), HasSubstr("digest"));
  }
  EXPECT_THAT(Damages(), IsEmpty());
}

TEST_F(RetiredRunTest, ADecimatedSeriesIsAnsweredAsFarAsItsCellsReach) {
  const int64_t stream = OpenStream("a", "p");
  for (uint64_t seq = 0; seq < 8; ++seq) {
    const int64_t start = kStartNs + static_cast<int64_t>(seq) * 5'000'000'000;
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 5000, start)).ok());
  }
  Close("a");
  const signal::Series series = Series("a", 2);
  clock_.now += kKeep;
  ASSERT_TRUE(store_->RetireRun("r", "a").ok());
  const absl::Status refused = store_->ReadBuckets("r", "a", 2, {}, 1000).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(base::FieldErrorOf(refused)->field, "buckets");
  // 40,000 samples in 40 s: the first cells that hold 256 ms or more are 268 ms wide.
  const int64_t cell = CellWidthNs(2);
  const int64_t cells =
      CellIndex(series.time_unix_ns.back(), 2) - CellIndex(series.time_unix_ns.front(), 2) + 1;
  EXPECT_EQ(base::FieldErrorOf(refused)->bound, absl::StrFormat("at most %d", cells));
  for (const size_t buckets : {static_cast<size_t>(cells), size_t{20}, size_t{7}, size_t{1}}) {
    const std::vector<Bucket> left = store_->ReadBuckets("r", "a", 2, {}, buckets).value();
    ASSERT_LE(left.size(), buckets);
    uint64_t count = 0;
    for (size_t i = 0; i < left.size(); ++i) {
      const int64_t begin = left[i].start_unix_ns;
      EXPECT_EQ(begin % cell, 0);
      const int64_t end = i + 1 < left.size() ? left[i + 1].start_unix_ns : INT64_MAX;
      Cell expected;
      for (size_t s = 0; s < series.value.size(); ++s) {
        const int64_t time = series.time_unix_ns[s];
        if (time >= begin && time < end) expected.Add(time, series.value[s]);
      }
      ASSERT_GT(expected.samples, 0u);
      ExpectSame(left[i], {begin, expected.samples, expected.minimum, expected.maximum,
                           expected.first, expected.last});
      count += left[i].count;
    }
    EXPECT_EQ(count, series.value.size());
  }
}

TEST(PlanCellBuckets, RoundsOutwardsToWholeCellsAndLeavesOutWhatIsEmpty) {
  const int64_t cell = CellWidthNs(3);
  const TimeRange extent{3 * cell + 5, 13 * cell + 7};
  const BucketPlan plan = PlanCellBuckets({}, 7, extent, 3).value();  // 11 cells
  EXPECT_EQ(plan.range.begin_unix_ns, 3 * cell);
  EXPECT_EQ(plan.range.end_unix_ns, 14 * cell);
  EXPECT_EQ(plan.width_ns, 2 * cell);
  EXPECT_EQ(plan.buckets, 6u);
  EXPECT_EQ(plan.level, 3);
  EXPECT_TRUE(plan.partial_cells.empty());
  EXPECT_EQ(PlanCellBuckets({}, 11, extent, 3)->buckets, 11u);
  EXPECT_TRUE(absl::IsFailedPrecondition(PlanCellBuckets({}, 12, extent, 3).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PlanCellBuckets({}, 0, extent, 3).status()));
  // Wide buckets read few coarse cells.
  EXPECT_GT(PlanCellBuckets({0, 100'000 * cell}, 10, extent, 3)->level, 3);
}

TEST_F(RetiredRunTest, NoStreamWritesToARetiredRun) {
  MakeRun("b");
  const int64_t stream = OpenStream("b", "p");
  clock_.now += kKeep;
  const uint64_t samples = store_->RetireRun("r", "b")->samples;
  const absl::Status opened = store_->OpenStream({"r", "b", "p", 1}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(opened)) << opened;
  EXPECT_EQ(base::FieldErrorOf(opened)->field, "hello.run");
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->OpenStream({"r", "b", "q", 1}).status()));
  // One that was open all the time: a batch that is new, and one that was stored.
  for (const uint64_t seq : {4, 0}) {
    const auto late = Append(*store_, stream, MakeBatch(seq, kChannels, 2, kStartNs));
    EXPECT_TRUE(absl::IsFailedPrecondition(late.status())) << late.status();
  }
  const LedgerCounts ledger = store_->GetRun("r", "b")->ledger;
  EXPECT_EQ(ledger.stored, 0u);
  EXPECT_EQ(ledger.retired, samples);
  EXPECT_EQ(ledger.refused.at(kStoreRefused), kChannels * 2 * 2);
  EXPECT_THAT(Damages(), IsEmpty());
}

TEST_F(RetiredRunTest, WhatIsWrongWithARetiredRunIsNamed) {
  MakeRun("b");
  clock_.now += kKeep;
  ASSERT_TRUE(store_->RetireRun("r", "b").ok());
  const struct {
    const char* sql;
    const char* back;
    const char* says;
  } kDamages[] = {
      {"UPDATE retirement SET samples = samples + 1", "UPDATE retirement SET samples = samples - 1",
       "its ledgers count"},
      {"UPDATE retired_channel SET level = level - 1",
       "UPDATE retired_channel SET level = level + 1", "its pyramid counts 0"},
      {"INSERT INTO seal VALUES(1, 0, x'', x'')", "DELETE FROM seal", "1 rows of its stream 1"},
  };
  for (const auto& damage : kDamages) {
    ASSERT_GT(Tamper(damage.sql), 0);
    EXPECT_THAT(Damages(), Contains(HasSubstr(damage.says)));
    ASSERT_GT(Tamper(damage.back), 0);
    EXPECT_THAT(Damages(), IsEmpty());
  }
}

}  // namespace
}  // namespace parallax::store
