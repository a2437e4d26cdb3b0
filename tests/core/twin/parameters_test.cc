#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

using ::testing::HasSubstr;

TEST(Parameters, AssumptionsReplaceNominalValuesByName) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const absl::StatusOr<Eigen::VectorXd> values =
      ParametersFromAssumptions(twin->description(), {{"tau", 20.0}, {"U", 4.5}});
  ASSERT_TRUE(values.ok());
  EXPECT_EQ(*values, (Eigen::VectorXd(7) << 4.5, 15.45, 0.01, 0.0075, 20.0, 0.9, 0.0).finished());
}

TEST(Parameters, AnUnknownAssumptionIsAnsweredWithTheNearestName) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const absl::Status status =
      ParametersFromAssumptions(twin->description(), {{"alpha_1", 0.01}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no parameter \"alpha_1\""));
  EXPECT_THAT(std::string(status.message()), HasSubstr("did you mean \"alpha1\"?"));
}

TEST(Parameters, AnAssumptionThatResemblesNothingIsAnsweredWithAllNames) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const absl::Status status =
      ParametersFromAssumptions(twin->description(), {{"windspeed", 1.0}}).status();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("known: eta, C, G, G_gas, eps, A, pyrometer_bias"));
}

TEST(Parameters, AnAssumptionOutOfBoundsIsRefusedWithValueAndBounds) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const absl::Status status =
      ParametersFromAssumptions(twin->description(), {{"eps", 1.5}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("eps = 1.5 1, must be in [0, 1]"));
}

TEST(Parameters, EveryDescriptionIsSound) {
  const Registry registry = BuiltInTwins();
  for (const Twin* twin : registry.List()) {
    const Description& d = twin->description();
    for (size_t i = 0; i < d.parameters.size(); ++i) {
      const Parameter& p = d.parameters[i];
      EXPECT_EQ(ParameterIndex(d, p.name), static_cast<int>(i));
      EXPECT_LT(p.lower, p.nominal + 1e-12) << p.name;
      EXPECT_LT(p.nominal, p.upper) << p.name;
      EXPECT_GT(p.prior_sd, 0.0) << p.name;
      EXPECT_EQ(p.scope == Scope::kRun, p.run_sd > 0.0) << p.name;
      EXPECT_FALSE(p.mechanism.empty() || p.source.empty() || p.description.empty()) << p.name;
      EXPECT_TRUE(p.transform != Transform::kLog || p.lower > 0.0) << p.name;
    }
    EXPECT_EQ(ParameterIndex(d, "none"), -1);
  }
}

TEST(Parameters, TheCouplingOfTheFurnaceIsPerRunAndMayStep) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const Parameter& eta = twin->description().parameters[0];
  EXPECT_EQ(eta.name, "eta");
  EXPECT_EQ(eta.scope, Scope::kRun);
  EXPECT_EQ(eta.step_input, twin->description().inputs[kCouplingRatio].channel_id);
}

TEST(Parameters, TheDigestChangesWithVersionAndEveryParameterField) {
  const Description base = MakeTwoHeater()->description();
  const std::string digest = Digest(base);
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(digest, Digest(MakeTwoHeater()->description()));
  std::vector<Description> changed(7, base);
  changed[0].version = "0";
  changed[1].name = "three_heater";
  changed[2].parameters[0].nominal = 10.0 + 1e-14;
  changed[3].parameters[1].prior_sd = 0.41;
  changed[4].parameters[2].upper = 0.2;
  changed[5].parameters[3].transform = Transform::kIdentity;
  changed[6].parameters.pop_back();
  for (const Description& other : changed) EXPECT_NE(Digest(other), digest);
}

}  // namespace
}  // namespace parallax::twin
