#include "core/design/goal.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"
#include "core/design/goal_search.h"
#include "core/design/local_search.h"

namespace parallax::design {
namespace {

constexpr int kTriesPerPoint = 64;    ///< Sobol' points looked at for each feasible one wanted
constexpr double kStartsApart = 0.1;  ///< largest knob difference between starts, in [0, 1]^d
constexpr double kAtBound = 0.02;     ///< of a margin's spread over the points screened
constexpr double kFirstStep = 0.1;

absl::Status CheckGoal(const Goal& goal, const GoalOptions& options) {
  for (const GoalConstraint& one : goal.constraints) {
    if (!(one.probability > 0.0) || one.probability > 1.0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "constraint \"%s\": probability = %g, must be in (0, 1]", one.name, one.probability));
    }
  }
  if (goal.threshold.has_value() && !std::isfinite(*goal.threshold)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("threshold = %g, must be finite", *goal.threshold));
  }
  if (options.aim == GoalAim::kProbability && !goal.threshold.has_value()) {
    return absl::InvalidArgumentError("no threshold: there is none to reach with any probability");
  }
  if (options.screened < 8 || options.starts < 1 || options.max_evaluations < 10 ||
      !(options.tolerance > 0.0) || !(options.constraint_margin_sd >= 0.0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "screened = %d, starts = %d, max_evaluations = %d, tolerance = %g, constraint_margin_sd = "
        "%g, must be >= 8, >= 1, >= 10, > 0, >= 0",
        options.screened, options.starts, options.max_evaluations, options.tolerance,
        options.constraint_margin_sd));
  }
  return absl::OkStatus();
}

/// Points screened that gave draws.
struct Screen {
  std::vector<Eigen::VectorXd> units;
  std::vector<GoalDraws> draws;
  int evaluations = 0;
  int refused = 0;
};

absl::StatusOr<Screen> ScreenBox(const KnobBox& box, const Feasible& feasible, const Goal& goal,
                                 const DrawOutcomes& draw, const GoalOptions& options) {
  PARALLAX_ASSIGN_OR_RETURN(const Candidates candidates,
                            DrawCandidates(box, feasible,
                                           {.count = options.screened,
                                            .most_tries = kTriesPerPoint * options.screened,
                                            .seed = options.seed}));
  const auto count = static_cast<size_t>(candidates.points.rows());
  std::vector<absl::StatusOr<GoalDraws>> drawn(count, absl::UnknownError("not drawn"));
  base::ParallelFor(count, [&](size_t i) {
    drawn[i] =
        draw(candidates.points.row(static_cast<Eigen::Index>(i)).transpose(), DrawSet::kSearch);
  });
  Screen screen{.evaluations = static_cast<int>(count), .refused = candidates.refused};
  absl::Status failure;
  for (size_t i = 0; i < count; ++i) {
    if (!drawn[i].ok()) {
      ++screen.refused;
      failure.Update(drawn[i].status());
      continue;
    }
    PARALLAX_RETURN_IF_ERROR(CheckDraws(*drawn[i], goal));
    screen.units.emplace_back(candidates.unit.row(static_cast<Eigen::Index>(i)).transpose());
    screen.draws.push_back(*std::move(drawn[i]));
  }
  if (screen.units.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("none of %d points gives an outcome, the first because: %s", count,
                        std::string(failure.message())));
  }
  return screen;
}

/// The best points screened that are apart from each other, best first; at least one.
std::vector<size_t> StartsOf(const Screen& screen, const std::vector<Merit>& merits, int most) {
  std::vector<size_t> order(merits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return IsBetter(merits[a], merits[b]); });
  std::vector<size_t> starts;
  for (const size_t one : order) {
    if (static_cast<int>(starts.size()) == most) break;
    const bool apart = std::all_of(starts.begin(), starts.end(), [&](size_t other) {
      return (screen.units[one] - screen.units[other]).cwiseAbs().maxCoeff() >= kStartsApart;
    });
    if (apart) starts.push_back(one);
  }
  return starts;
}

/// Where a search came to.
struct Found {
  Eigen::VectorXd point;
  Merit merit;
  int evaluations = 0;
  int refused = 0;
  GoalEnd end = GoalEnd::kConverged;
};

