#include "core/pipeline/leads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace parallax::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Three parameters, each of which moves a channel of its own.
twin::Description Description() {
  twin::Description description;
  for (const char* name : {"k0", "Rc", "eps0"}) {
    twin::Parameter parameter;
    parameter.name = name;
    parameter.mechanism = std::string("way_of_") + name;
    description.parameters.push_back(parameter);
  }
  return description;
}

/// Residuals that a step of each parameter explains, by those prior sds and nothing else.
HeldOutResiduals Asking(double k0, double rc, double eps0) {
  HeldOutResiduals held_out{.whitened = Eigen::Vector3d(10.0 * k0, 10.0 * rc, 10.0 * eps0),
                            .jacobian = -10.0 * Eigen::Matrix3d::Identity(),
                            .mean_z2 = {{"pyro/pyro_t", 9.0}, {"laser/height", 1.0}}};
  return held_out;
}

TEST(LeadsTest, NamesWhatWasLeftAsAssumedByItsGain) {
  const Leads leads = FollowResiduals(Description(), Asking(0.0, -1.0, 2.0), {0});
  ASSERT_EQ(leads.parameters.size(), 2u);
  EXPECT_EQ(leads.parameters[0].parameter, "eps0");
  EXPECT_EQ(leads.parameters[0].mechanism, "way_of_eps0");
  EXPECT_NEAR(leads.parameters[0].step_sd, 2.0 * 100.0 / 101.0, 1e-9);
  EXPECT_NEAR(leads.parameters[0].nats, 0.5 * 200.0 * 200.0 / 101.0, 1e-9);
  EXPECT_EQ(leads.parameters[1].parameter, "Rc");
  EXPECT_LT(leads.parameters[1].step_sd, 0.0);
  EXPECT_NEAR(leads.refit_nats, 0.0, 1e-12);
  EXPECT_THAT(leads.says,
              ElementsAre(HasSubstr("largest in pyro/pyro_t: 3 times"),
                          HasSubstr("eps0 (way of eps0)"), HasSubstr("by -0.99 prior sds")));
}

TEST(LeadsTest, ValuesThatDoNotCarryOverAreSaidToBeSuch) {
  const Leads leads = FollowResiduals(Description(), Asking(1.0, 0.0, 0.0), {0, 2});
  EXPECT_GT(leads.refit_nats, 40.0);
  EXPECT_THAT(leads.parameters, IsEmpty());
  ASSERT_EQ(leads.says.size(), 2u);
  EXPECT_THAT(leads.says[1], HasSubstr("Other values of k0, eps0 would gain"));
}

TEST(LeadsTest, WhatNoAssumptionExplainsIsNotPinnedOnOne) {
  const Leads leads = FollowResiduals(Description(), Asking(0.1, 0.1, 0.1), {0});
  EXPECT_THAT(leads.parameters, IsEmpty());
  ASSERT_EQ(leads.says.size(), 2u);
  EXPECT_THAT(leads.says[1], HasSubstr("No assumption of the twin would gain 3 nats"));
}

TEST(LeadsTest, NothingIsAskedForWhereNothingIsLeft) {
  HeldOutResiduals held_out = Asking(0.1, 0.1, 0.1);
  held_out.mean_z2 = {{"pyro/pyro_t", 0.5}};
  const Leads leads = FollowResiduals(Description(), held_out, {0});
  ASSERT_EQ(leads.says.size(), 2u);
  EXPECT_THAT(leads.says[1], HasSubstr("not how far off readings are"));
}

}  // namespace
}  // namespace parallax::pipeline
