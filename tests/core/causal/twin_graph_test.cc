#include "core/causal/twin_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/twin/mediation.h"
#include "tests/core/twin/fixture.h"
#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::causal {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using Moved = std::map<std::string, std::set<std::string>>;
using twin::DriveMode;

/// A derivative counts from here, per prior sd and relative to the quantity's size: above rounding.
constexpr double kLeast = 1e-13;

/// Adds to `moved` each signal that a parameter moves somewhere in this run.
void AddMoved(const twin::Twin& twin, const Eigen::VectorXd& at, const twin::Drive& drive,
              Moved* moved) {
  twin::Prediction prediction;
  twin::Jacobian jacobian;
  ASSERT_TRUE(twin.Predict(at, drive, &prediction, &jacobian).ok());
  const twin::Description& d = twin.description();
  for (Eigen::Index k = 0; k < at.size(); ++k) {
    const twin::Parameter& parameter = d.parameters[static_cast<size_t>(k)];
    const double step = parameter.transform == twin::Transform::kLog ? at[k] * parameter.prior_sd
                                                                     : parameter.prior_sd;
    for (Eigen::Index o = 0; o < prediction.outputs.cols(); ++o) {
      const double size = prediction.outputs.col(o).cwiseAbs().maxCoeff();
      const auto derivative = jacobian.outputs[static_cast<size_t>(o)].col(k);
      if (step * derivative.cwiseAbs().maxCoeff() > kLeast * size) {
        (*moved)[parameter.name].insert(d.outputs[static_cast<size_t>(o)].channel_id);
      }
    }
    for (Eigen::Index o = 0; o < prediction.outcome.size(); ++o) {
      if (step * std::abs(jacobian.outcome(o, k)) > kLeast * std::abs(prediction.outcome[o])) {
        (*moved)[parameter.name].insert(d.outcomes[static_cast<size_t>(o)].channel_id);
      }
    }
  }
}

struct RigCondition {
  const char* kind;
  DriveMode mode;
};

void PrintTo(const RigCondition& condition, std::ostream* os) {
  *os << condition.kind << (condition.mode == DriveMode::kRecipe ? " by recipe" : " as measured");
}

class SwcntGraphOf : public ::testing::TestWithParam<RigCondition> {
 protected:
  signal::Rig Rig() const {
    return std::string_view(GetParam().kind) == "stage" ? twin::testing::StageRig()
                                                        : twin::testing::HotWallRig();
  }
  twin::Drive DriveOf(const twin::testing::GrowthRecipe& recipe) const {
    return GetParam().mode == DriveMode::kRecipe ? twin::testing::RecipeDrive(Rig(), recipe)
                                                 : twin::testing::SteadyDrive(Rig(), recipe);
  }
  const std::unique_ptr<twin::Twin> twin_ = twin::MakeSwcnt();
  const Graph graph_ = GraphOf(twin_->description(), GetParam().kind, GetParam().mode).value();
};

TEST_P(SwcntGraphOf, ItsLeversAndSignalsAreTheTwins) {
  EXPECT_TRUE(CheckAgainst(twin_->description(), graph_).ok());
  for (const Edge& edge : graph_.edges()) {
    if (edge.mediator.empty()) continue;
    EXPECT_GE(twin::MediatorIndex(*twin_->mediation(), edge.mediator), 0) << edge.mediator;
  }
}

TEST_P(SwcntGraphOf, ParametersMoveExactlyTheSignalsThatTheyReach) {
  Moved moved;
  for (const char* feed : {"C2H4", "C2H5OH"}) {
    twin::testing::GrowthRecipe recipe = twin::testing::ChiralityRecipe(1043.15);
    if (std::string_view(feed) == "C2H4") recipe = {.grow_s = 300.0};
    AddMoved(*twin_, twin::testing::DrawSwcnt(7, 0.3), DriveOf(recipe), &moved);
  }
  for (const twin::Parameter& parameter : twin_->description().parameters) {
    const std::vector<std::string> reach = graph_.Reach(parameter.name);
    EXPECT_EQ(moved[parameter.name], std::set<std::string>(reach.begin(), reach.end()))
        << parameter.name;
  }
}

