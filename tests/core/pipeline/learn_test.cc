#include "core/pipeline/learn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/random.h"
#include "core/pipeline/live_analyzer.h"
#include "core/pipeline/residual_fit.h"
#include "core/pipeline/residual_model.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/core/pipeline/planted_recipe.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Residuals `slope` x1 + noise of one sd over two features.
surrogate::Dataset Line(Eigen::Index runs, double slope, uint64_t seed) {
  base::Random random(seed, 0);
  surrogate::Dataset data{.feature_names = {"x1", "x2"},
                          .features = Eigen::MatrixXd(runs, 2),
                          .outcome_name = "height",
                          .outcomes = Eigen::VectorXd(runs)};
  for (Eigen::Index i = 0; i < runs; ++i) {
    data.features.row(i) << random.Normal(), random.Normal();
    data.outcomes(i) = slope * data.features(i, 0) + random.Normal();
  }
  return data;
}

TEST(CompareWithTwin, IsTheClosedForm) {
  const Eigen::Vector2d residuals(1.0, -3.0);
  const HeldOut held = CompareWithTwin(
      {{.mean = 0.0, .aleatoric_variance = 1.0}, {.mean = -1.0, .epistemic_variance = 1.0}},
      residuals, 2.0);
  EXPECT_DOUBLE_EQ(held.rmse, std::sqrt(2.5));
  EXPECT_DOUBLE_EQ(held.rmse_twin, std::sqrt(5.0));
  EXPECT_DOUBLE_EQ(held.coverage_90, 0.5);
  EXPECT_NEAR(held.log_density, -0.5 * std::log(2.0 * M_PI) - 0.25 * 5.0, 1e-12);
  EXPECT_NEAR(held.log_density_twin, -0.5 * std::log(8.0 * M_PI) - 0.25 * 10.0 / 4.0, 1e-12);
  // The two runs gain ln 2 - 3/8 and ln 2 - 7/8: the mean has a standard error of 1/4.
  EXPECT_NEAR(held.gain_score, (std::log(2.0) - 0.625) / 0.25, 1e-12);
}

TEST(FitResidual, ServesAPatternAndRefusesNoise) {
  const absl::StatusOr<ResidualFit> pattern = FitResidual(Line(24, 6.0, 1), 1.0, 0);
  ASSERT_TRUE(pattern.ok()) << pattern.status();
  EXPECT_THAT(Objections(*pattern, {}), IsEmpty());
  EXPECT_LT(pattern->left_out.rmse, 0.5 * pattern->left_out.rmse_twin);
  EXPECT_LE(pattern->effective_parameters, 8.0);
  int served = 0;
  for (uint64_t seed = 2; seed < 12; ++seed) {
    served += Objections(*FitResidual(Line(12, 0.0, seed), 1.0, 0), {}).empty() ? 1 : 0;
  }
  EXPECT_LE(served, 3);
}

TEST(FitResidual, FollowsFewRunsNoCloserThanTheyAllow) {
  for (const Eigen::Index runs : {12, 24}) {
    surrogate::Dataset smooth = Line(runs, 6.0, 1);
    smooth.outcomes = smooth.features.col(0).array().sin() * 6.0;
    const ResidualFit fit = *FitResidual(smooth, 0.1, 0);
    EXPECT_TRUE(fit.smoothed) << runs;
    EXPECT_LE(3.0 * fit.effective_parameters, static_cast<double>(runs));
    EXPECT_NEAR(3.0 * fit.effective_parameters, static_cast<double>(runs), 1e-6);
    EXPECT_THAT(Objections(fit, {}), IsEmpty()) << runs;
    EXPECT_GE(fit.left_out.coverage_90, 0.9);  // what it does not follow it takes for noise
  }
  EXPECT_FALSE(FitResidual(Line(40, 6.0, 1), 1.0, 0)->smoothed);
}

TEST(FitResidual, LockedRunsThatContradictRefuse) {
  const ResidualFit fit = *FitResidual(Line(24, 6.0, 1), 1.0, 0);
  const HeldOut worse{.runs = 4, .rmse = 3.0, .rmse_twin = 2.0};
  EXPECT_THAT(Objections(fit, worse).front(), HasSubstr("4 locked runs"));
  EXPECT_THAT(Objections(fit, {.runs = 2, .rmse = 3.0, .rmse_twin = 2.0}), IsEmpty());
}

