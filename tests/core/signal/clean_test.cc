#include "core/signal/clean.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/status_matchers.h"
#include "tests/support/synthetic_run.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::FindFinding;
using ::parallax::testing::StatusIs;
using ::parallax::testing::SyntheticRun;
using ::parallax::testing::TwoHeaterRig;

TEST(Clean, GivesSiValuesAndSecondsFromTheStart) {
  const RunRecord record = SyntheticRun(1);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
  ASSERT_EQ(clean.series.size(), 4u);
  const CleanSeries& t1 = *clean.Find("board/T1");
  EXPECT_EQ(&t1, clean.Find("T1"));
  EXPECT_EQ(clean.Find("1"), nullptr);
  EXPECT_EQ(clean.Find("T3"), nullptr);
  EXPECT_DOUBLE_EQ(t1.value_si[10], record.series[2].value[10] + 273.15);
  EXPECT_DOUBLE_EQ(t1.time_s[10], 10.0);
  EXPECT_DOUBLE_EQ(t1.noise_sd_si, 0.5);
  EXPECT_DOUBLE_EQ(t1.range_low_si, 233.15);
  EXPECT_DOUBLE_EQ(clean.Find("Q1")->value_si[150], 0.8);
}

TEST(Clean, KeepsEverySampleAndItsValue) {
  RunRecord record = SyntheticRun(2);
  record.series[2].value[50] = -12.9;
  record.series[2].value[51] = 300.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
  const CleanSeries& t1 = *clean.Find("T1");
  ASSERT_EQ(t1.value_si.size(), 600u);
  EXPECT_DOUBLE_EQ(t1.value_si[50], 260.25);
  EXPECT_EQ(t1.quality[50], (Quality{QualityLevel::kBad, QualityReason::kSpike}));
  EXPECT_EQ(t1.quality[51], (Quality{QualityLevel::kBad, QualityReason::kOutOfRange}));
  const SensorFinding* spike = FindFinding(clean, "board/T1", QualityReason::kSpike);
  ASSERT_NE(spike, nullptr);
  EXPECT_FALSE(spike->fault);
  EXPECT_LT(spike->magnitude, -30.0);
}

TEST(Clean, IsDeterministic) {
  RunRecord record = SyntheticRun(3);
  record.series[3].value[77] += 30.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun a, Clean(TwoHeaterRig(), record, {}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun b, Clean(TwoHeaterRig(), record, {}));
  ASSERT_EQ(a.findings.size(), b.findings.size());
  for (size_t i = 0; i < a.findings.size(); ++i) {
    EXPECT_EQ(a.findings[i].text, b.findings[i].text);
  }
  for (size_t k = 0; k < 4; ++k) EXPECT_EQ(a.series[k].quality, b.series[k].quality);
}

TEST(Clean, ChannelsThatWereNotRecordedAreLeftOut) {
  RunRecord record = SyntheticRun(4);
  record.series.erase(record.series.begin() + 1);
  record.series[2].value.clear();
  record.series[2].time_unix_ns.clear();
  record.series[2].quality.clear();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
  ASSERT_EQ(clean.series.size(), 2u);
  EXPECT_EQ(clean.Find("Q2"), nullptr);
  EXPECT_EQ(clean.Find("T2"), nullptr);
}

TEST(Clean, AnEmptyRecordingIsEmptyNotWrong) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), {}, {}));
  EXPECT_TRUE(clean.series.empty());
  EXPECT_TRUE(clean.findings.empty());
}

TEST(Clean, TakesSeriesOfOneTwoAndThreeSamples) {
  for (size_t count = 1; count <= 3; ++count) {
    RunRecord record = SyntheticRun(5);
    for (Series& series : record.series) {
      series.time_unix_ns.resize(count);
      series.value.resize(count);
      series.quality.resize(count);
    }
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
    EXPECT_EQ(clean.Find("T1")->value_si.size(), count);
  }
}

TEST(Clean, SurvivesOneStampForAllRows) {
  RunRecord record = SyntheticRun(6);
  for (Series& series : record.series) {
    for (int64_t& time_unix_ns : series.time_unix_ns) time_unix_ns = series.time_unix_ns[0];
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
  EXPECT_EQ(FindFinding(clean, "board/clock", QualityReason::kDuplicate)->samples, 4 * 599);
}

TEST(Clean, RefusesOptionsOutOfBounds) {
  const RunRecord record = SyntheticRun(1);
  const Rig rig = TwoHeaterRig();
  EXPECT_THAT(Clean(rig, record, {.hampel_half_window = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Clean(rig, record, {.hampel_threshold = 0.0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Clean(rig, record, {.spike_fault_share = 1.0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Clean(rig, record, {.clock_jump_s = std::nan("")}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Clean, RefusesASeriesOfNoChannelAndOneThatIsRagged) {
  RunRecord record = SyntheticRun(1);
  record.series[0].channel = "board/Q9";
  EXPECT_THAT(Clean(TwoHeaterRig(), record, {}), StatusIs(absl::StatusCode::kNotFound));
  record = SyntheticRun(1);
  record.series[0].value.pop_back();
  EXPECT_THAT(Clean(TwoHeaterRig(), record, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::signal