Found ClimbAll(const KnobBox& box, const Feasible& feasible, const Goal& goal,
               const DrawOutcomes& draw, const GoalOptions& options, const Screen& screen,
               const GoalScorer& scorer) {
  std::vector<Merit> merits;
  for (const GoalDraws& one : screen.draws) merits.push_back(scorer.Of(one));
  const std::vector<size_t> starts = StartsOf(screen, merits, options.starts);
  Found found{.point = box.FromUnit(screen.units[starts.front()]),
              .merit = merits[starts.front()],
              .evaluations = screen.evaluations,
              .refused = screen.refused};
  std::vector<Climb> climbs(box.continuous().empty() ? 0 : starts.size());
  base::ParallelFor(climbs.size(), [&](size_t i) {
    const Eigen::VectorXd& unit = screen.units[starts[i]];
    const auto merit_at = [&](const Eigen::VectorXd& moved) -> std::optional<Merit> {
      const Eigen::VectorXd point = box.FromMoved(unit, moved);
      if (!feasible(point).ok()) return std::nullopt;
      const absl::StatusOr<GoalDraws> draws = draw(point, DrawSet::kSearch);
      if (!draws.ok() || !CheckDraws(*draws, goal).ok()) return std::nullopt;
      return scorer.Of(*draws);
    };
    climbs[i] = ClimbFrom(unit(box.continuous()), merits[starts[i]], merit_at,
                          {.max_evaluations = options.max_evaluations,
                           .first_step = kFirstStep,
                           .tolerance = options.tolerance});
  });
  for (size_t i = 0; i < climbs.size(); ++i) {
    found.evaluations += climbs[i].evaluations;
    found.refused += climbs[i].refused;
    if (climbs[i].end == Climb::End::kEvaluationLimit) found.end = GoalEnd::kEvaluationLimit;
    if (!IsBetter(climbs[i].merit, found.merit)) continue;
    found.merit = climbs[i].merit;
    found.point = box.FromMoved(screen.units[starts[i]], climbs[i].unit);
  }
  if (Violation(found.merit) > 0.0) found.end = GoalEnd::kNotFeasible;
  return found;
}

ConstraintAtGoal ConstraintOf(const GoalConstraint& constraint,
                              const Eigen::Ref<const Eigen::VectorXd>& margins,
                              double search_margin) {
  ConstraintAtGoal at{.name = constraint.name};
  at.kept = CountedProbability(static_cast<int>((margins.array() >= 0.0).count()),
                               static_cast<int>(margins.size()));
  at.margin = KeptMargin(margins, constraint.probability);
  if (search_margin <= kAtBound) at.state = ConstraintState::kActive;
  if (at.kept.high < constraint.probability) at.state = ConstraintState::kViolated;
  return at;
}

KnobState StateOf(const Knob& knob, double value, double unit, double tolerance) {
  if (knob.choices.size() == 1 || (knob.choices.empty() && knob.low == knob.high)) {
    return KnobState::kHeld;
  }
  const double low = knob.choices.empty() ? knob.low : knob.choices.front();
  const double high = knob.choices.empty() ? knob.high : knob.choices.back();
  if (value <= low || unit <= tolerance) return KnobState::kAtLow;
  if (value >= high || unit >= 1.0 - tolerance) return KnobState::kAtHigh;
  return KnobState::kInside;
}

void DescribeOutcomes(const Goal& goal, const Eigen::VectorXd& outcomes, GoalResult& result) {
  const std::vector<double> values(outcomes.begin(), outcomes.end());
  const double n = static_cast<double>(outcomes.size()), mean = outcomes.mean();
  result.expected = {
      .value = mean,
      .standard_error = std::sqrt((outcomes.array() - mean).square().sum() / (n * (n - 1.0))),
      .draws = static_cast<int>(outcomes.size())};
  result.low = base::Quantile(values, 0.05);
  result.median = base::Quantile(values, 0.5);
  result.high = base::Quantile(values, 0.95);
  if (!goal.threshold.has_value()) return;
  const bool up = goal.direction == GoalDirection::kMaximize;
  const auto hits = std::count_if(values.begin(), values.end(), [&](double value) {
    return up ? value >= *goal.threshold : value <= *goal.threshold;
  });
  result.reaching = CountedProbability(static_cast<int>(hits), static_cast<int>(outcomes.size()));
}

}  // namespace

absl::StatusOr<GoalResult> SeekGoal(const KnobBox& box, const Feasible& feasible, const Goal& goal,
                                    const DrawOutcomes& draw, const GoalOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckGoal(goal, options));
  PARALLAX_ASSIGN_OR_RETURN(const Screen screen, ScreenBox(box, feasible, goal, draw, options));
  PARALLAX_ASSIGN_OR_RETURN(const GoalScorer scorer, GoalScorer::Make(goal, options, screen.draws));
  Found found = ClimbAll(box, feasible, goal, draw, options, screen, scorer);
  PARALLAX_ASSIGN_OR_RETURN(const GoalDraws searched, draw(found.point, DrawSet::kSearch));
  PARALLAX_ASSIGN_OR_RETURN(const GoalDraws reported, draw(found.point, DrawSet::kReport));
  PARALLAX_RETURN_IF_ERROR(CheckDraws(reported, goal));
  GoalResult result{.point = found.point,
                    .evaluations = found.evaluations + 2,
                    .refused = found.refused,
                    .end = found.end};
  DescribeOutcomes(goal, reported.outcomes, result);
  const double sign = goal.direction == GoalDirection::kMaximize ? 1.0 : -1.0;
  result.optimism = sign * (searched.outcomes.mean() - result.expected.value);
  for (size_t j = 0; j < goal.constraints.size(); ++j) {
    const auto column = static_cast<Eigen::Index>(j);
    result.constraints.push_back(ConstraintOf(goal.constraints[j], reported.margins.col(column),
                                              found.merit.margins(column)));
  }
  const Eigen::VectorXd unit = box.ToUnit(found.point);
  for (Eigen::Index j = 0; j < box.size(); ++j) {
    result.knobs.push_back(
        StateOf(box.knobs()[static_cast<size_t>(j)], found.point(j), unit(j), options.tolerance));
  }
  return result;
}

}  // namespace parallax::design
