#include "core/causal/narrative.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/random.h"
#include "tests/core/causal/linear_twin.h"

namespace parallax::causal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Question& AskDiameter() {
  static const Question question = {"tube_d", "mean tube diameter", "nm", {}, "dominant tube", {}};
  return question;
}

const Cause& Conductivity() {
  static const Cause cause = {"substrate conductivity", {{"k₀", "W/m/K", 1.38, 0.95}}};
  return cause;
}

Route ByRipening(double kelvin, double effect, const std::string& call) {
  return {{{"surface_t@ripening", "surface temperature while particles ripen", "K", 1070.0,
            1070.0 + kelvin},
           {"particle_d", "particle diameter", "nm", 1.12, 1.12 + effect}},
          1,
          effect,
          call};
}

Route ByNucleation(double effect) {
  return {{{"surface_t@nucleation", "surface temperature at nucleation", "K", 1071.0, 1059.0}},
          2,
          effect,
          "(7,6)"};
}

/// Effects of routes that add up.
RouteEffects Sum(std::vector<Route> routes, double interaction = 0.0) {
  RouteEffects effects;
  effects.before = 0.85;
  effects.call_before = "(7,6)";
  effects.call_after = "(7,5)";
  effects.routes = std::move(routes);
  for (const Route& route : effects.routes) effects.sum += route.effect;
  effects.interaction = interaction;
  effects.total = effects.sum + interaction;
  effects.after = effects.before + effects.total;
  return effects;
}

TEST(TellChange, KelvinsAsDifferencesAllElseRelative) {
  EXPECT_EQ(TellChange(1000.0, 1031.2, "K"), "+31 K");
  EXPECT_EQ(TellChange(1000.0, 995.8, "K"), "−4.2 K");
  EXPECT_EQ(TellChange(1000.0, 1000.04, "K"), "unchanged");
  EXPECT_EQ(TellChange(1.0, 0.69, "W/m/K"), "−31 %");
  EXPECT_EQ(TellChange(1.0, 1.042, "nm"), "+4.2 %");
  EXPECT_EQ(TellChange(1.0, 1.0004, "nm"), "unchanged");
  EXPECT_EQ(TellChange(1.0, 3.5, "Pa"), "×3.5");
  EXPECT_EQ(TellChange(4.0, 1.0, "Pa"), "÷4");
  EXPECT_EQ(TellChange(0.0, 2.0, "Pa"), "+2 Pa");
  EXPECT_EQ(TellChange(-0.33, -0.2, "1"), "+0.13");
  EXPECT_EQ(TellChange(0.0, 0.0, "Pa"), "unchanged");
}

TEST(TellParameter, ShowsBothValues) {
  EXPECT_EQ(TellParameter({"k₀", "W/m/K", 1.38, 0.95}), "k₀ 1.38 → 0.95 W/m/K (−31 %)");
  EXPECT_EQ(TellParameter({"b_TC", "K", 0.0, 12.0}), "b_TC 0 → 12 K");
  EXPECT_EQ(TellParameter({"n", "1", -0.33, -0.2}), "n -0.33 → -0.2");
}

TEST(CauseOf, NamesMechanismsAndChangesOnce) {
  const testing::LinearTwin twin;
  const Cause both =
      CauseOf(twin.description(), Eigen::Vector2d(1.0, 2.0), Eigen::Vector2d(3.0, 4.0));
  EXPECT_EQ(both.label, "push and offset");
  ASSERT_EQ(both.changes.size(), 2u);
  EXPECT_EQ(both.changes[1].after, 4.0);
  EXPECT_EQ(CauseOf(twin.description(), Eigen::Vector2d(1.0, 2.0), Eigen::Vector2d(3.0, 2.0)).label,
            "push");
}

TEST(TellRoute, IsAChainOfWhatMoved) {
  EXPECT_EQ(TellRoute(Conductivity(), AskDiameter(), ByRipening(-12.0, -0.0137, "(7,5)")),
            "substrate conductivity → surface temperature while particles ripen (−12 K) → particle "
            "diameter (−1.2 %) → mean tube diameter (−0.0137 nm)");
}

