#include "core/signal/clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/status_matchers.h"
#include "tests/support/synthetic_run.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::AnyFault;
using ::parallax::testing::FindFinding;
using ::parallax::testing::SyntheticRun;
using ::parallax::testing::TwoHeaterRig;

constexpr int64_t kSecondNs = 1'000'000'000;

CleanRun CleanOf(const RunRecord& record) {
  absl::StatusOr<CleanRun> clean = Clean(TwoHeaterRig(), record, {});
  EXPECT_THAT(clean, ::parallax::testing::IsOk());
  return std::move(clean).value();
}

void Shift(RunRecord* record, size_t from, double seconds) {
  for (Series& series : record->series) {
    for (size_t i = from; i < series.time_unix_ns.size(); ++i) {
      series.time_unix_ns[i] += static_cast<int64_t>(seconds * 1e9);
    }
  }
}

/// Moves the row at `from` so that it arrives as row `to`.
void Deliver(RunRecord* record, size_t from, size_t to) {
  for (Series& series : record->series) {
    const auto rotate = [from, to](auto& values) {
      const auto begin = values.begin();
      std::rotate(begin + from, begin + from + 1, begin + to + 1);
    };
    rotate(series.time_unix_ns);
    rotate(series.value);
  }
}

TEST(Clock, ACleanRecordingHasNothingToSay) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const CleanRun clean = CleanOf(SyntheticRun(seed));
    for (const SensorFinding& finding : clean.findings) EXPECT_FALSE(finding.fault) << finding.text;
    EXPECT_EQ(clean.Find("T1")->time_s[100], 100.0);
  }
}

class WholeOffsets : public ::testing::TestWithParam<double> {};

TEST_P(WholeOffsets, AreTakenBackAndAreAFaultOnlyBeyondAnyTimeZone) {
  RunRecord record = SyntheticRun(1);
  Shift(&record, 0, GetParam());
  const CleanRun clean = CleanOf(record);
  const SensorFinding* finding = FindFinding(clean, "board/clock", QualityReason::kClockJump);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->fault, std::abs(GetParam()) > 14.0 * 3600.0);
  EXPECT_NEAR(finding->magnitude, GetParam(), 1.0);
  EXPECT_NEAR(clean.Find("T1")->time_s[100], 100.0, 1.0);
  EXPECT_EQ(clean.Find("T1")->quality[100], Quality{});
}

INSTANTIATE_TEST_SUITE_P(Hours, WholeOffsets,
                         ::testing::Values(-86400.0, -43200.0, -25200.0, -1234.5, 2000.0, 3600.0,
                                           50400.0, 51300.0, 86400.0));

TEST(Clock, WithoutARecipeAnOffsetOfWholeHoursIsSeen) {
  RunRecord record = SyntheticRun(1);
  record.run.recipe = {};
  Shift(&record, 0, -25200.0);
  EXPECT_NEAR(CleanOf(record).Find("T1")->time_s[100], 100.0, 1e-9);
}

TEST(Clock, SecondsOfOffsetAreOrdinary) {
  RunRecord record = SyntheticRun(2);
  Shift(&record, 0, 1.7);
  const CleanRun clean = CleanOf(record);
  EXPECT_TRUE(clean.findings.empty());
  EXPECT_NEAR(clean.Find("T1")->time_s[0], 1.7, 1e-9);
}

TEST(Clock, AJumpIsTakenBackAndLeavesItsMark) {
  for (const double jump_s : {-45.0, -30.0, 30.0, 61.0}) {
    RunRecord record = SyntheticRun(3);
    Shift(&record, 250, jump_s);
    const CleanRun clean = CleanOf(record);
    const SensorFinding* finding = FindFinding(clean, "board/clock", QualityReason::kClockJump);
    ASSERT_NE(finding, nullptr) << jump_s;
    EXPECT_TRUE(finding->fault);
    EXPECT_NEAR(finding->magnitude, jump_s, 0.01);
    EXPECT_NEAR(finding->begin_s, 249.0, 0.01);
    const CleanSeries& t1 = *clean.Find("T1");
    EXPECT_NEAR(t1.time_s[300], 300.0, 0.01);
    EXPECT_EQ(t1.quality[249].level, QualityLevel::kGood);
    EXPECT_EQ(t1.quality[300], (Quality{QualityLevel::kUncertain, QualityReason::kClockJump}));
  }
}

TEST(Clock, AJumpIsSeenWhereOneChannelMissesCells) {
  RunRecord record = SyntheticRun(3);
  Shift(&record, 250, 30.0);
  Series& t1 = record.series[2];
  t1.time_unix_ns.erase(t1.time_unix_ns.begin() + 245, t1.time_unix_ns.begin() + 255);
  t1.value.erase(t1.value.begin() + 245, t1.value.begin() + 255);
  t1.quality.resize(t1.value.size());
  const CleanRun clean = CleanOf(record);
  ASSERT_TRUE(AnyFault(clean));
  EXPECT_NEAR(clean.Find("T1")->time_s[245], 255.0, 0.01);
}

TEST(Clock, ARowRepeatedIsADuplicate) {
  RunRecord record = SyntheticRun(4);
  for (Series& series : record.series) {
    series.time_unix_ns.insert(series.time_unix_ns.begin() + 51, series.time_unix_ns[50]);
    series.value.insert(series.value.begin() + 51, series.value[50]);
    series.quality.push_back({});
  }
  const CleanRun clean = CleanOf(record);
  EXPECT_FALSE(AnyFault(clean));
  EXPECT_EQ(clean.Find("T2")->quality[50], Quality{});
  EXPECT_EQ(clean.Find("T2")->quality[51],
            (Quality{QualityLevel::kBad, QualityReason::kDuplicate}));
  EXPECT_EQ(FindFinding(clean, "board/clock", QualityReason::kDuplicate)->samples, 4);
}

