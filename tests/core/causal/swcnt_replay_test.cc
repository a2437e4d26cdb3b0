#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/causal/counterfactual.h"
#include "core/causal/narrative.h"
#include "core/causal/replay.h"
#include "core/causal/twin_graph.h"
#include "tests/core/twin/swcnt/fixture.h"

// Replays on the nanotube twin: which way an effect takes, and what the twin would have given.
namespace parallax::causal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using twin::Prediction;

class SwcntReplay : public ::testing::Test {
 protected:
  const twin::Description& description() const { return twin_->description(); }

  Graph GraphFor(const twin::Drive& drive) const {
    const bool tube = drive.constants[twin::swcnt::kIsHotWall] != 0.0;
    return GraphOf(description(), tube ? "hot_wall" : "stage", drive.mode).value();
  }
  twin::Drive Chirality(double temperature_k) const {
    return twin::testing::SteadyDrive(twin::testing::StageRig(),
                                      twin::testing::ChiralityRecipe(temperature_k));
  }
  Eigen::VectorXd Nominal() const { return twin::testing::SwcntParameters(); }

  /// "(7,5)": the largest of the shares.
  static std::string Dominant(const twin::Description& d, const Prediction& p) {
    Eigen::Index best = 0;
    p.outcome.segment(twin::swcnt::kOutcomeShares, twin::swcnt::kSemiconducting).maxCoeff(&best);
    std::string id =
        d.outcomes[static_cast<size_t>(twin::swcnt::kOutcomeShares + best)].channel_id.substr(6);
    id.replace(id.find('_'), 1, ",");
    return "(" + id + ")";
  }
  Question Diameter() const {
    return {"tube_d",
            "mean tube diameter",
            "nm",
            [](const Prediction& p) { return p.outcome[twin::swcnt::kOutcomeDiameter] * 1e9; },
            "dominant tube",
            [this](const Prediction& p) { return Dominant(description(), p); }};
  }
  static Question Outcome(const char* node, int outcome, const char* unit) {
    return {node, node, unit, [outcome](const Prediction& p) { return p.outcome[outcome]; }};
  }

  const std::unique_ptr<twin::Twin> twin_ = twin::MakeSwcnt();
};

TEST_F(SwcntReplay, ConductivityActsOnChiralityByRipeningFarMoreThanByNucleation) {
  const twin::Drive drive = Chirality(1123.15);
  const Eigen::VectorXd poor = Do(description(), Nominal(), {{"k0", 0.95}}).value();
  const RouteEffects effects =
      DivideAmongRoutes(GraphFor(drive), {*twin_, drive, Nominal(), poor}, Diameter()).value();
  ASSERT_GE(effects.routes.size(), 2u);
  const Route& first = effects.routes[0];
  ASSERT_EQ(first.mediators.size(), 2u);
  EXPECT_EQ(first.mediators[0].name, "surface_t@ripening");
  EXPECT_EQ(first.mediators[1].name, "particle_d");
  EXPECT_LT(first.mediators[0].after, first.mediators[0].before - 5.0);
  EXPECT_GT(first.effect / effects.total, 0.95);
  EXPECT_EQ(effects.routes[1].mediators.front().name, "surface_t@nucleation");
  EXPECT_LT(std::abs(effects.interaction), 0.01 * std::abs(effects.total));
  EXPECT_EQ(effects.call_before, "(7,6)");
  EXPECT_EQ(effects.call_after, "(7,5)");
  EXPECT_EQ(first.call, "(7,5)");
}

