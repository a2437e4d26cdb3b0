#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/pipeline/aim_score.h"
#include "core/pipeline/canonical_json.h"
#include "core/pipeline/design.h"
#include "core/pipeline/design_json.h"
#include "core/pipeline/design_setup.h"
#include "core/pipeline/design_words.h"
#include "core/pipeline/progress.h"
#include "core/pipeline/run_outcomes.h"
#include "core/pipeline/suggest.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;

constexpr int kRandomRecipes = 160;
/// Recipes at which an outcome is asked: anywhere, and where most of it is promised.
constexpr size_t kAskedAnywhere = 32, kAskedAtBest = 8;

const char* AimName(DesignAim aim) {
  switch (aim) {
    case DesignAim::kGroup:
      return "GROUP";
    case DesignAim::kOutcome:
      return "OUTCOME";
    case DesignAim::kTarget:
      return "TARGET";
  }
  return "";
}

absl::Status CheckRequest(const DesignInput& input, const SuggestRequest& request,
                          const ReportVerdict& verdict) {
  if (request.count < 1 || request.count > kMostSuggested) {
    return base::InvalidField({.field = "count",
                               .value = absl::StrFormat("%d", request.count),
                               .bound = absl::StrFormat("in [1, %d]", kMostSuggested),
                               .next_step = ""});
  }
  if (request.aim == DesignAim::kGroup && !request.outcome.empty()) {
    return base::InvalidField({.field = "outcome",
                               .value = request.outcome,
                               .bound = "empty where the aim is GROUP",
                               .next_step = "ask for the aim OUTCOME or TARGET"});
  }
  if (request.aim == DesignAim::kTarget && request.outcome.empty()) {
    return base::InvalidField({.field = "outcome",
                               .value = "",
                               .bound = "given where the aim is TARGET",
                               .next_step = "name one, or ask for the aim OUTCOME"});
  }
  if (request.aim == DesignAim::kGroup && verdict.kind != "AMBIGUOUS") {
    return absl::FailedPreconditionError(absl::StrFormat(
        "verdict is %s%s, must be AMBIGUOUS for the aim GROUP: there is no group to tell apart; "
        "the "
        "aim OUTCOME asks for the run that makes predictions most certain",
        verdict.kind,
        verdict.parameters.empty() ? "" : " of " + absl::StrJoin(verdict.parameters, ", ")));
  }
  if (request.outcome.empty()) return absl::OkStatus();
  return FindRecordedOutcome(input.twin.description(), AllRuns(input), request.outcome).status();
}

/// Of recorded outcomes the one that is open by most of its own scatter over some candidates.
Eigen::Index LeastCertain(const DesignBench& bench, const std::vector<twin::Trust>& trust,
                          const std::vector<DesignCandidate>& candidates, size_t looked_at,
                          const std::vector<Eigen::Index>& outcomes) {
  Eigen::Index least = outcomes.front();
  double most_open = -1.0;
  for (const Eigen::Index outcome : outcomes) {
    double open = 0.0;
    for (size_t i = 0; i < looked_at; ++i) {
      open += ExpectOutcome(bench, trust, candidates[i], outcome).EpistemicShare();
    }
    if (!(open > most_open)) continue;
    most_open = open;
    least = outcome;
  }
  return least;
}

/// A run as a verdict would weigh it: every assumption that an explanation does not blame is as
/// assumed. Errors: those of core/design.
absl::StatusOr<design::RivalPredictions::Mixture> AsVerdictsWeigh(
    const DesignBench& bench, const DesignCandidate& candidate) {
  PARALLAX_ASSIGN_OR_RETURN(const design::Noise noise,
                            design::Noise::Full(candidate.own_covariance));
  std::vector<design::Explanation> explanations;
  for (size_t h = 0; h < candidate.foreseen.size(); ++h) {
    const CampaignHypothesis& one = bench.belief.hypotheses()[h];
    explanations.push_back({.name = one.name,
                            .weight = std::max(one.probability, 1e-12),
                            .prediction = candidate.foreseen[h].rows,
                            .sensitivities = candidate.foreseen[h].sensitivity,
                            .covariance = one.covariance});
  }
  PARALLAX_ASSIGN_OR_RETURN(const design::RivalPredictions rivals,
                            design::RivalPredictions::Make(explanations, noise));
  return rivals.Reduce();
}

