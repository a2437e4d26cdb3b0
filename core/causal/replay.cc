#include "core/causal/replay.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::causal {
namespace {

using Held = std::vector<const twin::Course*>;

/// One prediction with what it made of its mediators.
struct World {
  twin::Prediction prediction;
  twin::Courses natural;
};

/// Predictions of one run with mediators held.
class Replayer {
 public:
  static absl::StatusOr<Replayer> Make(const Worlds& worlds) {
    const twin::Mediation* mediation = worlds.twin.mediation();
    if (mediation == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrFormat("twin %s cannot hold its mediators", worlds.twin.description().name));
    }
    Replayer replayer(worlds, *mediation);
    PARALLAX_ASSIGN_OR_RETURN(
        replayer.before_,
        replayer.Predict(worlds.before, Held(mediation->mediators().size(), nullptr)));
    return replayer;
  }

  /// The world before, nothing held.
  const World& before() const { return before_; }

  absl::StatusOr<World> Predict(const Eigen::VectorXd& parameters, const Held& held) const {
    World world;
    PARALLAX_RETURN_IF_ERROR(mediation_.PredictHolding(parameters, worlds_.drive, held,
                                                       &world.prediction, &world.natural));
    return world;
  }
  Held Natural() const { return Held(mediation_.mediators().size(), nullptr); }
  /// All mediators as before.
  Held AsBefore() const {
    Held held;
    for (const twin::Course& course : before_.natural) held.push_back(&course);
    return held;
  }
  /// All mediators as before but one, which is as in `world`.
  Held AllButOne(size_t mediator, const World& world) const {
    Held held = AsBefore();
    held[mediator] = &world.natural[mediator];
    return held;
  }
  absl::StatusOr<size_t> Find(const std::string& name) const {
    const int m = twin::MediatorIndex(mediation_, name);
    if (m >= 0) return static_cast<size_t>(m);
    return absl::InvalidArgumentError(
        absl::StrFormat("twin %s has no mediator %s", worlds_.twin.description().name, name));
  }
  MediatorChange Change(size_t mediator, const World& after) const {
    const twin::Mediator& m = mediation_.mediators()[mediator];
    return {m.name, m.label, m.unit, before_.natural[mediator].Mean(),
            after.natural[mediator].Mean()};
  }

 private:
  Replayer(const Worlds& worlds, const twin::Mediation& mediation)
      : worlds_(worlds), mediation_(mediation) {}

  const Worlds& worlds_;
  const twin::Mediation& mediation_;
  World before_;
};

/// The natural effects at some mediators. @param after  the world after, nothing held.
absl::StatusOr<NaturalEffects> DivideAt(const Replayer& replayer, const Worlds& worlds,
                                        const World& after,
                                        const std::vector<std::string>& mediators,
                                        const Question& question) {
  const World& before = replayer.before();
  Held as_before = replayer.Natural(), as_after = replayer.Natural();
  for (const std::string& name : mediators) {
    PARALLAX_ASSIGN_OR_RETURN(const size_t m, replayer.Find(name));
    as_before[m] = &before.natural[m];
    as_after[m] = &after.natural[m];
  }
  PARALLAX_ASSIGN_OR_RETURN(const World direct, replayer.Predict(worlds.after, as_before));
  PARALLAX_ASSIGN_OR_RETURN(const World indirect, replayer.Predict(worlds.before, as_after));
  NaturalEffects effects;
  effects.before = question.figure(before.prediction);
  effects.after = question.figure(after.prediction);
  effects.total = effects.after - effects.before;
  effects.direct = question.figure(direct.prediction) - effects.before;
  effects.indirect = question.figure(indirect.prediction) - effects.before;
  effects.interaction = effects.total - effects.direct - effects.indirect;
  return effects;
}

/// Figures of worlds, each asked for once.
class AskedWorlds {
 public:
  explicit AskedWorlds(const WorldFigure& figure) : figure_(figure) {}

  absl::StatusOr<double> Of(const Eigen::VectorXd& parameters) {
    for (const auto& [world, figure] : asked_) {
      if (world == parameters) return figure;
    }
    PARALLAX_ASSIGN_OR_RETURN(const double figure, figure_(parameters));
    asked_.emplace_back(parameters, figure);
    return figure;
  }