/// Along which all paths to a signal have one known sign; kUnknown otherwise.
Sign AgreedSign(const Graph& graph, const std::string& parameter, const std::string& node) {
  const PathList list = graph.Paths(parameter, node).value();
  if (list.cut_short > 0 || list.paths.empty()) return Sign::kUnknown;
  const Sign first = graph.SignAlong(parameter, list.paths.front());
  for (const Path& path : list.paths) {
    if (graph.SignAlong(parameter, path) != first) return Sign::kUnknown;
  }
  return first;
}

class MeasuredSwcntGraphOf : public SwcntGraphOf {};

/// Of a measured drive: where a controller acts, its integral can turn a sum of paths around.
TEST_P(MeasuredSwcntGraphOf, DerivativesDoNotContradictSignsOnWhichAllPathsAgree) {
  const twin::Drive drive = DriveOf({.grow_s = 300.0});
  const Eigen::VectorXd at = twin::testing::SwcntParameters();
  twin::Prediction prediction;
  twin::Jacobian jacobian;
  ASSERT_TRUE(twin_->Predict(at, drive, &prediction, &jacobian).ok());
  const twin::Description& d = twin_->description();
  int confirmed = 0;
  const Eigen::Index row = drive.time_s.size() - 40;  // late in growth
  for (size_t o = 0; o < d.outputs.size(); ++o) {
    if (twin::swcnt::IsAbsent(drive, static_cast<int>(o))) continue;
    const int node = graph_.FindSignal(d.outputs[o].channel_id);
    ASSERT_GE(node, 0);
    for (const std::string& name : graph_.Parameters()) {
      const Sign sign = AgreedSign(graph_, name, graph_.nodes()[static_cast<size_t>(node)].name);
      if (sign == Sign::kUnknown) continue;
      const double slope = jacobian.outputs[o](row, twin::ParameterIndex(d, name));
      EXPECT_GE(sign == Sign::kRises ? slope : -slope, 0.0)
          << name << " -> " << d.outputs[o].channel_id;
      if (slope != 0.0) ++confirmed;
    }
  }
  EXPECT_GE(confirmed, 10);
}

INSTANTIATE_TEST_SUITE_P(Conditions, SwcntGraphOf,
                         ::testing::Values(RigCondition{"stage", DriveMode::kRecipe},
                                           RigCondition{"stage", DriveMode::kMeasured},
                                           RigCondition{"hot_wall", DriveMode::kRecipe},
                                           RigCondition{"hot_wall", DriveMode::kMeasured}));

INSTANTIATE_TEST_SUITE_P(Conditions, MeasuredSwcntGraphOf,
                         ::testing::Values(RigCondition{"stage", DriveMode::kMeasured},
                                           RigCondition{"hot_wall", DriveMode::kMeasured}));

TEST(SwcntGraph, EveryParameterActsSomewhereOnAStage) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  for (DriveMode mode : {DriveMode::kRecipe, DriveMode::kMeasured}) {
    const Graph graph = GraphOf(twin->description(), "stage", mode).value();
    EXPECT_EQ(graph.Parameters().size(), 26u);
  }
}

TEST(SwcntGraph, InATubeFurnaceTheSubstrateActsNowhere) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  const Graph graph = GraphOf(twin->description(), "hot_wall", DriveMode::kRecipe).value();
  for (const char* name : {"k0", "nk", "Rc", "eps0", "h"}) {
    EXPECT_TRUE(graph.EdgesOf(name).empty()) << name;
  }
  EXPECT_EQ(graph.Parameters().size(), 21u);
}

TEST(SwcntGraph, MechanismsOfLeversAreTheTwinsOwn) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  const twin::Description& d = twin->description();
  const Graph graph = GraphOf(d, "stage", DriveMode::kRecipe).value();
  for (const Edge& edge : graph.edges()) {
    for (const Lever& lever : edge.levers) {
      const auto k = static_cast<size_t>(twin::ParameterIndex(d, lever.parameter));
      EXPECT_EQ(edge.mechanism, d.parameters[k].mechanism) << lever.parameter;
    }
  }
}

