#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::causal {

/// How a quantity answers when its cause rises, all else held. Loops are not "all else": what a
/// controller makes of it later can turn it around.
enum class Sign { kUnknown, kRises, kFalls };

/// Who sees a quantity.
enum class Visibility {
  kInner,      ///< nobody
  kPredicted,  ///< the twin predicts it, no instrument reads it
  kMeasured,   ///< an instrument reads it
};

/// A quantity of the rig or its instruments.
struct Node {
  std::string name;   ///< "surface_t"
  std::string label;  ///< in words: "surface temperature"
  std::string unit;
  Visibility visibility = Visibility::kInner;
  std::vector<std::string> signals{};  ///< outputs and outcomes of the twin that are this quantity
};

/// A parameter that acts on an edge, and how the edge's end answers when the parameter rises.
struct Lever {
  std::string parameter;
  Sign sign = Sign::kUnknown;
};

enum class EdgeKind {
  kForward,
  kFeedback,  ///< closes a declared loop: the cause acts on what came before it, later in time
};

/// One mechanism by which a quantity acts on another. Two quantities may be joined by several.
struct Edge {
  std::string from;
  std::string to;
  std::string mechanism;        ///< "substrate_conductivity"
  Sign sign = Sign::kUnknown;   ///< of `to` when `from` rises
  std::vector<Lever> levers{};  ///< parameters of the twin that act on it
  std::string mediator{};       ///< of the twin (core/twin/mediation.h) that carries it; or empty
  EdgeKind kind = EdgeKind::kForward;
};

/// Positions of edges, each beginning where the one before it ends. A path of a parameter begins
/// with an edge that it acts on.
using Path = std::vector<int>;

struct PathLimits {
  int max_edges = 24;
  int max_paths = 1024;
};

/// Paths found, shorter ones first.
struct PathList {
  std::vector<Path> paths;
  int cut_short = 0;  ///< walks given up at a limit; 0: the list is complete
};

/// What acts on what in a twin: nodes, mechanisms and the parameters that act on them. Immutable.
class Graph {
 public:
  /// Errors: InvalidArgument naming a node or edge that is given twice, an edge from or to an
  /// unknown node, a lever given twice on an edge, a signal that two nodes claim, or a cycle that
  /// no feedback edge closes.
  static absl::StatusOr<Graph> Make(std::vector<Node> nodes, std::vector<Edge> edges);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Edge>& edges() const { return edges_; }
  int FindNode(std::string_view name) const;      ///< or -1
  int FindSignal(std::string_view signal) const;  ///< node that has it, or -1
  const Node& From(int edge) const { return nodes_[Index(from_[Index(edge)])]; }
  const Node& To(int edge) const { return nodes_[Index(to_[Index(edge)])]; }

  /// Nodes that can act on a node, or that it can act on, over forward and feedback edges; by
  /// position. A node is its own ancestor only within a loop. REQUIRES: node exists.
  std::vector<int> Ancestors(int node) const;
  std::vector<int> Descendants(int node) const;

  /// All parameters that act on some edge, by name.
  std::vector<std::string> Parameters() const;
  std::vector<int> EdgesOf(std::string_view parameter) const;

  /// Signals that a parameter can move, by name; none for a parameter that acts nowhere.
  std::vector<std::string> Reach(std::string_view parameter) const;

  /// Directed paths from a parameter's mechanism to a node. No path meets a node twice.
  /// Errors: NotFound naming a parameter that acts nowhere or a node that is not there.
  absl::StatusOr<PathList> Paths(std::string_view parameter, std::string_view node,
                                 const PathLimits& limits = {}) const;

  /// Sign of a parameter's effect along a path: the product of its lever's and the edges' after it.
  Sign SignAlong(std::string_view parameter, const Path& path) const;

  /// Mediators along a path, in order, each once in a row.
  std::vector<std::string> MediatorsAlong(const Path& path) const;

  /// Pairs (i, j) of positions in `parameters`: the mechanism of i lies upstream of that of j, so
  /// that in an asymmetric Shapley value i must join before j. That is where every edge of j ends
  /// downstream of where one of i's ends, and none of i's ends at or downstream of one of j's,
  /// over forward edges. A strict partial order: transitive and without cycles.
  /// Source: Frye, Rowat, Feige, Asymmetric Shapley values (2020).
  std::vector<std::pair<int, int>> MustPrecede(const std::vector<std::string>& parameters) const;

 private:
  static size_t Index(int i) { return static_cast<size_t>(i); }
  enum class Follow { kAll, kForwardOnly };

  Graph(std::vector<Node> nodes, std::vector<Edge> edges)
      : nodes_(std::move(nodes)), edges_(std::move(edges)) {}
  absl::Status Resolve();
  absl::Status CheckSignals() const;
  absl::Status CheckLoops() const;
  /// Whether each node is met on the way out of `start`, over at least one edge.
  std::vector<char> Met(int start, Follow follow) const;
  /// The path with each edge added that leads to a node not met, among those that lead on.
  std::vector<Path> Longer(const Path& path, const std::vector<char>& leads) const;
  bool LiesUpstream(const std::vector<int>& ends, const std::vector<int>& of) const;
  std::vector<int> EndsOf(std::string_view parameter) const;

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<int> from_, to_;         ///< of each edge, positions of nodes
  std::vector<std::vector<int>> out_;  ///< edges that leave a node
};

/// Product of two signs.
Sign Times(Sign a, Sign b);

/// MustPrecede as masks, one a parameter: bit i of element j says that i must join before j.
/// REQUIRES: at most 32 parameters.
std::vector<uint32_t> CauseMasks(const Graph& graph, const std::vector<std::string>& parameters);

}  // namespace parallax::causal