 private:
  const WorldFigure& figure_;
  std::vector<std::pair<Eigen::VectorXd, double>> asked_;
};

/// Parameters in which two vectors differ, by position.
absl::StatusOr<std::vector<size_t>> Differing(const twin::Description& description,
                                              const Eigen::Ref<const Eigen::VectorXd>& a,
                                              const Eigen::Ref<const Eigen::VectorXd>& b) {
  const auto size = static_cast<Eigen::Index>(description.parameters.size());
  for (const Eigen::Index given : {a.size(), b.size()}) {
    if (given == size) continue;
    return absl::InvalidArgumentError(absl::StrFormat("parameters: %d, must be %d", given, size));
  }
  std::vector<size_t> list;
  for (Eigen::Index k = 0; k < size; ++k) {
    if (a[k] != b[k]) list.push_back(static_cast<size_t>(k));
  }
  return list;
}

/// Routes from the parameters to a node with the number of paths that take each.
using RouteCounts = std::map<std::vector<std::string>, int>;

absl::StatusOr<RouteCounts> CountRoutes(const Graph& graph, const Worlds& worlds,
                                        const std::string& node, const PathLimits& limits,
                                        int* cut_short) {
  const twin::Description& description = worlds.twin.description();
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<size_t> changed,
                            Differing(description, worlds.before, worlds.after));
  if (changed.empty()) {
    return absl::InvalidArgumentError("the parameters of the two worlds are the same");
  }
  RouteCounts counts;
  for (size_t k : changed) {
    if (graph.EdgesOf(description.parameters[k].name).empty()) continue;
    PARALLAX_ASSIGN_OR_RETURN(const PathList list,
                              graph.Paths(description.parameters[k].name, node, limits));
    *cut_short += list.cut_short;
    for (const Path& path : list.paths) ++counts[graph.MediatorsAlong(path)];
  }
  return counts;
}

/// The nested world in which nothing but one route is as after.
/// @param direct  the world after with every mediator as before.
absl::StatusOr<Route> Walk(const Replayer& replayer, const Worlds& worlds, const World& direct,
                           const std::vector<std::string>& mediators, const Question& question) {
  Route route;
  World here = direct;
  for (const std::string& name : mediators) {
    PARALLAX_ASSIGN_OR_RETURN(const size_t m, replayer.Find(name));
    route.mediators.push_back(replayer.Change(m, here));
    PARALLAX_ASSIGN_OR_RETURN(World next,
                              replayer.Predict(worlds.before, replayer.AllButOne(m, here)));
    here = std::move(next);
  }
  route.effect = question.figure(here.prediction) - question.figure(replayer.before().prediction);
  if (question.call) route.call = question.call(here.prediction);
  return route;
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> Do(const twin::Description& description,
                                   const Eigen::Ref<const Eigen::VectorXd>& base,
                                   const std::vector<Assignment>& assignments) {
  PARALLAX_RETURN_IF_ERROR(Differing(description, base, base).status());
  Eigen::VectorXd changed = base;
  std::vector<int> done;
  for (const Assignment& assignment : assignments) {
    const int k = twin::ParameterIndex(description, assignment.parameter);
    if (k < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("twin %s has no parameter %s", description.name, assignment.parameter));
    }
    if (std::find(done.begin(), done.end(), k) != done.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("parameter %s is assigned twice", assignment.parameter));
    }
    done.push_back(k);
    changed[k] = assignment.value;
  }
  return changed;
}

absl::StatusOr<MechanismReplays> ReplayMechanisms(
    const twin::Description& description, const Eigen::Ref<const Eigen::VectorXd>& assumed,
    const Eigen::Ref<const Eigen::VectorXd>& calibrated, const WorldFigure& figure) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<size_t> changed,
                            Differing(description, assumed, calibrated));
  AskedWorlds worlds(figure);
  MechanismReplays replays;
  PARALLAX_ASSIGN_OR_RETURN(replays.assumed, worlds.Of(assumed));
  PARALLAX_ASSIGN_OR_RETURN(replays.calibrated, worlds.Of(calibrated));
  std::vector<MechanismReplay>& list = replays.mechanisms;
  for (size_t k : changed) {
    const twin::Parameter& parameter = description.parameters[k];
    const auto is = [&](const MechanismReplay& r) { return r.mechanism == parameter.mechanism; };
    auto found = std::find_if(list.begin(), list.end(), is);
    if (found == list.end()) found = list.insert(list.end(), {parameter.mechanism, {}});
    found->parameters.push_back(parameter.name);
  }
  for (MechanismReplay& replay : list) {
    Eigen::VectorXd alone = assumed, without = calibrated;
    for (const std::string& name : replay.parameters) {
      const int k = twin::ParameterIndex(description, name);
      alone[k] = calibrated[k];
      without[k] = assumed[k];
    }
    PARALLAX_ASSIGN_OR_RETURN(replay.alone, worlds.Of(alone));
    PARALLAX_ASSIGN_OR_RETURN(replay.without, worlds.Of(without));
  }
  return replays;
}