TEST_F(SwcntReplay, TheStoryTellsThePathAndItsFigures) {
  const twin::Drive drive = Chirality(1123.15);
  const auto story = [&](double k0) {
    const Eigen::VectorXd after = Do(description(), Nominal(), {{"k0", k0}}).value();
    const RouteEffects effects =
        DivideAmongRoutes(GraphFor(drive), {*twin_, drive, Nominal(), after}, Diameter()).value();
    return TellEffect(CauseOf(description(), Nominal(), after), Diameter(), effects,
                      {.least_effect = 1e-3});
  };
  const std::string poor = story(0.95);
  EXPECT_THAT(poor, AllOf(HasSubstr("Substrate conductivity, k₀ 1.38 → 0.95 W/m/K (−31 %), lowers"),
                          HasSubstr("surface temperature while particles ripen (−13 K) → particle "
                                    "diameter at nucleation (−1.7 %)"),
                          HasSubstr("turns from (7,6) into (7,5), by the first path alone")));
  EXPECT_THAT(poor, HasSubstr("2 lesser paths together carry 0.28 %."));
  EXPECT_THAT(story(1.6), AllOf(HasSubstr("raises"), HasSubstr("(+"), HasSubstr("stays (7,6)")));
  EXPECT_THAT(story(1.381), HasSubstr("has no effect on mean tube diameter"));
}

TEST_F(SwcntReplay, InATubeFurnaceConductivityHasNoEffectAndTheStorySaysSo) {
  const twin::Drive drive = twin::testing::SteadyDrive(twin::testing::HotWallRig(),
                                                       twin::testing::ChiralityRecipe(1073.15));
  const Eigen::VectorXd poor = Do(description(), Nominal(), {{"k0", 0.95}}).value();
  const RouteEffects effects =
      DivideAmongRoutes(GraphFor(drive), {*twin_, drive, Nominal(), poor}, Diameter()).value();
  EXPECT_TRUE(effects.routes.empty());
  EXPECT_EQ(effects.total, 0.0);
  EXPECT_THAT(TellEffect(CauseOf(description(), Nominal(), poor), Diameter(), effects),
              HasSubstr("nothing leads from it to mean tube diameter"));
}

TEST_F(SwcntReplay, HeldAtEveryUserOfTheSurfaceConductivityHasNoDirectEffect) {
  const twin::Drive drive = Chirality(1093.15);
  const Eigen::VectorXd poor = Do(description(), Nominal(), {{"k0", 0.95}}).value();
  const NaturalEffects effects = DivideAtMediators({*twin_, drive, Nominal(), poor},
                                                   {"surface_t@activation", "surface_t@ripening",
                                                    "surface_t@nucleation", "surface_t@growth"},
                                                   Diameter())
                                     .value();
  EXPECT_EQ(effects.direct, 0.0);
  EXPECT_NEAR(effects.indirect, effects.total, 1e-12);
  EXPECT_LT(effects.total, -0.005);
}

TEST_F(SwcntReplay, WithTheSurfaceHeldWhileParticlesRipenConductivityLosesItsEffect) {
  const twin::Drive drive = Chirality(1123.15);
  const Eigen::VectorXd poor = Do(description(), Nominal(), {{"k0", 0.95}}).value();
  const MediatedEffect effect =
      DivideAtEach(GraphFor(drive), {*twin_, drive, Nominal(), poor}, Diameter()).value();
  std::map<std::string, MediatorShare> by_name;
  for (const MediatorShare& mediator : effect.mediators) by_name[mediator.name] = mediator;
  for (const char* name : {"surface_t@ripening", "particle_d"}) {
    EXPECT_LT(std::abs(by_name[name].left), 0.01) << name;
    EXPECT_GT(by_name[name].through, 0.99) << name;
  }
  EXPECT_GT(by_name["surface_t@nucleation"].left, 0.99);
  EXPECT_EQ(by_name.count("heater_t@substrate"), 0u);  // upstream of what conducts
}