TEST(FitResidual, IsANetworkFromFiftyRunsOn) {
  const ResidualFit process = *FitResidual(Line(49, 6.0, 1), 1.0, 0);
  EXPECT_TRUE(std::holds_alternative<surrogate::GaussianProcess>(process.model));
  const ResidualFit network = *FitResidual(Line(50, 6.0, 1), 1.0, 0);
  EXPECT_TRUE(std::holds_alternative<surrogate::Bnn>(network.model));
  EXPECT_LT(network.left_out.rmse, network.left_out.rmse_twin);
}

TEST(FitResidual, RefusesWhatCannotBeLearnt) {
  EXPECT_EQ(FitResidual(Line(7, 1.0, 1), 1.0, 0).status().code(),
            absl::StatusCode::kFailedPrecondition);
  surrogate::Dataset constant = Line(12, 1.0, 1);
  constant.outcomes.setConstant(2.0);
  EXPECT_THAT(std::string(FitResidual(constant, 1.0, 0).status().message()), HasSubstr("height"));
}

/// A rig whose forest cools as it grows: its twin does not know.
const testing::Campaign& Cooling() {
  static const auto* const campaign =
      new testing::Campaign(testing::Plant({.bench = testing::Bench::kForest,
                                            .seed = 5,
                                            .missing = testing::MissingMechanism::kCoolingForest,
                                            .calibrate_runs = 12,
                                            .validate_runs = 4,
                                            .grow_s = 300.0})
                                .value());
  return *campaign;
}

LearnInput InputOf(const testing::Campaign& campaign) {
  return {.rig = campaign.rig,
          .twin = testing::Nanotubes(),
          .set = campaign.base,
          .calibrate_runs = campaign.calibrate,
          .validate_runs = campaign.validate,
          .seed = 3};
}

TEST(LearnResidual, CardAndModelAreTheSameTwiceAndPredict) {
  const absl::StatusOr<LearnResult> one = LearnResidual(InputOf(Cooling()), testing::GoOn);
  ASSERT_TRUE(one.ok()) << one.status();
  const LearnResult two = *LearnResidual(InputOf(Cooling()), testing::GoOn);
  EXPECT_EQ(one->card_json, two.card_json);
  EXPECT_TRUE(one->model_bytes == two.model_bytes);

  const nlohmann::json card = nlohmann::json::parse(one->card_json);
  EXPECT_EQ(card.at("format"), "parallax.model/1");
  EXPECT_EQ(card.at("locked_set").at("queries"), 1);
  EXPECT_EQ(card.at("locked_set").at("runs").size(), 4u);
  const nlohmann::json& height = card.at("outcomes").back();
  EXPECT_EQ(height.at("outcome"), "height");
  EXPECT_EQ(height.at("runs").at("real"), 12);
  EXPECT_EQ(height.at("method"), "GAUSSIAN_PROCESS");

  const ResidualModel model = *ResidualModel::Decode(one->model_bytes);
  EXPECT_TRUE(model.Encode() == one->model_bytes);
  const RunForecast inside = *model.Predict(Cooling().rig, testing::Nanotubes(), Cooling().base,
                                            Cooling().calibrate[0].run);
  EXPECT_FALSE(inside.outside_domain) << inside.Because();
  EXPECT_THAT(inside.region, HasSubstr("stage_sp"));
  for (const OutcomeForecast& forecast : inside.outcomes) {
    EXPECT_GT(forecast.prediction.variance(), 0.0);
  }
  signal::Run far = Cooling().calibrate[0].run;
  for (signal::Segment& segment : far.recipe.segments) {
    for (auto& [channel, setpoint] : segment.setpoints) {
      if (channel == "h2o_sp") setpoint.value *= 20.0;
    }
  }
  const RunForecast outside =
      *model.Predict(Cooling().rig, testing::Nanotubes(), Cooling().base, far);
  EXPECT_TRUE(outside.outside_domain);
  EXPECT_TRUE(outside.PoorlyUnderstood());
  EXPECT_THAT(outside.Because(), HasSubstr("h2o_sp"));
}