/// Makes one suggestion; borrows everything.
class Suggester {
 public:
  Suggester(const DesignInput& input, const SuggestRequest& request, const ReportVerdict& verdict,
            const RecipeBox& box, const DesignSetup& setup)
      : input_(input),
        request_(request),
        verdict_(verdict),
        setup_(setup),
        bench_(setup.Bench(input, box)),
        trust_(twin::TrustIn(input.twin.description().name)),
        outcomes_(RecordedOutcomes(input.twin.description(), AllRuns(input))) {}

  absl::StatusOr<DesignResult> Suggest(const ProgressCallback& progress) {
    PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "foresee", 0.7));
    PARALLAX_ASSIGN_OR_RETURN(DesignPoints points,
                              DesignPointsOf(bench_.box, kRandomRecipes, input_.seed));
    PARALLAX_ASSIGN_OR_RETURN(std::vector<DesignCandidate> candidates, ForeseeAll(bench_, &points));
    PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "choose", 0.8));
    PARALLAX_RETURN_IF_ERROR(Aim(candidates, points.random));
    PARALLAX_ASSIGN_OR_RETURN(chosen_, ChooseRuns(bench_, *score_, std::move(candidates),
                                                  points.random, {.count = request_.count}));
    PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "check", 0.9));
    json experiments = json::array();
    for (const ChosenRun& run : chosen_.runs) {
      PARALLAX_ASSIGN_OR_RETURN(json one, Describe(run, experiments.size() + 1));
      experiments.push_back(std::move(one));
    }
    return Write(std::move(experiments));
  }

 private:
  absl::Status Aim(const std::vector<DesignCandidate>& candidates, size_t random) {
    if (request_.aim == DesignAim::kGroup) {
      score_ = AboutGroup(bench_);
      return absl::OkStatus();
    }
    const twin::Description& description = input_.twin.description();
    if (!request_.outcome.empty()) {
      PARALLAX_ASSIGN_OR_RETURN(
          outcome_, FindRecordedOutcome(description, AllRuns(input_), request_.outcome));
    } else if (outcomes_.empty()) {
      return absl::FailedPreconditionError(
          "outcomes were recorded in 0 runs, must be in at least 1 for the aim OUTCOME");
    } else {
      outcome_ =
          LeastCertain(bench_, trust_, candidates, std::min(random, kAskedAnywhere), outcomes_);
    }
    std::vector<const DesignCandidate*> asked;
    for (size_t i = 0; i < random; ++i) asked.push_back(&candidates[i]);
    if (request_.aim == DesignAim::kTarget) {
      const double sign = request_.direction == GoalDirection::kMaximize ? 1.0 : -1.0;
      const size_t h = MostProbable(bench_.belief);
      std::stable_sort(asked.begin(), asked.end(),
                       [&](const DesignCandidate* a, const DesignCandidate* b) {
                         return sign * a->foreseen[h].outcome(outcome_) >
                                sign * b->foreseen[h].outcome(outcome_);
                       });
    }
    asked.resize(
        std::min(asked.size(), request_.aim == DesignAim::kTarget ? kAskedAtBest : kAskedAnywhere));
    for (const DesignCandidate* at : asked) {
      asked_slopes_.emplace_back(
          at->foreseen[MostProbable(bench_.belief)].outcome_slope.row(outcome_));
    }
    PARALLAX_ASSIGN_OR_RETURN(score_, AboutOutcome(bench_, outcome_, asked));
    return absl::OkStatus();
  }

  std::string OutcomeName() const {
    return input_.twin.description().outcomes[static_cast<size_t>(outcome_)].channel_id;
  }

  absl::StatusOr<json> Describe(const ChosenRun& run, size_t rank) {
    const DesignCandidate& candidate = run.candidate;
    PARALLAX_ASSIGN_OR_RETURN(const design::Estimate check, score_->Check(candidate, input_.seed));
    std::vector<std::string> warnings = Extrapolations(bench_, candidate);
    warnings.insert(warnings.end(), setup_.warnings.begin(), setup_.warnings.end());
    const json recipe = RecipeJson(candidate.planned.run);
    json out = {
        {"rank", rank},
        {"recipe", recipe},
        {"substrate", recipe.at("substrate")},
        {"changes", ChangesJson(bench_.box, candidate.point)},
        {"information_nats", JsonNumber(run.gain_nats)},
        {"alone_nats", JsonNumber(run.alone_nats)},
        {"nested_monte_carlo",
         {{"nats", JsonNumber(check.value)}, {"standard_error", JsonNumber(check.standard_error)}}},
        {"separates", json::array()},
        {"resolves_probability", nullptr},
        {"expected", ExpectedJson(bench_, trust_, candidate, outcomes_)},
        {"hours", JsonNumber(bench_.box.Hours(candidate.planned.run))},
        {"warnings", std::move(warnings)}};
    const std::string changes = ChangesInWords(bench_.box, candidate.point);
    std::string says;
    if (request_.aim == DesignAim::kGroup) {
      PARALLAX_ASSIGN_OR_RETURN(says, DescribeGroup(run, &out));
    } else {
      PARALLAX_ASSIGN_OR_RETURN(says, DescribeOutcome(run, &out));
    }
    out["headline"] = absl::StrCat("Run ", changes, ": ", says, ".");
    if (rank == 1) headline_ = out["headline"];
    return out;
  }

  absl::StatusOr<std::string> DescribeGroup(const ChosenRun& run, json* out) const {
    PARALLAX_ASSIGN_OR_RETURN(const design::RivalPredictions::Mixture mixture,
                              AsVerdictsWeigh(bench_, run.candidate));
    const std::vector<PairSeparation> pairs =
        PairsOf(bench_, run.candidate, design::BoundSeparation(mixture).divergence);
    const auto name = [&](size_t h) { return bench_.belief.hypotheses()[h].name; };
    design::SeparationOptions options;
    options.seed = input_.seed;
    for (const PairSeparation& pair : pairs) {
      options.lead_nats = std::max(options.lead_nats, pair.needed);
      if (&pair != &pairs.front() && pair.nats < pair.needed) continue;
      (*out)["separates"].push_back({name(pair.one), name(pair.other)});
    }
    PARALLAX_ASSIGN_OR_RETURN(const design::Separation separation,
                              design::SimulateSeparation(mixture, options));
    (*out)["resolves_probability"] = JsonNumber(separation.resolved.value);
    (*out)["would_change"] = WouldChange(bench_, run.candidate, pairs.front());
    return absl::StrFormat(
        "tells %s from %s by %.3g nats on average and decides with probability %.2f",
        name(pairs.front().one), name(pairs.front().other), pairs.front().nats,
        separation.resolved.value);
  }

  absl::StatusOr<std::string> DescribeOutcome(const ChosenRun& run, json* out) const {
    const Eigen::MatrixXd& before =
        bench_.belief.hypotheses()[MostProbable(bench_.belief)].wide_covariance;
    PARALLAX_ASSIGN_OR_RETURN(const design::Belief belief, design::Belief::Make(before));
    const Eigen::MatrixXd after = belief.Posterior(run.aimed.information);
    const auto open = [&](const Eigen::MatrixXd& covariance) {
      double square = 0.0;
      for (const Eigen::RowVectorXd& slope : asked_slopes_) {
        square += slope * covariance.topLeftCorner(slope.size(), slope.size()) * slope.transpose();
      }
      return std::sqrt(square / static_cast<double>(asked_slopes_.size()));
    };
    const std::string& unit =
        input_.twin.description().outcomes[static_cast<size_t>(outcome_)].unit;
    (*out)["would_change"] = absl::StrFormat(
        "What is open about %s %s would fall from %s to %s (1 sd).", OutcomeName(),
        request_.aim == DesignAim::kTarget ? "of the recipes that promise most" : "of any recipe",
        SayValue(open(before), unit), SayValue(open(after), unit));
    return absl::StrFormat("tells %.3g nats about %s", run.alone_nats, OutcomeName());
  }

  std::string Because() const {
    std::vector<std::string> rivals;
    for (const CampaignHypothesis& one : bench_.belief.hypotheses()) {
      rivals.push_back(absl::StrFormat("%s (%.2f)", one.name, one.probability));
    }
    if (request_.aim == DesignAim::kGroup) {
      return absl::StrCat(
          "The runs cannot say which explanation holds: ", absl::StrJoin(rivals, ", "), ".");
    }
    const char* why = request_.aim == DesignAim::kTarget ? "was asked for where most is promised"
                      : request_.outcome.empty()         ? "is open by most beside its own scatter"
                                                         : "was asked for";
    return absl::StrFormat("%s %s; explanations: %s.", OutcomeName(), why,
                           absl::StrJoin(rivals, ", "));
  }

  DesignResult Write(json experiments) const {
    const bool group = request_.aim == DesignAim::kGroup;
    std::vector<std::string> parameters;
    for (const CampaignHypothesis& one : bench_.belief.hypotheses()) {
      if (group) parameters.push_back(one.name);
    }
    const json root = {{"format", "parallax.design/1"},
                       {"kind", "SUGGESTION"},
                       {"rig", input_.rig.id},
                       {"twin", input_.twin.description().name},
                       {"seed", input_.seed},
                       {"verdict", verdict_.kind},
                       {"aim",
                        {{"about", AimName(request_.aim)},
                         {"parameters", std::move(parameters)},
                         {"outcome", group ? json(nullptr) : json(OutcomeName())}}},
                       {"because", Because()},
                       {"experiments", std::move(experiments)},
                       {"batch_information_nats", JsonNumber(chosen_.joint_nats)},
                       {"random",
                        {{"median_nats", JsonNumber(chosen_.random_median)},
                         {"best_nats", JsonNumber(chosen_.random_best)},
                         {"count", chosen_.random}}}};
    return {.json = CanonicalJson(root), .headline = headline_};
  }

  const DesignInput& input_;
  const SuggestRequest& request_;
  const ReportVerdict& verdict_;
  const DesignSetup& setup_;
  const DesignBench bench_;
  const std::vector<twin::Trust> trust_;
  const std::vector<Eigen::Index> outcomes_;  ///< recorded
  Eigen::Index outcome_ = -1;                 ///< that is asked about
  std::vector<Eigen::RowVectorXd> asked_slopes_;
  std::unique_ptr<AimScore> score_;
  ChosenRuns chosen_;
  std::string headline_;
};

}  // namespace

absl::StatusOr<DesignResult> SuggestFrom(const DesignInput& input, const SuggestRequest& request,
                                         const RecipeBox& box, const DesignSetup& setup,
                                         const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(const ReportVerdict verdict, ReadVerdict(input.report_json));
  if (request.aim == DesignAim::kGroup && setup.belief->hypotheses().size() < 2) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "explanations by parameters alone: %d (%s), must be at least 2 for the aim "
        "GROUP; the runs may have changed since the report",
        setup.belief->hypotheses().size(), setup.belief->hypotheses().front().name));
  }
  return Suggester(input, request, verdict, box, setup).Suggest(progress);
}

absl::StatusOr<DesignResult> SuggestExperiments(const DesignInput& input,
                                                const SuggestRequest& request,
                                                const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(const ReportVerdict verdict, ReadVerdict(input.report_json));
  PARALLAX_RETURN_IF_ERROR(CheckRequest(input, request, verdict));
  PARALLAX_ASSIGN_OR_RETURN(const RecipeBox box, BoxOf(input, request.limits));
  PARALLAX_ASSIGN_OR_RETURN(const DesignSetup setup, SetUpDesign(input, progress));
  return SuggestFrom(input, request, box, setup, progress);
}

}  // namespace parallax::pipeline
