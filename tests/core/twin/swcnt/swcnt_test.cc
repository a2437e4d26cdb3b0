#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin {
namespace {

using swcnt::kDriveOutputs;
using testing::GrowthRecipe;

Prediction Predict(const Drive& drive, const Eigen::VectorXd& p,
                   const swcnt::SwcntOptions& options = {}) {
  Prediction prediction;
  EXPECT_TRUE(MakeSwcnt(options)->Predict(p, drive, &prediction, nullptr).ok());
  return prediction;
}
Prediction Predict(const Drive& drive) { return Predict(drive, testing::SwcntParameters()); }

TEST(Swcnt, DescribesItself) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const Description& d = twin->description();
  std::vector<std::string> names;
  for (const Parameter& p : d.parameters) {
    names.push_back(p.name);
    EXPECT_FALSE(p.unit.empty() || p.mechanism.empty() || p.best_signal.empty() ||
                 p.source.empty() || p.description.empty());
    EXPECT_GT(p.prior_sd, 0.0);
    // Three prior spreads lie within the bounds on either side, but where physics ends them.
    EXPECT_LE(p.lower, FromCoordinate(p, ToCoordinate(p, p.nominal) - 3.0 * p.prior_sd)) << p.name;
    if (p.name == "eps0") continue;
    EXPECT_GE(p.upper, FromCoordinate(p, ToCoordinate(p, p.nominal) + 3.0 * p.prior_sd)) << p.name;
  }
  EXPECT_THAT(names, ::testing::ElementsAre("k0", "nk", "Rc", "eps0", "h", "bTC", "dTax", "gF",
                                            "Pw_bg", "phi", "kg0", "vs0", "Es", "vd0", "Ed", "rc0",
                                            "rw0", "kenc0", "krip0", "HD", "dp0", "sigma_p", "Kr0",
                                            "Er", "dgamma", "eps_kink"));
  EXPECT_TRUE(PredictsRigKind(d, "stage") && PredictsRigKind(d, "hot_wall"));
  EXPECT_EQ(d.inputs.size(), static_cast<size_t>(swcnt::kDriveInputs));
  EXPECT_EQ(d.outputs.size(), static_cast<size_t>(kDriveOutputs));
  EXPECT_EQ(d.outcomes.size(), static_cast<size_t>(swcnt::kOutcomes));
  EXPECT_EQ(d.outcomes[swcnt::kOutcomeShares].channel_id, "share_5_4");
}

TEST(Swcnt, OutputsOfTheOtherKindOfRigAreAbsent) {
  const Prediction stage = Predict(testing::SteadyDrive(testing::StageRig(), {}));
  const Prediction tube = Predict(testing::SteadyDrive(testing::HotWallRig(), {}));
  for (Eigen::Index k = 0; k < kDriveOutputs; ++k) {
    const bool of_stage = k <= swcnt::kPyro;
    const bool of_zones = k >= swcnt::kZ1Tc && k <= swcnt::kZ3Duty;
    EXPECT_EQ(stage.outputs.col(k).allFinite(), !of_zones);
    EXPECT_EQ(tube.outputs.col(k).allFinite(), !of_stage);
    EXPECT_EQ(tube.outputs.col(k).array().isNaN().all(), of_stage);
  }
}

TEST(Swcnt, AStageAtRestStaysAtRestUnderItsController) {
  GrowthRecipe recipe;
  recipe.temperature_k = 870.0;
  const Prediction p = Predict(testing::RecipeDrive(testing::StageRig(), recipe));
  const Eigen::Index heated = 290;  // until feed comes and the forest changes emissivity
  EXPECT_NEAR((p.outputs.col(swcnt::kStageTc).head(heated).array() - 870.0).abs().maxCoeff(), 0.0,
              1e-4);
  const auto duty = p.outputs.col(swcnt::kHeaterDuty).head(heated);
  EXPECT_NEAR(duty.maxCoeff() - duty.minCoeff(), 0.0, 1e-5);
}

TEST(Swcnt, TheControllerHoldsTheBiasedReading) {
  for (double bias : {-8.0, 0.0, 8.0}) {
    const Prediction p = Predict(testing::RecipeDrive(testing::StageRig(), {}),
                                 testing::SwcntParameters({{"bTC", bias}}));
    const Eigen::Index row = 400;
    EXPECT_NEAR(p.outputs(row, swcnt::kStageTc), 1023.15, 0.5);
    EXPECT_NEAR(p.outputs(row, swcnt::kStageTc) - p.outputs(row, swcnt::kStageTc2), bias, 1e-9);
  }
}

