#include "core/causal/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/random.h"

namespace parallax::causal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr Sign kRises = Sign::kRises;
constexpr Sign kFalls = Sign::kFalls;

/// source -p-> a -> b -> y, a -> y, a -> c (dead end), y -feedback-> a; q acts on b -> y.
Graph Diamond() {
  return Graph::Make({{"source", "source", "1"},
                      {"a", "a", "1"},
                      {"b", "b", "1", Visibility::kPredicted, {"seen_b"}},
                      {"c", "c", "1"},
                      {"y", "y", "1", Visibility::kMeasured, {"y1", "y2"}}},
                     {{"source", "a", "heat", kRises, {{"p", kFalls}}},
                      {"a", "b", "up", kRises, {}, "a@b"},
                      {"b", "y", "down", kFalls, {{"q", kRises}}, "b@y"},
                      {"a", "y", "direct", kRises, {}, "a@y"},
                      {"a", "c", "aside", kRises},
                      {"y", "a", "loop", kFalls, {}, "", EdgeKind::kFeedback}})
      .value();
}

TEST(Graph, FindsNodesSignalsAndEdgesOfParameters) {
  const Graph graph = Diamond();
  EXPECT_EQ(graph.FindNode("b"), 2);
  EXPECT_EQ(graph.FindNode("z"), -1);
  EXPECT_EQ(graph.FindSignal("y2"), 4);
  EXPECT_EQ(graph.FindSignal("z"), -1);
  EXPECT_THAT(graph.Parameters(), ElementsAre("p", "q"));
  EXPECT_THAT(graph.EdgesOf("q"), ElementsAre(2));
  EXPECT_EQ(graph.From(2).name, "b");
  EXPECT_EQ(graph.To(2).name, "y");
}