TEST(SwcntGraph, ConductivityReachesChiralityByRipeningAndByNucleation) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  const Graph graph = GraphOf(twin->description(), "stage", DriveMode::kMeasured).value();
  const PathList list = graph.Paths("k0", "chirality").value();
  EXPECT_EQ(list.cut_short, 0);
  std::vector<std::vector<std::string>> routes;
  for (const Path& path : list.paths) routes.push_back(graph.MediatorsAlong(path));
  EXPECT_THAT(routes, Contains(std::vector<std::string>{"surface_t@nucleation"}));
  EXPECT_THAT(routes, Contains(std::vector<std::string>{"surface_t@ripening", "particle_d"}));
}

TEST(SwcntGraph, HeatComesBeforeGasBeforeGrowthBeforeTubes) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  const Graph graph = GraphOf(twin->description(), "stage", DriveMode::kMeasured).value();
  const std::vector<std::string> names = {"Rc", "k0", "Kr0", "sigma_p", "gF", "kg0", "vs0", "HD"};
  const auto pairs = graph.MustPrecede(names);
  for (const auto& [i, j] : {std::pair{0, 1}, {1, 2}, {2, 3}, {0, 3}, {4, 5}, {5, 6}, {6, 7}}) {
    EXPECT_THAT(pairs, Contains(std::pair(i, j))) << names[static_cast<size_t>(i)];
  }
  EXPECT_THAT(pairs, Not(Contains(std::pair(4, 2))));  // feed does not act on ripening
  EXPECT_THAT(pairs, Not(Contains(std::pair(2, 6))));
}

void ExpectExactReach(const twin::Twin& twin, const std::string& kind, const twin::Drive& drive) {
  const Graph graph = GraphOf(twin.description(), kind, drive.mode).value();
  EXPECT_TRUE(CheckAgainst(twin.description(), graph).ok());
  EXPECT_EQ(graph.Parameters().size(), twin.description().parameters.size());
  Moved moved;
  AddMoved(twin, twin::testing::Nominal(twin), drive, &moved);
  for (const twin::Parameter& parameter : twin.description().parameters) {
    const std::vector<std::string> reach = graph.Reach(parameter.name);
    EXPECT_EQ(moved[parameter.name], std::set<std::string>(reach.begin(), reach.end()))
        << parameter.name;
  }
}

TEST(SmallGraphs, ParametersMoveExactlyTheSignalsThatTheyReach) {
  const twin::Registry registry = twin::BuiltInTwins();
  ExpectExactReach(**registry.Find("two_heater"), "two_heater",
                   twin::testing::RandomBoardDrive(1, 200));
  for (DriveMode mode : {DriveMode::kMeasured, DriveMode::kRecipe}) {
    twin::Drive drive = twin::testing::RandomFurnaceDrive(1, 200);
    drive.mode = mode;
    ExpectExactReach(**registry.Find("furnace"), "furnace", drive);
  }
}

TEST(GraphOf, RefusesAKindOfRigThatTheTwinDoesNotPredictAndATwinThatHasNone) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  EXPECT_THAT(GraphOf(twin->description(), "furnace", DriveMode::kRecipe).status().ToString(),
              HasSubstr("does not predict rigs of kind furnace"));
  twin::Description other = twin->description();
  other.name = "perpetuum";
  EXPECT_THAT(GraphOf(other, "stage", DriveMode::kRecipe).status().ToString(),
              HasSubstr("no mechanism graph of twin perpetuum"));
}

TEST(CheckAgainst, NamesWhatTheTwinHasNot) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  const Graph lever = Graph::Make({{"a", "a", "1"}, {"b", "b", "1"}},
                                  {{"a", "b", "m", Sign::kRises, {{"no_such"}}}})
                          .value();
  EXPECT_THAT(CheckAgainst(twin->description(), lever).ToString(), HasSubstr("no_such"));
  const Graph signal = Graph::Make({{"a", "a", "1", Visibility::kMeasured, {"smell"}}}, {}).value();
  EXPECT_THAT(CheckAgainst(twin->description(), signal).ToString(), HasSubstr("smell"));
}

}  // namespace
}  // namespace parallax::causal