TEST(TellRoute, SaysOfALinkThatDoesNotMoveThatItDoesNot) {
  EXPECT_THAT(TellRoute(Conductivity(), AskDiameter(), ByRipening(0.01, 0.0, "(7,6)")),
              HasSubstr("surface temperature while particles ripen (unchanged) → particle diameter "
                        "(unchanged)"));
}

TEST(TellEffect, OneRoute) {
  EXPECT_EQ(TellEffect(Conductivity(), AskDiameter(), Sum({ByRipening(-12.0, -0.0137, "(7,5)")})),
            "Substrate conductivity, k₀ 1.38 → 0.95 W/m/K (−31 %), lowers mean tube diameter from "
            "0.85 to 0.8363 nm (−0.0137 nm). Substrate conductivity → surface temperature while "
            "particles ripen (−12 K) → particle diameter (−1.2 %) → mean tube diameter (−0.0137 "
            "nm), 100 % of it. The dominant tube turns from (7,6) into (7,5), by the "
            "first path alone.");
}

TEST(TellEffect, FollowsTheSign) {
  const std::string up =
      TellEffect(Conductivity(), AskDiameter(), Sum({ByRipening(12.0, 0.0137, "(7,5)")}));
  EXPECT_THAT(up, AllOf(HasSubstr("raises mean tube diameter"), HasSubstr("+12 K"),
                        HasSubstr("+0.0137 nm"), Not(HasSubstr("lowers"))));
}

TEST(TellEffect, TellsLesserPathsTogetherAndCountsThem) {
  const Route main = ByRipening(-12.0, -0.0137, "(7,5)");
  const std::string one =
      TellEffect(Conductivity(), AskDiameter(), Sum({main, ByNucleation(-0.0001)}));
  EXPECT_THAT(one, AllOf(HasSubstr("1 lesser path carries 0.72 %."), HasSubstr("99.3 %")));
  const std::string two = TellEffect(Conductivity(), AskDiameter(),
                                     Sum({main, ByNucleation(-0.0001), ByNucleation(-0.0002)}));
  EXPECT_THAT(two, HasSubstr("2 lesser paths together carry 2.1 %."));
  EXPECT_THAT(TellEffect(Conductivity(), AskDiameter(), Sum({main, ByNucleation(0.0001)})),
              HasSubstr("1 lesser path works against it by 0.74 %."));
  EXPECT_THAT(TellEffect(Conductivity(), AskDiameter(),
                         Sum({main, ByRipening(11.0, 0.0137, ""), ByNucleation(0.0001)})),
              HasSubstr("1 lesser path makes +0.0001 nm."));
  EXPECT_THAT(TellEffect(Conductivity(), AskDiameter(), Sum({main})), Not(HasSubstr("lesser")));
}

TEST(TellEffect, SaysWhatWorksAgainstTheRest) {
  const std::string text =
      TellEffect(Conductivity(), AskDiameter(),
                 Sum({ByRipening(-12.0, -0.0137, "(7,5)"), ByNucleation(0.003)}));
  EXPECT_THAT(text, HasSubstr("(+0.003 nm), against the rest."));
}

TEST(TellEffect, GivesNoSharesWherePathsCancel) {
  const std::string text =
      TellEffect(Conductivity(), AskDiameter(),
                 Sum({ByRipening(-12.0, -0.0137, "(7,5)"), ByNucleation(0.012)}));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("% of it")), HasSubstr("against the rest")));
  RouteEffects none = Sum({ByRipening(-12.0, -0.0137, "(7,6)"), ByNucleation(0.0137)});
  none.call_after = none.call_before;
  EXPECT_THAT(TellEffect(Conductivity(), AskDiameter(), none, {.least_effect = 1e-4}),
              AllOf(HasSubstr("leaves mean tube diameter at 0.85 nm"),
                    HasSubstr("its paths cancel"), HasSubstr("stays (7,6)")));
}

