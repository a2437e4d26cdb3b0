#pragma once

#include <Eigen/Dense>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/causal/graph.h"
#include "core/twin/mediation.h"
#include "core/twin/twin.h"

/// Interventions on a twin, which is the structural causal model of its rig.
namespace parallax::causal {

/// do(parameter := value), by the parameter's name.
struct Assignment {
  std::string parameter;
  double value = 0.0;
};

/// `base` with only those parameters replaced.
/// Errors: InvalidArgument on a vector of another size, or naming an unknown parameter or one that
/// is assigned twice.
absl::StatusOr<Eigen::VectorXd> Do(const twin::Description& description,
                                   const Eigen::Ref<const Eigen::VectorXd>& base,
                                   const std::vector<Assignment>& assignments);

/// What a world comes to: a gap that is left, over any number of runs. It takes the parameters in
/// whatever coordinates the worlds are given in.
using WorldFigure = std::function<absl::StatusOr<double>(const Eigen::VectorXd& parameters)>;

/// One mechanism replayed; a mechanism's parameters move together.
struct MechanismReplay {
  std::string mechanism;
  std::vector<std::string> parameters;  ///< those whose value was changed
  double alone = 0.0;                   ///< figure with only this mechanism as calibrated
  double without = 0.0;                 ///< figure with all but this one as calibrated
};

struct MechanismReplays {
  double assumed = 0.0;                     ///< figure under the assumed values
  double calibrated = 0.0;                  ///< figure under the calibrated values
  std::vector<MechanismReplay> mechanisms;  ///< in the order of the twin's parameters
};

/// Replays every mechanism in which `calibrated` differs from `assumed`: alone, and left out. No
/// world is asked for twice: of two mechanisms one alone is the other left out.
/// Errors: InvalidArgument on vectors of another size; what `figure` returns.
absl::StatusOr<MechanismReplays> ReplayMechanisms(
    const twin::Description& description, const Eigen::Ref<const Eigen::VectorXd>& assumed,
    const Eigen::Ref<const Eigen::VectorXd>& calibrated, const WorldFigure& figure);

/// What is asked of a prediction.
struct Question {
  std::string node;   ///< of the graph: "chirality"
  std::string label;  ///< in words: "share of (7,5)"
  std::string unit;
  std::function<double(const twin::Prediction&)> figure;
  std::string call_label{};  ///< in words: "dominant tube"
  /// Name of what comes out, "(7,5)"; empty where the question has none.
  std::function<std::string(const twin::Prediction&)> call{};
};

/// Two worlds for one run.
struct Worlds {
  const twin::Twin& twin;
  const twin::Drive& drive;
  Eigen::VectorXd before;  ///< parameters
  Eigen::VectorXd after;
};

/// Effect of going from `before` to `after`, divided at a set M of mediators; Y(p, M(q)) is the
/// figure under parameters p with M at its courses under q.
/// total = direct + indirect + interaction.
struct NaturalEffects {
  double before = 0.0;       ///< Y(before)
  double after = 0.0;        ///< Y(after)
  double total = 0.0;        ///< Y(after) − Y(before)
  double direct = 0.0;       ///< Y(after, M(before)) − Y(before)
  double indirect = 0.0;     ///< Y(before, M(after)) − Y(before)
  double interaction = 0.0;  ///< what remains
};

/// Source: Pearl, Direct and indirect effects (2001).
/// Errors: FailedPrecondition where the twin cannot hold mediators; InvalidArgument naming an
/// unknown mediator; what the twin returns.
absl::StatusOr<NaturalEffects> DivideAtMediators(const Worlds& worlds,
                                                 const std::vector<std::string>& mediators,
                                                 const Question& question);

/// What a single mediator carries of an effect, as shares of the total; what remains of 1 is
/// interaction.
struct MediatorShare {
  std::string name;
  std::string label;
  double through = 0.0;  ///< NaturalEffects::indirect
  double left = 0.0;     ///< NaturalEffects::direct: with the mediator held as before
};

/// An effect and what each mediator on its way carries of it.
struct MediatedEffect {
  double before = 0.0;
  double after = 0.0;
  double total = 0.0;
  std::vector<MediatorShare> mediators;  ///< in the twin's order; none where total is 0
};

/// DivideAtMediators at one mediator after the other: each that the graph's paths pass from the
/// parameters in which the two worlds differ to the question's node. Errors: as DivideAmongRoutes.
absl::StatusOr<MediatedEffect> DivideAtEach(const Graph& graph, const Worlds& worlds,
                                            const Question& question,
                                            const PathLimits& limits = {});

/// A mediator along a route in the two worlds, as the mean of its course.
struct MediatorChange {
  std::string name;
  std::string label;
  std::string unit;
  double before = 0.0;
  double after = 0.0;  ///< with nothing but this route, up to here, in the world after
};

/// All paths that pass the same mediators in the same order: what the twin can tell apart.
struct Route {
  std::vector<MediatorChange> mediators;  ///< none: what reaches the figure past every mediator
  int paths = 0;                          ///< of the graph
  double effect = 0.0;  ///< figure with nothing but this route in the world after, less `before`
  std::string call{};   ///< what comes out then; empty without Question::call
};

struct RouteEffects {
  double before = 0.0;
  double after = 0.0;
  double total = 0.0;
  std::vector<Route> routes;  ///< largest effect first
  double sum = 0.0;           ///< of their effects
  double interaction = 0.0;   ///< total − sum: routes that act together, and loops
  std::string call_before{};
  std::string call_after{};
  int cut_short = 0;  ///< walks not taken, as PathList::cut_short
};

/// Divides the effect of the parameters in which the two worlds differ among the routes that the
/// graph knows from them to the question's node. A route's effect is nested: the parameters move
/// its first mediator, that alone the second, and so on, every other mediator as before.
/// Source: Avin, Shpitser, Pearl, Identifiability of path-specific effects (2005).
/// A parameter that acts on no edge (conductivity in a tube furnace) has no route.
/// Errors: as DivideAtMediators; InvalidArgument where the worlds are the same; NotFound where the
/// graph lacks the node.
absl::StatusOr<RouteEffects> DivideAmongRoutes(const Graph& graph, const Worlds& worlds,
                                               const Question& question,
                                               const PathLimits& limits = {});

}  // namespace parallax::causal
