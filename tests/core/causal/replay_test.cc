#include "core/causal/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "core/base/random.h"
#include "tests/core/causal/linear_twin.h"

namespace parallax::causal {
namespace {

using testing::AskY;
using testing::Coefficients;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::LinearTwin;
using testing::Values;

constexpr double kTolerance = 1e-12;

TEST(Do, ReplacesOnlyWhatIsAssigned) {
  const LinearTwin twin;
  EXPECT_EQ(Do(twin.description(), Values(1.0, 2.0), {{"q", 5.0}}).value(), Values(1.0, 5.0));
  EXPECT_EQ(Do(twin.description(), Values(1.0, 2.0), {}).value(), Values(1.0, 2.0));
}

TEST(Do, RefusesUnknownAndRepeatedParametersAndAWrongSize) {
  const LinearTwin twin;
  const twin::Description& d = twin.description();
  EXPECT_THAT(Do(d, Values(1.0), {{"r", 5.0}}).status().ToString(), HasSubstr("no parameter r"));
  EXPECT_THAT(Do(d, Values(1.0), {{"q", 5.0}, {"q", 6.0}}).status().ToString(),
              HasSubstr("parameter q is assigned twice"));
  EXPECT_THAT(Do(d, Eigen::VectorXd::Zero(3), {}).status().ToString(),
              HasSubstr("parameters: 3, must be 2"));
}

TEST(ReplayMechanisms, OneAloneAndLeftOut) {
  const LinearTwin twin;
  const WorldFigure figure = [](const Eigen::VectorXd& v) -> absl::StatusOr<double> {
    return 10.0 * v[0] + v[1] + v[0] * v[1];
  };
  const MechanismReplays replays =
      ReplayMechanisms(twin.description(), Values(1.0, 1.0), Values(2.0, 3.0), figure).value();
  EXPECT_EQ(replays.assumed, 12.0);
  EXPECT_EQ(replays.calibrated, 29.0);
  ASSERT_EQ(replays.mechanisms.size(), 2u);
  EXPECT_EQ(replays.mechanisms[0].mechanism, "push");
  EXPECT_THAT(replays.mechanisms[0].parameters, ElementsAre("p"));
  EXPECT_EQ(replays.mechanisms[0].alone, 23.0);
  EXPECT_EQ(replays.mechanisms[0].without, 16.0);
  EXPECT_EQ(replays.mechanisms[1].alone, 16.0);
  EXPECT_EQ(replays.mechanisms[1].without, 23.0);
}

TEST(ReplayMechanisms, LeavesOutWhatDidNotChangeAndPassesErrorsOn) {
  const LinearTwin twin;
  const twin::Description& d = twin.description();
  const WorldFigure figure = [](const Eigen::VectorXd& v) -> absl::StatusOr<double> {
    if (v[1] > 2.0) return absl::InternalError("broke");
    return v[1];
  };
  EXPECT_EQ(ReplayMechanisms(d, Values(1.0), Values(1.0, 1.0), figure)->mechanisms.size(), 1u);
  EXPECT_THAT(ReplayMechanisms(d, Values(1.0), Values(1.0, 3.0), figure).status().ToString(),
              HasSubstr("broke"));
  EXPECT_THAT(
      ReplayMechanisms(d, Values(1.0), Eigen::VectorXd::Zero(1), figure).status().ToString(),
      HasSubstr("parameters: 1, must be 2"));
}

TEST(ReplayMechanisms, AsksForNoWorldTwice) {
  const LinearTwin twin;
  int asked = 0;
  const WorldFigure figure = [&asked](const Eigen::VectorXd& v) -> absl::StatusOr<double> {
    ++asked;
    return v.sum();
  };
  ASSERT_TRUE(
      ReplayMechanisms(twin.description(), Values(1.0, 1.0), Values(2.0, 3.0), figure).ok());
  EXPECT_EQ(asked, 4);
  asked = 0;
  // Of one mechanism alone is everything, and without it is nothing.
  const MechanismReplays one =
      ReplayMechanisms(twin.description(), Values(1.0, 1.0), Values(1.0, 3.0), figure).value();
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(one.mechanisms.at(0).alone, one.calibrated);
  EXPECT_EQ(one.mechanisms.at(0).without, one.assumed);
}

class LinearAtSeed : public ::testing::TestWithParam<uint64_t> {
 protected:
  LinearAtSeed() {
    base::Random random(GetParam(), 5);
    for (double* value : {&c_.alpha, &c_.beta, &c_.delta, &c_.c0, &c_.c1, &c_.c2, &from_, &to_}) {
      *value = random.Normal();
    }
    kappa_ = random.Normal();
  }
  Coefficients c_;
  double from_ = 0.0, to_ = 0.0, kappa_ = 0.0;
  const twin::Drive drive_ = LinearTwin::Drive(3);
};

TEST_P(LinearAtSeed, NaturalEffectsAreTheProductsOfCoefficients) {
  const LinearTwin twin(c_);
  const Worlds worlds{twin, drive_, Values(from_), Values(to_)};
  const double step = to_ - from_;
  const NaturalEffects all = DivideAtMediators(worlds, {"m1@y", "m2@y"}, AskY()).value();
  EXPECT_NEAR(all.direct, c_.c0 * step, kTolerance);
  EXPECT_NEAR(all.indirect, (c_.c1 * c_.alpha + c_.c2 * (c_.beta * c_.alpha + c_.delta)) * step,
              kTolerance);
  EXPECT_NEAR(all.interaction, 0.0, kTolerance);
  EXPECT_NEAR(all.total, all.after - all.before, kTolerance);
  const NaturalEffects chain = DivideAtMediators(worlds, {"m1@m2"}, AskY()).value();
  EXPECT_NEAR(chain.indirect, c_.c2 * c_.beta * c_.alpha * step, kTolerance);
}

TEST_P(LinearAtSeed, EachMediatorCarriesTheProductsAlongIt) {
  const LinearTwin twin(c_);
  const Worlds worlds{twin, drive_, Values(from_), Values(to_)};
  const MediatedEffect effect = DivideAtEach(LinearTwin::MakeGraph(), worlds, AskY()).value();
  const double into_m2 = c_.beta * c_.alpha + c_.delta;
  const double slope = c_.c0 + c_.c1 * c_.alpha + c_.c2 * into_m2;
  EXPECT_NEAR(effect.total, slope * (to_ - from_), kTolerance);
  // Shares of a total that nearly cancels are large: they are held against it.
  const std::map<std::string, double> carried = {
      {"m1@m2", c_.c2 * c_.beta * c_.alpha}, {"m1@y", c_.c1 * c_.alpha}, {"m2@y", c_.c2 * into_m2}};
  std::vector<std::string> order;
  for (const MediatorShare& mediator : effect.mediators) {
    order.push_back(mediator.name);
    EXPECT_NEAR(mediator.through * slope, carried.at(mediator.name), 1e-9);
    EXPECT_NEAR(mediator.left * slope, slope - carried.at(mediator.name), 1e-9);
  }
  EXPECT_THAT(order, ElementsAre("m1@m2", "m1@y", "m2@y"));
}

TEST_P(LinearAtSeed, InteractionOfAProductHasItsClosedForm) {
  c_.kappa = kappa_;
  const LinearTwin twin(c_);
  const Worlds worlds{twin, drive_, Values(from_), Values(to_)};
  // m1 = a p and m2 = b p at y: holding m1 leaves kappa (a from) (b to), holding m2 the other.
  const double a = c_.alpha, b = c_.beta * c_.alpha + c_.delta;
  const NaturalEffects effects = DivideAtMediators(worlds, {"m1@y"}, AskY()).value();
  const double product = kappa_ * a * b;
  EXPECT_NEAR(effects.indirect, (c_.c1 * a + product * from_) * (to_ - from_), kTolerance);
  EXPECT_NEAR(effects.direct, (c_.c0 + c_.c2 * b + product * from_) * (to_ - from_), kTolerance);
  EXPECT_NEAR(effects.interaction, product * (to_ - from_) * (to_ - from_), kTolerance);
}

TEST_P(LinearAtSeed, RoutesAreTheProductsAlongThemAndSumToTheTotal) {
  const LinearTwin twin(c_);
  const Worlds worlds{twin, drive_, Values(from_), Values(to_)};
  const RouteEffects effects = DivideAmongRoutes(LinearTwin::MakeGraph(), worlds, AskY()).value();
  const double step = to_ - from_;
  std::map<std::vector<std::string>, double> expected = {
      {{}, c_.c0 * step},
      {{"m1@y"}, c_.c1 * c_.alpha * step},
      {{"m2@y"}, c_.c2 * c_.delta * step},
      {{"m1@m2", "m2@y"}, c_.c2 * c_.beta * c_.alpha * step}};
  ASSERT_EQ(effects.routes.size(), expected.size());
  double last = std::numeric_limits<double>::infinity();
  for (const Route& route : effects.routes) {
    std::vector<std::string> names;
    for (const MediatorChange& m : route.mediators) names.push_back(m.name);
    ASSERT_EQ(expected.count(names), 1u);
    EXPECT_NEAR(route.effect, expected[names], kTolerance);
    EXPECT_EQ(route.paths, 1);
    EXPECT_LE(std::abs(route.effect), last);  // largest first
    last = std::abs(route.effect);
  }
  EXPECT_NEAR(effects.sum, effects.total, kTolerance);
  EXPECT_NEAR(effects.interaction, 0.0, kTolerance);
}

TEST_P(LinearAtSeed, TheRemainderOfRoutesIsTheInteraction) {
  c_.kappa = kappa_;
  const LinearTwin twin(c_);
  const Worlds worlds{twin, drive_, Values(from_), Values(to_)};
  const RouteEffects effects = DivideAmongRoutes(LinearTwin::MakeGraph(), worlds, AskY()).value();
  const double a = c_.alpha, b = c_.beta * c_.alpha + c_.delta;
  EXPECT_NEAR(effects.interaction, kappa_ * a * b * (to_ - from_) * (to_ - from_), kTolerance);
  EXPECT_NEAR(effects.sum + effects.interaction, effects.total, kTolerance);
}
INSTANTIATE_TEST_SUITE_P(Seeds, LinearAtSeed, ::testing::Range(uint64_t{0}, uint64_t{20}));

TEST(DivideAtEach, OnlyWhatIsOnTheWayIsHeldAndNothingHasNoShares) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(3);
  const Graph graph = LinearTwin::MakeGraph();
  const MediatedEffect offset =
      DivideAtEach(graph, {twin, drive, Values(1.0), Values(1.0, 4.0)}, AskY()).value();
  EXPECT_NEAR(offset.total, 4.0, kTolerance);
  EXPECT_TRUE(offset.mediators.empty());
  // y = p + q: what the push adds the offset takes.
  const LinearTwin plain({.alpha = 1.0, .beta = 0.0, .delta = 0.0, .c0 = 0.0, .c1 = 1.0, .c2 = 0});
  const MediatedEffect none =
      DivideAtEach(graph, {plain, drive, Values(1.0), Values(3.0, -2.0)}, AskY()).value();
  EXPECT_EQ(none.total, 0.0);
  EXPECT_TRUE(none.mediators.empty());
  EXPECT_THAT(
      DivideAtEach(graph, {twin, drive, Values(1.0), Values(1.0)}, AskY()).status().ToString(),
      HasSubstr("are the same"));
}

TEST(DivideAmongRoutes, TellsWhatItsMediatorsDidAlongTheRouteAlone) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(3);
  const RouteEffects effects =
      DivideAmongRoutes(LinearTwin::MakeGraph(), {twin, drive, Values(1.0), Values(2.0)}, AskY())
          .value();
  for (const Route& route : effects.routes) {
    if (route.mediators.size() != 2) continue;
    EXPECT_EQ(route.mediators[0].label, "first mediator at the second");
    EXPECT_NEAR(route.mediators[0].before, 2.0, kTolerance);
    EXPECT_NEAR(route.mediators[0].after, 4.0, kTolerance);
    EXPECT_NEAR(route.mediators[1].before, -5.5, kTolerance);
    EXPECT_NEAR(route.mediators[1].after, -11.5, kTolerance);  // not -11: the push does not come
    return;
  }
  FAIL() << "no route of two mediators";
}