TEST(TellEffect, TellsInteractionWhereThereIsAny) {
  const Route main = ByRipening(-12.0, -0.0137, "(7,5)");
  EXPECT_THAT(TellEffect(Conductivity(), AskDiameter(), Sum({main}, 0.002)),
              HasSubstr("+0.002 nm comes only of paths acting together."));
  EXPECT_THAT(TellEffect(Conductivity(), AskDiameter(), Sum({main}, 1e-6)),
              Not(HasSubstr("acting together")));
}

TEST(TellEffect, SaysWhereNoPathAloneTurnsTheCall) {
  EXPECT_THAT(TellEffect(Conductivity(), AskDiameter(),
                         Sum({ByRipening(-6.0, -0.006, "(7,6)"), ByNucleation(-0.005)})),
              HasSubstr("turns from (7,6) into (7,5), which no path does alone."));
}

TEST(TellEffect, ANullEffectIsSaidToBeNull) {
  RouteEffects effects = Sum({ByRipening(-0.1, -2e-5, "(7,6)")});
  effects.call_after = effects.call_before;
  const std::string text =
      TellEffect(Conductivity(), AskDiameter(), effects, {.least_effect = 1e-3});
  EXPECT_THAT(text, AllOf(HasSubstr("has no effect on mean tube diameter"),
                          HasSubstr("−2e-05 nm, and what counts begins at 0.001 nm"),
                          HasSubstr("The dominant tube stays (7,6)."), Not(HasSubstr("lowers"))));
}

TEST(TellEffect, WithoutAnyRouteNothingLeadsThere) {
  RouteEffects effects = Sum({});
  effects.call_after = effects.call_before;
  EXPECT_THAT(
      TellEffect(Conductivity(), AskDiameter(), effects),
      AllOf(HasSubstr("has no effect: on this rig nothing leads from it to mean tube diameter."),
            HasSubstr("stays (7,6)")));
}

TEST(TellEffect, OtherFiguresAlwaysGiveAnotherText) {
  base::Random random(1, 9);
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    Cause cause = Conductivity();
    cause.changes[0].after = 1.38 * std::exp(random.Normal());
    texts.insert(
        TellEffect(cause, AskDiameter(),
                   Sum({ByRipening(20.0 * random.Normal(), 0.05 * random.Normal(), "(7,5)")})));
  }
  EXPECT_EQ(texts.size(), 100u);
}

MediatedEffect HeldAtRipening(double left) {
  return {0.85,
          0.8363,
          -0.0137,
          {{"surface_t@ripening", "surface temperature while particles ripen", 1.0 - left, left},
           {"surface_t@nucleation", "surface temperature at nucleation", 0.0028, 0.9972},
           {"particle_d", "particle diameter", 1.0, 0.0}}};
}

TEST(TellHeld, SaysWhatIsLeftWithEachThatCarriesAny) {
  EXPECT_EQ(TellHeld(Conductivity(), AskDiameter(), HeldAtRipening(0.0028)),
            "Of the −0.0137 nm that substrate conductivity makes in mean tube diameter, 0.28 % is "
            "left with surface temperature while particles ripen held as assumed and nothing with "
            "particle diameter.");
  EXPECT_THAT(TellHeld(Conductivity(), AskDiameter(), HeldAtRipening(-0.12)),
              HasSubstr("−12 % is left with surface temperature while"));
  EXPECT_THAT(TellHeld(Conductivity(), AskDiameter(), HeldAtRipening(1.2)),
              HasSubstr("120 % is left with surface temperature while"));
}

TEST(TellHeld, SaysThatNoneCarriesMuchAndNothingWhereNoneIsOnTheWay) {
  MediatedEffect effect = HeldAtRipening(0.96);
  effect.mediators.pop_back();
  EXPECT_EQ(TellHeld(Conductivity(), AskDiameter(), effect),
            "Of the −0.0137 nm that substrate conductivity makes in mean tube diameter, no "
            "quantity on the way carries 5 % alone.");
  effect.mediators.clear();
  EXPECT_EQ(TellHeld(Conductivity(), AskDiameter(), effect), "");
}

