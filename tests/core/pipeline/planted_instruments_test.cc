#include "tests/core/pipeline/planted_instruments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "tests/core/pipeline/planted_recipe.h"

namespace parallax::pipeline::testing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

double Misread(const PlantedFault& fault, const RunPlace& place, double time_s, uint64_t seed) {
  return Misreport(fault, place, time_s, 1000.0, 0.0, seed);
}

TEST(MisreportTest, AWalkBeginsAtNothingAndReachesItsSdInTheLastRun) {
  const PlantedFault walk{.channel = "x/y", .shape = FaultShape::kWander, .offset = 3.0};
  constexpr int kSeeds = 2000;
  double middle = 0.0, last = 0.0, both = 0.0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    EXPECT_EQ(Misread(walk, {0, 13}, 10.0, seed), 0.0);
    const double a = Misread(walk, {6, 13}, 10.0, seed), b = Misread(walk, {12, 13}, 10.0, seed);
    EXPECT_EQ(Misread(walk, {6, 13}, 900.0, seed), a);  // the same throughout a run
    middle += a * a / kSeeds;
    last += b * b / kSeeds;
    both += a * b / kSeeds;
  }
  // 6 steps of 12 lie before the middle, and stay: var 9/2, 9, covariance 9/2; each within 4 sds.
  EXPECT_NEAR(last, 9.0, 1.2);
  EXPECT_NEAR(middle, 4.5, 0.6);
  EXPECT_NEAR(both, 4.5, 0.7);
}

TEST(MisreportTest, AGainWandersAsAShareOfTheReading) {
  const PlantedFault walk{.channel = "x/y", .shape = FaultShape::kWander, .gain = 0.1};
  const double ten = Misreport(walk, {3, 12}, 0.0, 1000.0, 10.0, 5) - 10.0;
  EXPECT_NE(ten, 0.0);
  EXPECT_NEAR(Misreport(walk, {3, 12}, 0.0, 1000.0, 20.0, 5) - 20.0, 2.0 * ten, 1e-12);
}

TEST(MisreportTest, SpikesAreAsManyAsAskedForEitherWayAndOfTheirSize) {
  const PlantedFault spiky{
      .channel = "x/y", .shape = FaultShape::kSpikes, .offset = 5.0, .spike_share = 0.04};
  int up = 0, down = 0;
  for (int run = 0; run < 10; ++run) {
    for (int i = 0; i < 1000; ++i) {
      const double off = Misread(spiky, {run, 10}, 2.0 * i, 1);
      EXPECT_EQ(Misread(spiky, {run, 10}, 2.0 * i, 1), off);
      if (off == 0.0) continue;
      EXPECT_THAT(std::abs(off), AllOf(Ge(2.0), Le(10.0)));
      ++(off > 0.0 ? up : down);
    }
  }
  // Of 10,000 readings 200 each way, within 4 sds.
  EXPECT_NEAR(up, 200, 56);
  EXPECT_NEAR(down, 200, 56);
}

TEST(RecordRunTest, ALagTurnsAStepIntoAnExponentialOfItsChannelAlone) {
  constexpr double kStepAt_s = 100.0, kLag_s = 25.0;
  const signal::Rig rig = RigOf(Bench::kForest);
  const signal::Run run = DrawRuns(Bench::kForest, 1, 300.0, 1)[0];
  const PlantedFault lag{.channel = "pyro/pyro_t", .shape = FaultShape::kLag, .lag_s = kLag_s};
  const auto step = [](const signal::Channel&, double time_s) {
    return std::optional<double>(time_s < kStepAt_s ? 0.0 : 1.0);
  };
  const signal::RunRecord record = RecordRun(rig, run, {}, step, lag, {.vices = Vices::kNone}, 1);
  ASSERT_EQ(record.series.size(), signal::ListChannels(rig).size());
  for (const signal::Series& series : record.series) {
    for (size_t i = 0; i < series.value.size(); ++i) {
      const double time_s =
          1e-9 * static_cast<double>(series.time_unix_ns[i] - run.started_at_unix_ns);
      const double since_s = time_s - kStepAt_s;
      const bool late = series.channel == lag.channel;
      const double expected = since_s < 0.0 ? 0.0 : late ? 1.0 - std::exp(-since_s / kLag_s) : 1.0;
      ASSERT_NEAR(series.value[i], expected, 1e-9) << series.channel << " at " << time_s;
    }
  }
}

}  // namespace
}  // namespace parallax::pipeline::testing