TEST(DivideAmongRoutes, AnOffsetHasOneRoutePastEveryMediator) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(3);
  const RouteEffects effects =
      DivideAmongRoutes(LinearTwin::MakeGraph(), {twin, drive, Values(1.0), Values(1.0, 4.0)},
                        AskY())
          .value();
  ASSERT_EQ(effects.routes.size(), 1u);
  EXPECT_TRUE(effects.routes[0].mediators.empty());
  EXPECT_NEAR(effects.routes[0].effect, 4.0, kTolerance);
}

TEST(DivideAmongRoutes, CallsAreNamedBeforeAfterAndAlongEachRoute) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(3);
  Question question = AskY();
  question.call = [](const twin::Prediction& p) { return p.outcome[0] > 2.0 ? "high" : "low"; };
  const RouteEffects effects =
      DivideAmongRoutes(LinearTwin::MakeGraph(), {twin, drive, Values(0.0), Values(1.0)}, question)
          .value();
  EXPECT_EQ(effects.call_before, "low");
  EXPECT_EQ(effects.call_after, "high");  // 0.7 + 3 - 1.5 + 0.125
  EXPECT_EQ(effects.routes.front().call, "high");
  EXPECT_EQ(effects.routes.back().call, "low");
}

TEST(DivideAmongRoutes, RefusesEqualWorldsUnknownNodesAndTwinsThatCannotHold) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(3);
  const Graph graph = LinearTwin::MakeGraph();
  EXPECT_THAT(
      DivideAmongRoutes(graph, {twin, drive, Values(1.0), Values(1.0)}, AskY()).status().ToString(),
      HasSubstr("are the same"));
  Question elsewhere = AskY();
  elsewhere.node = "z";
  const Worlds worlds{twin, drive, Values(1.0), Values(2.0)};
  EXPECT_THAT(DivideAmongRoutes(graph, worlds, elsewhere).status().ToString(),
              HasSubstr("no node z"));
  EXPECT_THAT(DivideAtMediators(worlds, {"m9"}, AskY()).status().ToString(),
              HasSubstr("no mediator m9"));
  const twin::Registry registry = twin::BuiltInTwins();
  const twin::Twin& board = **registry.Find("two_heater");
  const Eigen::VectorXd p = twin::ParametersFromAssumptions(board.description(), {}).value();
  EXPECT_THAT(DivideAtMediators({board, drive, p, p}, {}, AskY()).status().ToString(),
              HasSubstr("twin two_heater cannot hold its mediators"));
}

}  // namespace
}  // namespace parallax::causal
