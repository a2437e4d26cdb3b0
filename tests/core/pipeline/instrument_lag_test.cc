#include "core/pipeline/instrument_lag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/pipeline/campaign_sensors.h"
#include "core/pipeline/observations.h"
#include "tests/core/pipeline/campaign_fixture.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::FaultShape;
using ::testing::IsEmpty;
using testing::PlantedCampaign;
using testing::PlantedFault;
using testing::SmallCampaign;
using ::testing::StartsWith;

/// 900 s at 870, a ramp of 1 a second from 100 s to 250 s.
Eigen::VectorXd Grid() { return Eigen::VectorXd::LinSpaced(451, 0.0, 900.0); }
double RampAt(double t) { return 870.0 + std::min(150.0, std::max(0.0, t - 100.0)); }
/// Behind a lag, in closed form.
double LaggedRampAt(double t, double lag_s) {
  const auto from = [&](double begin_s) {
    const double since_s = t - begin_s;
    return since_s <= 0.0 ? 0.0 : since_s - lag_s * (1.0 - std::exp(-since_s / lag_s));
  };
  return 870.0 + from(100.0) - from(250.0);
}
Eigen::VectorXd RampOn(const Eigen::VectorXd& grid_s) { return grid_s.unaryExpr(&RampAt); }

TEST(LaggedTest, OfARampIsItsClosedForm) {
  const Eigen::VectorXd grid_s = Grid();
  const Eigen::VectorXd lagged = Lagged(grid_s, RampOn(grid_s), 30.0);
  for (Eigen::Index i = 0; i < grid_s.size(); ++i) {
    EXPECT_NEAR(lagged(i), LaggedRampAt(grid_s(i), 30.0), 1e-9);
  }
}

TEST(LaggedTest, WithoutALagIsTheCourseItself) {
  EXPECT_EQ(Lagged(Grid(), RampOn(Grid()), 0.0), RampOn(Grid()));
}

struct LagAndShift {
  double lag_s, shift_s;
};
class LagsAndShifts : public ::testing::TestWithParam<LagAndShift> {};
INSTANTIATE_TEST_SUITE_P(Fixed, LagsAndShifts,
                         ::testing::Values(LagAndShift{0.0, 0.0}, LagAndShift{0.0, 30.0},
                                           LagAndShift{0.0, -30.0}, LagAndShift{15.0, 0.0},
                                           LagAndShift{30.0, 0.0}, LagAndShift{60.0, 0.0},
                                           LagAndShift{30.0, 20.0}, LagAndShift{30.0, -20.0}));

TEST_P(LagsAndShifts, AreToldApart) {
  const auto [lag_s, shift_s] = GetParam();
  base::Random random(7, 1);
  const Eigen::VectorXd time_s = Eigen::VectorXd::LinSpaced(300, 0.0, 598.0);
  Eigen::VectorXd value(time_s.size());
  for (Eigen::Index i = 0; i < time_s.size(); ++i) {
    const double t = time_s(i) - shift_s;
    // A level and a gain of its own are no lag.
    value(i) = 5.0 + 0.9 * (lag_s > 0.0 ? LaggedRampAt(t, lag_s) : RampAt(t)) + random.Normal();
  }
  const InstrumentLag lag = EstimateLag(time_s, value, Grid(), RampOn(Grid()));
  EXPECT_LT(lag.sd_s, 5.0);
  EXPECT_NEAR(lag.lag_s, lag_s, 3.0 * lag.sd_s + 0.5);
  EXPECT_NEAR(lag.lag_s + lag.offset_s, lag_s + shift_s, 1.5);
}

TEST(EstimateLagTest, WhereNothingChangesNothingIsTold) {
  base::Random random(7, 2);
  const Eigen::VectorXd time_s = Eigen::VectorXd::LinSpaced(300, 0.0, 598.0);
  const Eigen::VectorXd value = time_s.unaryExpr([&](double) { return random.Normal(); });
  const Eigen::VectorXd flat = Eigen::VectorXd::Constant(Grid().size(), 900.0);
  EXPECT_TRUE(std::isinf(EstimateLag(time_s, value, Grid(), flat).sd_s));
}

std::vector<attribution::SensorEvidence> FaultsOf(Bench bench, const PlantedFault& fault) {
  PlantedCampaign what = SmallCampaign(bench, 11);
  what.calibrate_runs = 6;
  what.fault = fault;
  return FaultsWithoutTwin(testing::RowsOfRuns(testing::Plant(what).value()));
}

class PlantedLags : public ::testing::TestWithParam<std::tuple<const char*, double>> {};
INSTANTIATE_TEST_SUITE_P(Fixed, PlantedLags,
                         ::testing::Combine(::testing::Values("pyro/pyro_t", "furnace/stage_tc2",
                                                              "rga/p_h2o", "rga/p_c2h2"),
                                            ::testing::Values(15.0, 30.0, 60.0)));

TEST_P(PlantedLags, AreNamedAndNothingElseIs) {
  const auto [channel, lag_s] = GetParam();
  const auto faults =
      FaultsOf(Bench::kForest, {.channel = channel, .shape = FaultShape::kLag, .lag_s = lag_s});
  for (const auto& fault : faults) EXPECT_EQ(fault.channel, channel) << fault.fault;
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(faults[0].fault, StartsWith("lag"));
  EXPECT_GE(faults[0].probability, 0.9);
}

TEST(LagFaultsTest, AClockThatIsOffIsNoLag) {
  for (const char* channel : {"pyro/pyro_t", "rga/p_h2o"}) {
    const auto faults = FaultsOf(Bench::kForest, {.channel = channel, .shape = FaultShape::kClock});
    ASSERT_FALSE(faults.empty());
    for (const auto& fault : faults) {
      EXPECT_TRUE(fault.channel.ends_with("/clock")) << fault.channel << " " << fault.fault;
    }
  }
}

TEST(LagFaultsTest, OfFewSecondsAccuseNobodyAndOfManyDo) {
  const auto probability = [](double lag_s) {
    return LagFaults({{{.channel = "pyro/pyro_t", .lag_s = lag_s, .sd_s = 1.0}},
                      {{.channel = "pyro/pyro_t", .lag_s = lag_s, .sd_s = 1.0}}})[0]
        .probability;
  };
  EXPECT_LT(probability(0.0), 0.01);
  EXPECT_LT(probability(4.0), 0.05);
  EXPECT_GT(probability(20.0), 0.99);
}

TEST(LagFaultsTest, WithoutRunsThereAreNone) { EXPECT_THAT(LagFaults({{}, {}}), IsEmpty()); }

}  // namespace
}  // namespace parallax::pipeline
