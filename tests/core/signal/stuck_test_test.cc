#include "core/signal/stuck_test.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/signal/clean.h"
#include "tests/support/status_matchers.h"
#include "tests/support/synthetic_run.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::AnyFault;
using ::parallax::testing::FindFinding;
using ::parallax::testing::SyntheticRun;
using ::parallax::testing::TwoHeaterRig;
using ::testing::HasSubstr;

CleanRun CleanOf(const Rig& rig, const RunRecord& record) {
  absl::StatusOr<CleanRun> clean = Clean(rig, record, {});
  EXPECT_THAT(clean, ::parallax::testing::IsOk());
  return std::move(clean).value();
}

void Hold(Series* series, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) series->value[i] = series->value[begin];
}

TEST(StuckTest, NamesChannelSpanValueAndWhatMoved) {
  RunRecord record = SyntheticRun(1);
  Hold(&record.series[3], 150, 420);
  const CleanRun clean = CleanOf(TwoHeaterRig(), record);
  const SensorFinding* finding = FindFinding(clean, "board/T2", QualityReason::kStuck);
  ASSERT_NE(finding, nullptr);
  EXPECT_TRUE(finding->fault);
  EXPECT_EQ(finding->samples, 270);
  EXPECT_EQ(finding->begin_s, 150.0);
  EXPECT_EQ(finding->end_s, 419.0);
  EXPECT_THAT(finding->text, HasSubstr("270 equal values"));
  EXPECT_THAT(finding->text, HasSubstr("from 150 s to 419 s while board/Q1 moved by 70 %"));
  EXPECT_EQ(clean.Find("T2")->quality[200], (Quality{QualityLevel::kBad, QualityReason::kStuck}));
  EXPECT_EQ(clean.Find("T2")->quality[430], Quality{});
}

TEST(StuckTest, ASensorThatNeverMovesIsFound) {
  RunRecord record = SyntheticRun(2);
  Hold(&record.series[2], 0, 600);
  const CleanRun clean = CleanOf(TwoHeaterRig(), record);
  const SensorFinding* finding = FindFinding(clean, "board/T1", QualityReason::kStuck);
  ASSERT_NE(finding, nullptr);
  EXPECT_TRUE(finding->fault);
}

/// A board with a grid of 0.32 Cel and little noise repeats values for many samples.
TEST(StuckTest, CoarseQuantisationAtRestIsOrdinary) {
  Rig rig = TwoHeaterRig();
  rig.devices[0].channels[2].resolution = rig.devices[0].channels[3].resolution = 0.3226;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    RunRecord record = SyntheticRun(seed);
    for (size_t k = 2; k < 4; ++k) {
      for (double& value : record.series[k].value) value = 0.3226 * std::round(value / 0.3226);
    }
    const CleanRun clean = CleanOf(rig, record);
    for (const SensorFinding& finding : clean.findings) {
      EXPECT_FALSE(finding.fault) << "seed " << seed << ": " << finding.text;
    }
  }
}

TEST(StuckTest, ActuatorsMayStandStill) {
  RunRecord record = SyntheticRun(3);
  Hold(&record.series[1], 0, 600);
  EXPECT_FALSE(AnyFault(CleanOf(TwoHeaterRig(), record)));
}

TEST(StuckTest, NoFlowForHoursIsOrdinary) {
  Rig rig = TwoHeaterRig();
  rig.devices[0].channels[3] = {.id = "T2",
                                .unit = "mL/min",
                                .noise_sd = 0.2,
                                .resolution = 0.01,
                                .range_low = 0.0,
                                .range_high = 20.0};
  RunRecord record = SyntheticRun(4);
  for (double& value : record.series[3].value) value = 0.0;
  EXPECT_FALSE(AnyFault(CleanOf(rig, record)));
  for (double& value : record.series[3].value) value = 19.99;  // at full scale: clipped, not stuck
  EXPECT_FALSE(AnyFault(CleanOf(rig, record)));
  for (double& value : record.series[3].value) value = 9.0;
  EXPECT_TRUE(AnyFault(CleanOf(rig, record)));
}

}  // namespace
}  // namespace parallax::signal