TEST(TellRun, SaysInHowManyDraws) {
  RunCalls calls = {"r17", "(7,6)", "(7,5)", "(7,6)", "(7,5)"};
  calls.drawn = {{{"(7,6)", 97}, {"(7,5)", 3}}, {{"(7,5)", 93}, {"(7,6)", 7}}};
  EXPECT_EQ(TellRun(Conductivity(), calls),
            "With this substrate conductivity, run r17 gives (7,6) in 97 of 100 draws of the "
            "posterior; measured (7,6); as assumed (7,5). Had it been as assumed, (7,5) would have "
            "come out in 93 of 100.");
  // The fit itself says what most draws do not.
  calls.imagined = "(7,6)";
  calls.drawn.fitted = {{"(7,5)", 100}};
  EXPECT_THAT(TellRun(Conductivity(), calls),
              AllOf(HasSubstr("gives (7,6) in 0 of 100 draws"),
                    HasSubstr("(7,6) would still have come out in 7 of 100.")));
}

TEST(TellRun, TheThreeCallsAndTheCounterfactual) {
  EXPECT_EQ(TellRun(Conductivity(), {"r17", "(7,6)", "(7,5)", "(7,6)", "(7,5)"}),
            "With this substrate conductivity, run r17 gives (7,6); measured (7,6); as assumed "
            "(7,5). Had it been as assumed, (7,5) would have come out.");
}

TEST(TellRun, SaysWhereTheCalibratedValueIsNoBetter) {
  EXPECT_THAT(TellRun(Conductivity(), {"r2", "(7,5)", "(7,5)", "(7,6)", ""}),
              HasSubstr("The assumed value was right here."));
  EXPECT_THAT(TellRun(Conductivity(), {"r3", "(8,6)", "(7,5)", "(7,6)", ""}),
              HasSubstr("Neither is what was measured."));
  EXPECT_THAT(TellRun(Conductivity(), {"r4", "(7,6)", "(7,5)", "(7,6)", "(7,6)"}),
              HasSubstr("(7,6) would still have come out."));
}

TEST(TellRun, SaysWhereItMakesNoDifference) {
  EXPECT_EQ(TellRun(Conductivity(), {"r5", "(7,6)", "(7,6)", "(7,6)", "(7,6)"}),
            "The substrate conductivity makes no difference to run r5: (7,6) either way, as "
            "measured.");
  EXPECT_THAT(TellRun(Conductivity(), {"r6", "(8,6)", "(7,6)", "(7,6)", ""}),
              HasSubstr("but measured was (8,6)."));
  EXPECT_THAT(TellRun(Conductivity(), {"r7", "", "(7,6)", "(7,6)", ""}),
              HasSubstr("not measured."));
  EXPECT_THAT(TellRun(Conductivity(), {"r8", "", "(7,5)", "(7,6)", ""}),
              HasSubstr("not measured; as assumed (7,5)."));
}

TEST(TellRuns, CountsRightCallsInTheRightNumber) {
  const RunCalls better = {"a", "(7,6)", "(7,5)", "(7,6)", ""};
  const RunCalls worse = {"b", "(7,5)", "(7,5)", "(7,6)", ""};
  const RunCalls unmeasured = {"c", "", "(7,5)", "(7,6)", ""};
  EXPECT_EQ(TellRuns(Conductivity(), {better, better, worse, unmeasured}),
            "With this substrate conductivity, 2 of 3 runs are right, up from 1 as assumed.");
  EXPECT_EQ(TellRuns(Conductivity(), {better}),
            "With this substrate conductivity, 1 of 1 run is right, up from 0 as assumed.");
  EXPECT_THAT(TellRuns(Conductivity(), {worse}), HasSubstr("0 of 1 run are right, down from 1"));
  EXPECT_THAT(TellRuns(Conductivity(), {better, worse}),
              HasSubstr("1 of 2 runs is right, as before"));
  EXPECT_EQ(TellRuns(Conductivity(), {unmeasured}), "No run was measured.");
}

}  // namespace
}  // namespace parallax::causal