absl::StatusOr<NaturalEffects> DivideAtMediators(const Worlds& worlds,
                                                 const std::vector<std::string>& mediators,
                                                 const Question& question) {
  PARALLAX_ASSIGN_OR_RETURN(const Replayer replayer, Replayer::Make(worlds));
  PARALLAX_ASSIGN_OR_RETURN(const World after, replayer.Predict(worlds.after, replayer.Natural()));
  return DivideAt(replayer, worlds, after, mediators, question);
}

absl::StatusOr<MediatedEffect> DivideAtEach(const Graph& graph, const Worlds& worlds,
                                            const Question& question, const PathLimits& limits) {
  int cut_short = 0;
  PARALLAX_ASSIGN_OR_RETURN(const RouteCounts counts,
                            CountRoutes(graph, worlds, question.node, limits, &cut_short));
  PARALLAX_ASSIGN_OR_RETURN(const Replayer replayer, Replayer::Make(worlds));
  PARALLAX_ASSIGN_OR_RETURN(const World after, replayer.Predict(worlds.after, replayer.Natural()));
  MediatedEffect effect;
  effect.before = question.figure(replayer.before().prediction);
  effect.after = question.figure(after.prediction);
  effect.total = effect.after - effect.before;
  if (effect.total == 0.0) return effect;
  std::set<std::string> passed;
  for (const auto& [mediators, paths] : counts) passed.insert(mediators.begin(), mediators.end());
  for (const twin::Mediator& mediator : worlds.twin.mediation()->mediators()) {
    if (!passed.contains(mediator.name)) continue;
    PARALLAX_ASSIGN_OR_RETURN(const NaturalEffects at,
                              DivideAt(replayer, worlds, after, {mediator.name}, question));
    effect.mediators.push_back(
        {mediator.name, mediator.label, at.indirect / at.total, at.direct / at.total});
  }
  return effect;
}

absl::StatusOr<RouteEffects> DivideAmongRoutes(const Graph& graph, const Worlds& worlds,
                                               const Question& question, const PathLimits& limits) {
  RouteEffects effects;
  PARALLAX_ASSIGN_OR_RETURN(const RouteCounts counts,
                            CountRoutes(graph, worlds, question.node, limits, &effects.cut_short));
  PARALLAX_ASSIGN_OR_RETURN(const Replayer replayer, Replayer::Make(worlds));
  PARALLAX_ASSIGN_OR_RETURN(const World after, replayer.Predict(worlds.after, replayer.Natural()));
  PARALLAX_ASSIGN_OR_RETURN(const World direct,
                            replayer.Predict(worlds.after, replayer.AsBefore()));
  effects.before = question.figure(replayer.before().prediction);
  effects.after = question.figure(after.prediction);
  effects.total = effects.after - effects.before;
  if (question.call) {
    effects.call_before = question.call(replayer.before().prediction);
    effects.call_after = question.call(after.prediction);
  }
  for (const auto& [mediators, paths] : counts) {
    PARALLAX_ASSIGN_OR_RETURN(Route route, Walk(replayer, worlds, direct, mediators, question));
    route.paths = paths;
    effects.sum += route.effect;
    effects.routes.push_back(std::move(route));
  }
  effects.interaction = effects.total - effects.sum;
  std::stable_sort(
      effects.routes.begin(), effects.routes.end(),
      [](const Route& a, const Route& b) { return std::abs(a.effect) > std::abs(b.effect); });
  return effects;
}

}  // namespace parallax::causal
