#include "core/causal/graph.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace parallax::causal {
namespace {

/// Walks kept open for each path that may be found.
constexpr int kOpenPerPath = 16;

}  // namespace

Sign Times(Sign a, Sign b) {
  if (a == Sign::kUnknown || b == Sign::kUnknown) return Sign::kUnknown;
  return a == b ? Sign::kRises : Sign::kFalls;
}

absl::StatusOr<Graph> Graph::Make(std::vector<Node> nodes, std::vector<Edge> edges) {
  Graph graph(std::move(nodes), std::move(edges));
  PARALLAX_RETURN_IF_ERROR(graph.CheckSignals());
  PARALLAX_RETURN_IF_ERROR(graph.Resolve());
  PARALLAX_RETURN_IF_ERROR(graph.CheckLoops());
  return graph;
}

absl::Status Graph::CheckSignals() const {
  std::set<std::string> names, signals;
  for (const Node& node : nodes_) {
    if (!names.insert(node.name).second) {
      return absl::InvalidArgumentError(absl::StrFormat("node %s is given twice", node.name));
    }
    for (const std::string& signal : node.signals) {
      if (!signals.insert(signal).second) {
        return absl::InvalidArgumentError(
            absl::StrFormat("node %s: signal %s is another node's", node.name, signal));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Graph::Resolve() {
  out_.resize(nodes_.size());
  std::set<std::string> seen;
  for (const Edge& edge : edges_) {
    const std::string shown = absl::StrFormat("%s -> %s [%s]", edge.from, edge.to, edge.mechanism);
    if (!seen.insert(shown).second) {
      return absl::InvalidArgumentError(absl::StrFormat("edge %s is given twice", shown));
    }
    for (const std::string* end : {&edge.from, &edge.to}) {
      if (FindNode(*end) < 0) {
        return absl::InvalidArgumentError(absl::StrFormat("edge %s: no node %s", shown, *end));
      }
    }
    std::set<std::string> levers;
    for (const Lever& lever : edge.levers) {
      if (!levers.insert(lever.parameter).second) {
        return absl::InvalidArgumentError(
            absl::StrFormat("edge %s: lever %s is given twice", shown, lever.parameter));
      }
    }
    out_[Index(FindNode(edge.from))].push_back(static_cast<int>(from_.size()));
    from_.push_back(FindNode(edge.from));
    to_.push_back(FindNode(edge.to));
  }
  return absl::OkStatus();
}

absl::Status Graph::CheckLoops() const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (Met(static_cast<int>(i), Follow::kForwardOnly)[i] != 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("node %s lies on a cycle without a feedback edge", nodes_[i].name));
    }
  }
  return absl::OkStatus();
}

int Graph::FindNode(std::string_view name) const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int Graph::FindSignal(std::string_view signal) const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const std::vector<std::string>& list = nodes_[i].signals;
    if (std::find(list.begin(), list.end(), signal) != list.end()) return static_cast<int>(i);
  }
  return -1;
}

std::vector<char> Graph::Met(int start, Follow follow) const {
  std::vector<char> met(nodes_.size(), 0);
  std::vector<int> open = {start};
  while (!open.empty()) {
    const int node = open.back();
    open.pop_back();
    for (int edge : out_[Index(node)]) {
      if (follow == Follow::kForwardOnly && edges_[Index(edge)].kind == EdgeKind::kFeedback) {
        continue;
      }
      const int next = to_[Index(edge)];
      if (met[Index(next)] != 0) continue;
      met[Index(next)] = 1;
      open.push_back(next);
    }
  }
  return met;
}

std::vector<int> Graph::Descendants(int node) const {
  PARALLAX_CHECK(node >= 0 && Index(node) < nodes_.size());
  const std::vector<char> met = Met(node, Follow::kAll);
  std::vector<int> list;
  for (size_t i = 0; i < met.size(); ++i) {
    if (met[i] != 0) list.push_back(static_cast<int>(i));
  }
  return list;
}

std::vector<int> Graph::Ancestors(int node) const {
  PARALLAX_CHECK(node >= 0 && Index(node) < nodes_.size());
  std::vector<int> list;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (Met(static_cast<int>(i), Follow::kAll)[Index(node)] != 0) {
      list.push_back(static_cast<int>(i));
    }
  }
  return list;
}

std::vector<std::string> Graph::Parameters() const {
  std::set<std::string> names;
  for (const Edge& edge : edges_) {
    for (const Lever& lever : edge.levers) names.insert(lever.parameter);
  }
  return {names.begin(), names.end()};
}

std::vector<int> Graph::EdgesOf(std::string_view parameter) const {
  std::vector<int> list;
  for (size_t e = 0; e < edges_.size(); ++e) {
    for (const Lever& lever : edges_[e].levers) {
      if (lever.parameter == parameter) list.push_back(static_cast<int>(e));
    }
  }
  return list;
}