TEST(Graph, AncestorsAndDescendantsFollowFeedback) {
  const Graph graph = Diamond();
  EXPECT_THAT(graph.Descendants(0), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(graph.Descendants(3), IsEmpty());
  EXPECT_THAT(graph.Descendants(4), ElementsAre(1, 2, 3, 4));  // through the loop, itself too
  EXPECT_THAT(graph.Ancestors(0), IsEmpty());
  EXPECT_THAT(graph.Ancestors(3), ElementsAre(0, 1, 2, 4));
}

TEST(Graph, AParameterReachesTheSignalsDownstreamOfItsMechanism) {
  const Graph graph = Diamond();
  EXPECT_THAT(graph.Reach("p"), ElementsAre("seen_b", "y1", "y2"));
  EXPECT_THAT(graph.Reach("q"), ElementsAre("seen_b", "y1", "y2"));  // around the loop
  EXPECT_THAT(graph.Reach("r"), IsEmpty());
}

TEST(Graph, PathsComeShortestFirstWithTheirSignsAndMediators) {
  const Graph graph = Diamond();
  const PathList list = graph.Paths("p", "y").value();
  EXPECT_EQ(list.cut_short, 0);
  ASSERT_THAT(list.paths, ElementsAre(ElementsAre(0, 3), ElementsAre(0, 1, 2)));
  EXPECT_EQ(graph.SignAlong("p", list.paths[0]), kFalls);
  EXPECT_EQ(graph.SignAlong("p", list.paths[1]), kRises);
  EXPECT_THAT(graph.MediatorsAlong(list.paths[0]), ElementsAre("a@y"));
  EXPECT_THAT(graph.MediatorsAlong(list.paths[1]), ElementsAre("a@b", "b@y"));
}

TEST(Graph, APathMayEndWhereItBeginsAndMayPassAFeedback) {
  const Graph graph = Diamond();
  EXPECT_THAT(graph.Paths("p", "a")->paths, ElementsAre(ElementsAre(0)));
  EXPECT_THAT(graph.Paths("q", "c")->paths, ElementsAre(ElementsAre(2, 5, 4)));
}

TEST(Graph, LimitsAreKeptAndTold) {
  const Graph graph = Diamond();
  const PathList few = graph.Paths("p", "y", {.max_paths = 1}).value();
  EXPECT_THAT(few.paths, ElementsAre(ElementsAre(0, 3)));
  EXPECT_EQ(few.cut_short, 1);
  const PathList brief = graph.Paths("p", "y", {.max_edges = 2}).value();
  EXPECT_THAT(brief.paths, ElementsAre(ElementsAre(0, 3)));
  EXPECT_EQ(brief.cut_short, 1);
}

TEST(Graph, PathsNameWhatIsNotThere) {
  const Graph graph = Diamond();
  EXPECT_THAT(graph.Paths("r", "y").status().ToString(), HasSubstr("parameter r acts on no edge"));
  EXPECT_THAT(graph.Paths("p", "z").status().ToString(), HasSubstr("no node z"));
}

TEST(Graph, SignsMultiply) {
  EXPECT_EQ(Times(kRises, kRises), kRises);
  EXPECT_EQ(Times(kFalls, kFalls), kRises);
  EXPECT_EQ(Times(kFalls, kRises), kFalls);
  EXPECT_EQ(Times(kFalls, Sign::kUnknown), Sign::kUnknown);
}

TEST(Graph, UpstreamMechanismsMustPrecede) {
  const Graph graph = Diamond();
  EXPECT_THAT(graph.MustPrecede({"p", "q"}), ElementsAre(Pair(0, 1)));
  EXPECT_THAT(graph.MustPrecede({"q", "p"}), ElementsAre(Pair(1, 0)));
  EXPECT_THAT(graph.MustPrecede({"p", "r"}), IsEmpty());  // acts nowhere: no order
  EXPECT_THAT(CauseMasks(graph, {"q", "r", "p"}), ElementsAre(0b100u, 0u, 0u));
}

TEST(Graph, MechanismsOfOneNodeHaveNoOrder) {
  const Graph graph =
      Graph::Make({{"a", "a", "1"}, {"b", "b", "1"}},
                  {{"a", "b", "one", kRises, {{"p"}}}, {"a", "b", "two", kRises, {{"q"}}}})
          .value();
  EXPECT_THAT(graph.MustPrecede({"p", "q"}), IsEmpty());
}

class OrderAtSeed : public ::testing::TestWithParam<uint64_t> {};

TEST_P(OrderAtSeed, IsStrictTransitiveAndWithoutCycles) {
  base::Random random(GetParam(), 3);
  constexpr int kNodes = 8, kNames = 6;
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::vector<std::string> names;
  for (int i = 0; i < kNodes; ++i)
    nodes.push_back({std::string(1, static_cast<char>('a' + i)), "", "1"});
  for (int k = 0; k < kNames; ++k) names.emplace_back(1, static_cast<char>('p' + k));
  for (size_t i = 0; i < kNodes; ++i) {
    for (size_t j = i + 1; j < kNodes; ++j) {
      if (random.Uniform() > 0.35) continue;
      Edge edge{nodes[i].name, nodes[j].name, "m"};
      for (const std::string& name : names) {
        if (random.Uniform() < 0.12) edge.levers.push_back({name});
      }
      edges.push_back(std::move(edge));
    }
  }
  const Graph graph = Graph::Make(nodes, edges).value();
  const auto pairs = graph.MustPrecede(names);
  const auto has = [&](int i, int j) {
    return std::find(pairs.begin(), pairs.end(), std::pair(i, j)) != pairs.end();
  };
  for (const auto& [i, j] : pairs) {
    EXPECT_NE(i, j);
    EXPECT_FALSE(has(j, i));
    for (int k = 0; k < kNames; ++k) {
      if (has(j, k)) {
        EXPECT_TRUE(has(i, k)) << i << j << k;
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, OrderAtSeed, ::testing::Range(uint64_t{0}, uint64_t{50}));

TEST(GraphMake, RefusesWhatDoesNotFitTogether) {
  const std::vector<Node> two = {{"a", "a", "1", Visibility::kMeasured, {"s"}}, {"b", "b", "1"}};
  const auto error = [&](std::vector<Node> nodes, std::vector<Edge> edges) {
    return Graph::Make(std::move(nodes), std::move(edges)).status().ToString();
  };
  EXPECT_THAT(error({two[0], two[0]}, {}), HasSubstr("node a is given twice"));
  EXPECT_THAT(error({two[0], {"b", "b", "1", Visibility::kMeasured, {"s"}}}, {}),
              HasSubstr("node b: signal s is another node's"));
  EXPECT_THAT(error(two, {{"a", "z", "m"}}), HasSubstr("edge a -> z [m]: no node z"));
  EXPECT_THAT(error(two, {{"z", "a", "m"}}), HasSubstr("no node z"));
  EXPECT_THAT(error(two, {{"a", "b", "m"}, {"a", "b", "m"}}), HasSubstr("is given twice"));
  EXPECT_THAT(error(two, {{"a", "b", "m", kRises, {{"p"}, {"p"}}}}),
              HasSubstr("lever p is given twice"));
  EXPECT_THAT(error(two, {{"a", "b", "m"}, {"b", "a", "m"}}),
              HasSubstr("cycle without a feedback edge"));
  EXPECT_THAT(error(two, {{"a", "a", "m"}}), HasSubstr("node a lies on a cycle"));
  EXPECT_TRUE(
      Graph::Make(two, {{"a", "b", "m"}, {"b", "a", "m", kRises, {}, "", EdgeKind::kFeedback}})
          .ok());
}

}  // namespace
}  // namespace parallax::causal