TEST(Swcnt, TheControllerHoldsTheReadingThatDrifts) {
  signal::Rig rig = testing::StageRig();
  rig.geometry["tc_drift_k_per_h"] = 36.0;
  const Prediction p = Predict(testing::RecipeDrive(rig, {}));
  const Eigen::Index row = 400;  // 800 s
  EXPECT_NEAR(p.outputs(row, swcnt::kStageTc), 1023.15, 0.5);
  EXPECT_NEAR(p.outputs(row, swcnt::kStageTc) - p.outputs(row, swcnt::kStageTc2), 8.0, 1e-9);
}

TEST(Swcnt, MeasuredDriveReturnsTheReadingThatDroveIt) {
  const signal::Rig rig = testing::StageRig();
  signal::CleanRun run = testing::RunOf(rig, {});
  signal::CleanSeries tc;
  tc.channel = "furnace/stage_tc";
  for (int i = 0; i < 780; ++i) {
    tc.time_s.push_back(2.0 * i);
    tc.value_si.push_back(950.0 + 60.0 * std::sin(0.004 * i) + 0.05 * ((i * 37) % 7 - 3));
    tc.quality.push_back({});
  }
  tc.noise_sd_si = 0.1;
  run.series.push_back(tc);
  const absl::StatusOr<Drive> drive = MakeSwcnt()->Prepare(rig, run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  const Prediction p = Predict(*drive, testing::SwcntParameters({{"bTC", 5.0}}));
  EXPECT_EQ(p.mode, DriveMode::kMeasured);
  for (Eigen::Index i = 0; i < drive->time_s.size() && i < 780; ++i) {
    EXPECT_NEAR(p.outputs(i, swcnt::kStageTc), tc.value_si[static_cast<size_t>(i)], 0.4);
  }
}

/// A recorded run at rest: thermocouple at 900 K, and a water meter that reads `open_sccm` while
/// the recipe doses water and nothing but clipped noise before and after.
signal::CleanRun RecordedWater(const signal::Rig& rig, double noise_sccm, double open_sccm) {
  constexpr double kM3PerSccm = 1e-6 / 60.0;
  signal::CleanRun run = testing::RunOf(rig, {});
  signal::CleanSeries tc{.channel = "furnace/stage_tc", .noise_sd_si = 0.1};
  signal::CleanSeries water{.channel = "gas/h2o_flow", .noise_sd_si = noise_sccm * kM3PerSccm};
  base::Random random(5, 5);
  for (int i = 0; i < 780; ++i) {
    const double t = 2.0 * i;
    const double flow = t >= 900.0 && t < 1500.0 ? open_sccm : 0.0;
    tc.time_s.push_back(t);
    tc.value_si.push_back(900.0 + 0.1 * random.Normal());
    water.time_s.push_back(t);
    water.value_si.push_back(std::max(0.0, flow + noise_sccm * random.Normal()) * kM3PerSccm);
    tc.quality.push_back({});
    water.quality.push_back({});
  }
  run.series = {tc, water};
  return run;
}

TEST(Swcnt, AShutValvesMeterNoiseIsNoFlow) {
  const signal::Rig rig = testing::StageRig();
  const absl::StatusOr<Drive> drive =
      MakeSwcnt()->Prepare(rig, RecordedWater(rig, 0.006, 0.2), DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  const auto water = drive->inputs.col(swcnt::kWaterFlow);
  EXPECT_EQ(water.head(440).maxCoeff(), 0.0);
  // While it is open, what the meter reads counts, not the recipe's 0.14; smoothed over 20 s.
  const Eigen::ArrayXd open = water.segment(460, 280).array() / swcnt::kMolPerSPerSccm;
  EXPECT_NEAR(open.mean(), 0.2, 0.001);
  EXPECT_LT((open - open.mean()).abs().maxCoeff(), 0.008);
}

TEST(Swcnt, FlowsReachTheSubstrateAfterTheLinesDelay) {
  const Drive drive = testing::RecipeDrive(testing::StageRig(), {});
  EXPECT_EQ(drive.constants[swcnt::kFeedAt], 902.0);
  EXPECT_EQ(drive.inputs(450, swcnt::kFeedFlow), 0.0);
  EXPECT_NEAR(drive.inputs(451, swcnt::kFeedFlow), 150.0 * swcnt::kMolPerSPerSccm, 1e-8);
}

TEST(Swcnt, OnlyEarlyTemperatureDecidesChirality) {
  Drive early = testing::SteadyDrive(testing::StageRig(), testing::ChiralityRecipe(1050.0));
  Drive late = early;
  const Prediction base = Predict(early);
  for (Eigen::Index i = 0; i < early.time_s.size(); ++i) {
    const double since_s = early.time_s[i] - early.constants[swcnt::kFeedAt];
    if (since_s >= -10.0 && since_s < 40.0) early.inputs(i, swcnt::kStage) += 60.0;
    if (since_s > 110.0) late.inputs(i, swcnt::kStage) += 60.0;
  }
  const auto shares = [](const Prediction& p) {
    return p.outcome.segment(swcnt::kOutcomeShares, swcnt::kSemiconducting);
  };
  EXPECT_GT((shares(Predict(early)) - shares(base)).cwiseAbs().maxCoeff(), 0.01);
  EXPECT_EQ((shares(Predict(late)) - shares(base)).cwiseAbs().maxCoeff(), 0.0);
  EXPECT_NE(Predict(late).outcome[swcnt::kOutcomeHeight], base.outcome[swcnt::kOutcomeHeight]);
}

TEST(Swcnt, OptionsChangeWhatTheySay) {
  const Drive drive = testing::SteadyDrive(testing::StageRig(), {});
  const Eigen::VectorXd p = testing::SwcntParameters();
  const Prediction plain = Predict(drive, p);
  const Prediction limited = Predict(drive, p, {.mass_transfer = swcnt::MassTransfer::kDiffusion});
  const Prediction stopped = Predict(drive, p, {.termination_s = 100.0});
  const Prediction ding = Predict(drive, p, {.chirality = swcnt::ChiralityForm::kDing});
  const auto height = [](const Prediction& x) { return x.outcome[swcnt::kOutcomeHeight]; };
  EXPECT_LT(height(limited), height(plain));
  EXPECT_GT(height(limited), 0.9 * height(plain));  // small at an atmosphere
  const auto column = stopped.outputs.col(swcnt::kHeight);
  EXPECT_EQ(column[600], column[700]);
  EXPECT_LT(height(stopped), 0.5 * height(plain));
  EXPECT_GT((ding.outcome - plain.outcome).tail(2 * swcnt::kSemiconducting).cwiseAbs().maxCoeff(),
            0.01);
}

TEST(Swcnt, CarbonMonoxideGrowsOnlyBelowBoudouardsEquilibrium) {
  GrowthRecipe recipe;
  recipe.feed = "CO";
  const auto height = [&](double temperature_k) {
    recipe.temperature_k = temperature_k;
    return Predict(testing::SteadyDrive(testing::HotWallRig(), recipe))
        .outcome[swcnt::kOutcomeHeight];
  };
  EXPECT_GT(height(1000.0), 1e-5);
  EXPECT_LT(height(1300.0), 1e-2 * height(1000.0));
}

TEST(Swcnt, ARunWithoutFeedGrowsNothingAndHasNoDefects) {
  GrowthRecipe recipe;
  recipe.feed_sccm = 0.0;
  const Prediction p = Predict(testing::SteadyDrive(testing::StageRig(), recipe));
  EXPECT_EQ(p.outcome[swcnt::kOutcomeHeight], 0.0);
  EXPECT_TRUE(std::isnan(p.outcome[swcnt::kOutcomeDefects]));
}

TEST(Swcnt, AReusedPredictionIsTheSame) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const Drive stage = testing::RecipeDrive(testing::StageRig(), {});
  const Drive tube = testing::SteadyDrive(testing::HotWallRig(), {.grow_s = 900.0});
  const Eigen::VectorXd p = testing::SwcntParameters();
  Prediction once, reused;
  ASSERT_TRUE(twin->Predict(p, stage, &once, nullptr).ok());
  ASSERT_TRUE(twin->Predict(p, tube, &reused, nullptr).ok());
  ASSERT_TRUE(twin->Predict(p, stage, &reused, nullptr).ok());
  EXPECT_EQ(once.outputs.col(swcnt::kSurface), reused.outputs.col(swcnt::kSurface));
  EXPECT_EQ(once.outcome, reused.outcome);
}

}  // namespace
}  // namespace parallax::twin