TEST_F(SwcntReplay, GrowthCoolsSilicaThroughItsEmissivity) {
  const twin::Drive drive =
      twin::testing::SteadyDrive(twin::testing::StageRig(), {.grow_s = 300.0});
  const Question surface = {"surface_t", "surface temperature", "K", [](const Prediction& p) {
                              return p.outputs(p.outputs.rows() - 31, twin::swcnt::kSurface);
                            }};
  const Eigen::VectorXd still =
      Do(description(), Nominal(), {{"vs0", 0.71}, {"vd0", 0.71}}).value();
  const NaturalEffects effects =
      DivideAtMediators({*twin_, drive, still, Nominal()}, {"height@emissivity"}, surface).value();
  EXPECT_EQ(effects.direct, 0.0);  // growth cools the surface by no other way
  const NaturalEffects all =
      DivideAtMediators({*twin_, drive, Nominal(), still}, {}, surface).value();
  EXPECT_NEAR(all.total, all.direct, 1e-12);  // nothing held: all of it is direct
}

struct DrivenRun {
  const char* name;
  twin::Drive drive;
};

std::vector<DrivenRun> Conditions() {
  const signal::Rig stage = twin::testing::StageRig(), tube = twin::testing::HotWallRig();
  twin::testing::GrowthRecipe chirality = twin::testing::ChiralityRecipe(1093.15);
  chirality.heat_s = chirality.reduce_s = chirality.anneal_s = chirality.grow_s = 80.0;
  const twin::testing::GrowthRecipe forest = {
      .heat_s = 80.0, .reduce_s = 80.0, .anneal_s = 80.0, .grow_s = 80.0};
  return {{"StageForest", twin::testing::SteadyDrive(stage, forest)},
          {"StageChirality", twin::testing::SteadyDrive(stage, chirality)},
          {"StageRecipe", twin::testing::RecipeDrive(stage, chirality)},
          {"Tube", twin::testing::SteadyDrive(tube, chirality)},
          {"TubeRecipe", twin::testing::RecipeDrive(tube, chirality)}};
}

void PrintTo(const DrivenRun& condition, std::ostream* os) { *os << condition.name; }

class SwcntRoutes : public SwcntReplay, public ::testing::WithParamInterface<DrivenRun> {};