std::vector<int> Graph::EndsOf(std::string_view parameter) const {
  std::vector<int> ends;
  for (int edge : EdgesOf(parameter)) ends.push_back(to_[Index(edge)]);
  return ends;
}

std::vector<std::string> Graph::Reach(std::string_view parameter) const {
  std::set<std::string> signals;
  for (int end : EndsOf(parameter)) {
    std::vector<int> reached = Descendants(end);
    reached.push_back(end);
    for (int node : reached) {
      const std::vector<std::string>& list = nodes_[Index(node)].signals;
      signals.insert(list.begin(), list.end());
    }
  }
  return {signals.begin(), signals.end()};
}

std::vector<Path> Graph::Longer(const Path& path, const std::vector<char>& leads) const {
  std::vector<Path> longer;
  for (int edge : out_[Index(to_[Index(path.back())])]) {
    const int next = to_[Index(edge)];
    const auto meets = [&](int e) { return to_[Index(e)] == next; };
    if (leads[Index(next)] == 0 || std::any_of(path.begin(), path.end(), meets)) continue;
    longer.push_back(path);
    longer.back().push_back(edge);
  }
  return longer;
}

absl::StatusOr<PathList> Graph::Paths(std::string_view parameter, std::string_view node,
                                      const PathLimits& limits) const {
  const int goal = FindNode(node);
  if (goal < 0) return absl::NotFoundError(absl::StrFormat("no node %s", node));
  std::vector<Path> open;
  for (int edge : EdgesOf(parameter)) open.push_back({edge});
  if (open.empty()) {
    return absl::NotFoundError(absl::StrFormat("parameter %s acts on no edge", parameter));
  }
  std::vector<char> leads(nodes_.size(), 0);
  for (int ancestor : Ancestors(goal)) leads[Index(ancestor)] = 1;
  leads[Index(goal)] = 1;
  PathList found;
  for (int edges = 1; !open.empty(); ++edges) {  // one longer each time: shorter paths come first
    std::vector<Path> next;
    for (const Path& path : open) {
      const bool arrived = to_[Index(path.back())] == goal;
      if (static_cast<int>(found.paths.size()) >= limits.max_paths ||
          static_cast<int>(next.size()) > kOpenPerPath * limits.max_paths ||
          (!arrived && edges >= limits.max_edges)) {
        ++found.cut_short;
      } else if (arrived) {
        found.paths.push_back(path);
      } else {
        const std::vector<Path> longer = Longer(path, leads);
        next.insert(next.end(), longer.begin(), longer.end());
      }
    }
    open = std::move(next);
  }
  return found;
}

Sign Graph::SignAlong(std::string_view parameter, const Path& path) const {
  PARALLAX_CHECK(!path.empty());
  Sign sign = Sign::kUnknown;
  for (const Lever& lever : edges_[Index(path.front())].levers) {
    if (lever.parameter == parameter) sign = lever.sign;
  }
  for (size_t i = 1; i < path.size(); ++i) sign = Times(sign, edges_[Index(path[i])].sign);
  return sign;
}

std::vector<std::string> Graph::MediatorsAlong(const Path& path) const {
  std::vector<std::string> list;
  for (size_t i = 1; i < path.size(); ++i) {
    const std::string& mediator = edges_[Index(path[i])].mediator;
    if (mediator.empty() || (!list.empty() && list.back() == mediator)) continue;
    list.push_back(mediator);
  }
  return list;
}

bool Graph::LiesUpstream(const std::vector<int>& ends, const std::vector<int>& of) const {
  const auto meets = [&](int start, int node) {
    return Met(start, Follow::kForwardOnly)[Index(node)] != 0;
  };
  for (int below : of) {
    const auto above = [&](int end) { return meets(end, below); };
    if (std::none_of(ends.begin(), ends.end(), above)) return false;
    for (int end : ends) {
      if (end == below || meets(below, end)) return false;
    }
  }
  return !of.empty();
}

std::vector<std::pair<int, int>> Graph::MustPrecede(
    const std::vector<std::string>& parameters) const {
  std::vector<std::pair<int, int>> pairs;
  for (size_t i = 0; i < parameters.size(); ++i) {
    for (size_t j = 0; j < parameters.size(); ++j) {
      if (LiesUpstream(EndsOf(parameters[i]), EndsOf(parameters[j]))) {
        pairs.emplace_back(static_cast<int>(i), static_cast<int>(j));
      }
    }
  }
  return pairs;
}

std::vector<uint32_t> CauseMasks(const Graph& graph, const std::vector<std::string>& parameters) {
  PARALLAX_CHECK(parameters.size() <= 32);
  std::vector<uint32_t> masks(parameters.size(), 0);
  for (const auto& [first, then] : graph.MustPrecede(parameters)) {
    masks[static_cast<size_t>(then)] |= uint32_t{1} << static_cast<uint32_t>(first);
  }
  return masks;
}

}  // namespace parallax::causal