TEST(Clock, ALateRowIsPutInItsPlaceAndStaysGood) {
  RunRecord record = SyntheticRun(5);
  const CleanRun in_order = CleanOf(record);
  Deliver(&record, 300, 312);
  const CleanRun clean = CleanOf(record);
  EXPECT_FALSE(AnyFault(clean));
  EXPECT_EQ(clean.Find("T1")->value_si, in_order.Find("T1")->value_si);
  EXPECT_EQ(clean.Find("T1")->quality, in_order.Find("T1")->quality);
}

TEST(Clock, AStampBackAmongOtherRowsIsUncertain) {
  RunRecord record = SyntheticRun(6);
  for (Series& series : record.series) series.time_unix_ns[400] -= 20 * kSecondNs - 1000;
  const CleanRun clean = CleanOf(record);
  EXPECT_FALSE(AnyFault(clean));
  const CleanSeries& t1 = *clean.Find("T1");
  EXPECT_TRUE(std::is_sorted(t1.time_s.begin(), t1.time_s.end()));
  EXPECT_EQ(std::count(t1.quality.begin(), t1.quality.end(),
                       (Quality{QualityLevel::kUncertain, QualityReason::kBackwardClock})),
            1);
}

/// @param row  stamped `ahead_s` later than it was.
CleanRun CleanWithRowAhead(size_t row, double ahead_s) {
  RunRecord record = SyntheticRun(6);
  for (Series& series : record.series) {
    series.time_unix_ns[row] += static_cast<int64_t>(ahead_s * 1e9);
  }
  return CleanOf(record);
}

TEST(Clock, ALoneStampAheadOfAllRowsAfterItIsBadAndMovesNoOther) {
  const CleanRun in_order = CleanOf(SyntheticRun(6));
  for (const size_t row : {0, 1, 200, 590}) {
    for (const double ahead_s : {3.0 * 3600.0, 365.0 * 86400.0}) {
      const CleanRun clean = CleanWithRowAhead(row, ahead_s);
      EXPECT_FALSE(AnyFault(clean)) << row;
      const SensorFinding* finding = FindFinding(clean, "board/clock", QualityReason::kClockJump);
      ASSERT_NE(finding, nullptr) << row;
      EXPECT_EQ(finding->samples, 4);
      const CleanSeries& t1 = *clean.Find("T1");
      EXPECT_EQ(t1.quality.back(), (Quality{QualityLevel::kBad, QualityReason::kClockJump}));
      EXPECT_EQ(t1.time_s[598], 599.0);
      EXPECT_EQ(t1.value_si[598], in_order.Find("T1")->value_si[599]);
      EXPECT_NE(t1.quality[598].reason, QualityReason::kClockJump);
    }
  }
}

TEST(Clock, TwoStampsAheadAreBothBadAndTheLastRowIsNotJudged) {
  RunRecord record = SyntheticRun(6);
  record.run.recipe = {};
  for (Series& series : record.series) {
    series.time_unix_ns[100] += 7200 * kSecondNs;
    series.time_unix_ns[300] += 3600 * kSecondNs;
    series.time_unix_ns[599] += 60 * kSecondNs;
  }
  const CleanRun clean = CleanOf(record);
  const CleanSeries& t1 = *clean.Find("T1");
  EXPECT_EQ(t1.quality[599].reason, QualityReason::kClockJump);
  EXPECT_EQ(t1.quality[598].reason, QualityReason::kClockJump);
  EXPECT_EQ(t1.time_s[597], 659.0);
  EXPECT_NE(t1.quality[597].reason, QualityReason::kClockJump);
}

TEST(Clock, RowsFromBeforeTheRunAreStale) {
  RunRecord record = SyntheticRun(7);
  for (Series& series : record.series) {
    series.time_unix_ns.insert(series.time_unix_ns.begin(),
                               series.time_unix_ns[0] - 80 * kSecondNs);
    series.value.insert(series.value.begin(), series.value[0]);
    series.quality.push_back({});
  }
  const CleanRun clean = CleanOf(record);
  EXPECT_FALSE(AnyFault(clean));
  EXPECT_EQ(clean.Find("T1")->quality[0], (Quality{QualityLevel::kBad, QualityReason::kStale}));
  EXPECT_EQ(clean.Find("T1")->quality[1], Quality{});
}

TEST(Clock, AFirstReadingThatDoesNotBelongIsStale) {
  RunRecord record = SyntheticRun(8);
  record.series[3].value[0] += 6.0;
  const CleanRun clean = CleanOf(record);
  EXPECT_EQ(clean.Find("T1")->quality[0].reason, QualityReason::kStale);
  EXPECT_EQ(clean.Find("T2")->quality[0].reason, QualityReason::kStale);
  EXPECT_EQ(clean.Find("Q1")->quality[0], Quality{});
  EXPECT_EQ(clean.Find("T2")->quality[1], Quality{});
}

TEST(Clock, ARecordingThatStopsAndGoesOnOnTimeHasNotJumped) {
  RunRecord record = SyntheticRun(9);
  for (Series& series : record.series) {
    series.time_unix_ns.erase(series.time_unix_ns.begin() + 120, series.time_unix_ns.begin() + 260);
    series.value.erase(series.value.begin() + 120, series.value.begin() + 260);
    series.quality.resize(series.value.size());
  }
  EXPECT_FALSE(AnyFault(CleanOf(record)));
}

}  // namespace
}  // namespace parallax::signal