/// At steps so small that nothing acts together, routes must make up the whole effect: else the
/// graph lacks a way. What loops add is theirs: the forest's height through its own emissivity.
TEST_P(SwcntRoutes, OfEveryParameterMakeUpItsSmallEffects) {
  const twin::Drive& drive = GetParam().drive;
  const Graph graph = GraphFor(drive);
  const std::vector<Question> questions = {Diameter(),
                                           Outcome("height", twin::swcnt::kOutcomeHeight, "m"),
                                           Outcome("d_over_g", twin::swcnt::kOutcomeDefects, "1")};
  for (const twin::Parameter& parameter : description().parameters) {
    const auto k = twin::ParameterIndex(description(), parameter.name);
    Eigen::VectorXd after = Nominal();
    after[k] = twin::FromCoordinate(
        parameter, twin::ToCoordinate(parameter, after[k]) + 1e-3 * parameter.prior_sd);
    for (const Question& question : questions) {
      const RouteEffects effects =
          DivideAmongRoutes(graph, {*twin_, drive, Nominal(), after}, question).value();
      EXPECT_EQ(effects.cut_short, 0);
      double size = 0.0;
      for (const Route& route : effects.routes) size += std::abs(route.effect);
      EXPECT_LE(std::abs(effects.interaction), 0.03 * size + 1e-12 * std::abs(effects.before))
          << parameter.name << " -> " << question.node << ": total " << effects.total << ", "
          << effects.routes.size() << " routes " << effects.sum;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Conditions, SwcntRoutes, ::testing::ValuesIn(Conditions()),
                         [](const auto& run) { return std::string(run.param.name); });

TEST_F(SwcntReplay, ThePyrometerIsMovedByTheSurfaceAndByTheForestOnIt) {
  const twin::Drive drive =
      twin::testing::SteadyDrive(twin::testing::StageRig(), {.grow_s = 120.0});
  const Question pyrometer = {"pyrometer", "pyrometer reading", "K", [](const Prediction& p) {
                                return p.outputs(p.outputs.rows() - 31, twin::swcnt::kPyro);
                              }};
  const Eigen::VectorXd poor = Do(description(), Nominal(), {{"Rc", 3e-4}}).value();
  const RouteEffects effects =
      DivideAmongRoutes(GraphFor(drive), {*twin_, drive, Nominal(), poor}, pyrometer).value();
  ASSERT_FALSE(effects.routes.empty());
  EXPECT_EQ(effects.routes[0].mediators.back().name, "surface_t@pyrometer");
  EXPECT_LT(effects.routes[0].effect, -3.0);
  EXPECT_NEAR(effects.sum, effects.total, 0.05 * std::abs(effects.total));
}

TEST_F(SwcntReplay, TheGuiltyMechanismAloneClosesTheGapOfSeveralRuns) {
  const Eigen::VectorXd truth = Do(description(), Nominal(), {{"k0", 0.95}, {"nk", -0.2}}).value();
  Eigen::VectorXd calibrated = truth;
  calibrated[twin::swcnt::kHd] = 5.2;  // moved a little without need
  std::vector<twin::Drive> drives;
  for (double t : {1043.15, 1093.15, 1123.15}) drives.push_back(Chirality(t));
  const WorldFigure gap = [&](const Eigen::VectorXd& p) -> absl::StatusOr<double> {
    double sum = 0.0;
    for (const twin::Drive& drive : drives) {
      Prediction a, b;
      for (const auto& [values, into] : {std::pair(&truth, &a), std::pair(&p, &b)}) {
        const absl::Status status = twin_->Predict(*values, drive, into, nullptr);
        if (!status.ok()) return status;
      }
      sum += std::abs(Diameter().figure(a) - Diameter().figure(b));
    }
    return sum;
  };
  const MechanismReplays replays =
      ReplayMechanisms(description(), Nominal(), calibrated, gap).value();
  ASSERT_EQ(replays.mechanisms.size(), 2u);
  EXPECT_EQ(replays.mechanisms[0].mechanism, "substrate_conductivity");
  EXPECT_THAT(replays.mechanisms[0].parameters, ::testing::ElementsAre("k0", "nk"));
  EXPECT_GT(replays.assumed, 0.01);
  EXPECT_LT(replays.mechanisms[0].alone, 1e-3 * replays.assumed);
  EXPECT_GT(replays.mechanisms[0].without, 0.99 * replays.assumed);
  EXPECT_EQ(replays.mechanisms[1].mechanism, "forest_diffusion");
  EXPECT_GT(replays.mechanisms[1].alone, 0.99 * replays.assumed);
}

TEST_F(SwcntReplay, CounterfactualOfOneRun) {
  const twin::Drive drive = Chirality(1123.15);
  const Eigen::VectorXd truth = Do(description(), Nominal(), {{"k0", 0.95}}).value();
  Prediction measured_then, as_assumed;
  ASSERT_TRUE(twin_->Predict(truth, drive, &measured_then, nullptr).ok());
  ASSERT_TRUE(twin_->Predict(Nominal(), drive, &as_assumed, nullptr).ok());
  const MeasuredRun measured{{}, measured_then.outcome};
  Eigen::VectorXd calibrated = truth;
  calibrated[twin::swcnt::kK0] = 0.98;  // not quite
  const Counterfactual c = Imagine(*twin_, drive, calibrated, {{"k0", 1.38}}, measured).value();
  const RunCalls calls = {"r17", Dominant(description(), measured_then),
                          Dominant(description(), as_assumed), Dominant(description(), c.fitted),
                          Dominant(description(), c.imagined)};
  EXPECT_EQ(TellRun(CauseOf(description(), Nominal(), calibrated), calls),
            "With this substrate conductivity, run r17 gives (7,5); measured (7,5); as assumed "
            "(7,6). Had it been as assumed, (7,6) would have come out.");
}

}  // namespace
}  // namespace parallax::causal