TEST(LearnResidual, SaysWhatIsMissing) {
  const testing::Campaign& campaign = Cooling();
  const std::vector<signal::RunRecord> few(campaign.calibrate.begin(),
                                           campaign.calibrate.begin() + 5);
  const auto message = [](const LearnInput& input, absl::StatusCode code) {
    const absl::Status status = LearnResidual(input, testing::GoOn).status();
    EXPECT_EQ(status.code(), code) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(message({.rig = campaign.rig,
                       .twin = testing::Nanotubes(),
                       .set = campaign.base,
                       .calibrate_runs = few,
                       .validate_runs = campaign.validate},
                      absl::StatusCode::kFailedPrecondition),
              HasSubstr("measured in 5 runs, must be >= 8"));
  LearnInput unseen = InputOf(campaign);
  unseen.outcomes = {"share_9_8"};
  EXPECT_THAT(message(unseen, absl::StatusCode::kFailedPrecondition),
              HasSubstr("share_9_8: never measured"));
  unseen.outcomes = {"hight"};
  EXPECT_THAT(message(unseen, absl::StatusCode::kInvalidArgument), HasSubstr("hight"));
  LearnInput spent = InputOf(campaign);
  spent.locked_queries = kMostLockedQueries;
  EXPECT_THAT(message(spent, absl::StatusCode::kResourceExhausted), HasSubstr("20 times"));
}

TEST(LearnResidual, RefusesConstantOutcomesAndKnobsThatNeverTurned) {
  const testing::Campaign& campaign = Cooling();
  std::vector<signal::RunRecord> constant = campaign.calibrate, same = campaign.calibrate;
  for (signal::RunRecord& record : constant) {
    record.outcome->height_um = signal::Measurement{500.0, 5.0};
  }
  for (signal::RunRecord& record : same) record = same.front();
  LearnInput input{.rig = campaign.rig,
                   .twin = testing::Nanotubes(),
                   .set = campaign.base,
                   .calibrate_runs = constant,
                   .validate_runs = {},
                   .outcomes = {"height"}};
  EXPECT_THAT(std::string(LearnResidual(input, testing::GoOn).status().message()),
              HasSubstr("height: 0.0005 in all 12 runs"));
  for (size_t i = 0; i < same.size(); ++i) {
    same[i].outcome->height_um->value += static_cast<double>(i);
  }
  const LearnInput stuck{.rig = campaign.rig,
                         .twin = testing::Nanotubes(),
                         .set = campaign.base,
                         .calibrate_runs = same,
                         .validate_runs = {},
                         .outcomes = {"height"}};
  EXPECT_THAT(std::string(LearnResidual(stuck, testing::GoOn).status().message()),
              HasSubstr("never varied"));
}

TEST(ResidualModel, RefusesBytesThatAreNotItsOwn) {
  EXPECT_EQ(ResidualModel::Decode("").status().code(), absl::StatusCode::kDataLoss);
  std::string bytes = ResidualModel({}).Encode();
  EXPECT_TRUE(ResidualModel::Decode(bytes).ok());
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(ResidualModel::Decode(bytes.substr(0, cut)).ok()) << cut;
  }
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_THAT(std::string(ResidualModel::Decode(bytes).status().message()), HasSubstr("SHA-256"));
}

TEST(TakeRunForecast, AsksForDataWhereTheRecipeIsPoorlyUnderstood) {
  const testing::Campaign& campaign = Cooling();
  const LiveAnalyzer analyzer(campaign.rig, campaign.calibrate[0].run,
                              &testing::Nanotubes().description(), LiveOptions());
  LiveOutput out;
  analyzer.TakeRunForecast({.epistemic_share = 0.4}, &out);
  EXPECT_THAT(out.findings, IsEmpty());
  RunForecast outside{.outside_domain = true, .epistemic_share = 0.3, .knob = "h2o_sp"};
  outside.region = "stage_sp 1050 K";
  outside.outcomes.push_back({.outside = true, .because = "h2o_sp 9 is outside of 1 to 2"});
  analyzer.TakeRunForecast(outside, &out);
  analyzer.TakeRunForecast({.epistemic_share = 0.7, .least_known = "height"}, &out);
  ASSERT_EQ(out.findings.size(), 2u);
  const LiveFinding& first = out.findings[0];
  EXPECT_EQ(first.kind, LiveFindingKind::kPoorlyUnderstood);
  EXPECT_EQ(analyzer.channels()[first.channel_index].channel->id, "h2o_sp");
  EXPECT_EQ(first.time_unix_ns, campaign.calibrate[0].run.started_at_unix_ns);
  EXPECT_EQ(first.text,
            "physics poorly understood here: more data wanted; h2o_sp 9 is outside of 1 to 2; "
            "recipes like stage_sp 1050 K");
  EXPECT_THAT(out.findings[1].text, HasSubstr("70 % of the variance of height"));
  EXPECT_DOUBLE_EQ(out.findings[1].statistic, 0.7);
}

}  // namespace
}  // namespace parallax::pipeline
