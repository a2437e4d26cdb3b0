#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/design/goal.h"
#include "core/pipeline/canonical_json.h"
#include "core/pipeline/design.h"
#include "core/pipeline/design_json.h"
#include "core/pipeline/design_setup.h"
#include "core/pipeline/design_words.h"
#include "core/pipeline/progress.h"
#include "core/pipeline/run_outcomes.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;

constexpr int kSearchDraws = 24, kReportDraws = 256;
constexpr uint64_t kGoalStream = 0x676f616c;  // "goal"
/// Margin of a prediction that stays within what the twin is meant for; there is no measure of how
/// far within.
constexpr double kWithin = 0.05;

/// One world that the campaign leaves open.
struct OpenWorld {
  Eigen::VectorXd natural;  ///< parameters
  double chance = 0.0;      ///< of the outcome's own scatter, standard normal
};

/// Explanations as often as they are probable, to less than one draw; within each all parameters
/// free.
std::vector<OpenWorld> DrawWorlds(const CampaignBelief& belief, int count, uint64_t seed,
                                  uint64_t stream) {
  const std::vector<CampaignHypothesis>& hypotheses = belief.hypotheses();
  const CampaignModel& coordinates = belief.coordinates();
  const Eigen::Index parameters = belief.parameters();
  std::vector<OpenWorld> worlds;
  size_t h = 0;
  double upto = hypotheses.front().probability;
  for (int i = 0; i < count; ++i) {
    while (upto < (i + 0.5) / count && h + 1 < hypotheses.size()) {
      upto += hypotheses[++h].probability;
    }
    const Eigen::MatrixXd root =
        hypotheses[h].wide_covariance.topLeftCorner(parameters, parameters).llt().matrixL();
    base::Random random(seed, stream + static_cast<uint64_t>(i));
    Eigen::VectorXd chance(parameters);
    for (double& x : chance) x = random.Normal();
    Eigen::VectorXd z = hypotheses[h].mean.head(parameters) + root * chance;
    for (int p = 0; p < static_cast<int>(parameters); ++p) {
      z(p) = std::clamp(z(p), coordinates.lower(p), coordinates.upper(p));
    }
    worlds.push_back({coordinates.Natural(z), random.Normal()});
  }
  return worlds;
}

/// How far a prediction keeps within the ranges that the twin is meant for, in widths of a range.
double DomainMargin(const twin::Description& description, const twin::Prediction& prediction) {
  double margin = kWithin;
  for (const twin::DomainRange& reached : prediction.outside_domain) {
    for (const twin::DomainRange& range : description.domain) {
      if (range.quantity != reached.quantity) continue;
      const double left = std::min(range.high - reached.high, reached.low - range.low);
      margin = std::min(margin, left / (range.high - range.low));
    }
  }
  return margin;
}

/// Seeks one goal; borrows everything.
class GoalSeeker {
 public:
  GoalSeeker(const DesignInput& input, const GoalRequest& request, Eigen::Index outcome,
             const RecipeBox& box, const DesignSetup& setup)
      : input_(input),
        request_(request),
        outcome_(outcome),
        setup_(setup),
        bench_(setup.Bench(input, box)),
        trust_(twin::TrustIn(input.twin.description().name)),
        search_(DrawWorlds(*setup.belief, kSearchDraws, input.seed, kGoalStream)),
        report_(DrawWorlds(*setup.belief, kReportDraws, input.seed, kGoalStream + (1u << 20))) {
    for (const signal::RunRecord* run : AllRuns(input)) {
      const std::optional<double> value = MeasuredOutcome(*run, request.outcome);
      if (!value || (best_run_ && !Better(*value, best_value_))) continue;
      best_run_ = run;
      best_value_ = *value;
    }
  }

  absl::StatusOr<DesignResult> Seek(const ProgressCallback& progress) {
    PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "seek", 0.7));
    design::Goal goal;
    goal.direction =
        Maximizes() ? design::GoalDirection::kMaximize : design::GoalDirection::kMinimize;
    goal.threshold = request_.threshold.value_or(best_value_);
    goal.constraints = {{.name = "within what the twin is meant for"}};
    design::GoalOptions options;
    options.screened = 64;
    options.starts = 2;
    options.max_evaluations = 60;
    options.seed = input_.seed;
    PARALLAX_ASSIGN_OR_RETURN(
        const design::GoalResult found,
        design::SeekGoal(
            bench_.box.box(),
            [this](const Eigen::VectorXd& point) { return bench_.box.Build(point).status(); }, goal,
            [this](const Eigen::VectorXd& point, design::DrawSet set) {
              return Draw(point, set == design::DrawSet::kSearch ? search_ : report_);
            },
            options));
    PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "foresee", 0.95));
    PARALLAX_ASSIGN_OR_RETURN(const DesignCandidate candidate, Foresee(bench_, found.point));
    return Write(found, candidate, *goal.threshold);
  }

 private:
  bool Maximizes() const { return request_.direction == GoalDirection::kMaximize; }
  bool Better(double a, double b) const { return Maximizes() ? a > b : a < b; }

  absl::StatusOr<design::GoalDraws> Draw(const Eigen::VectorXd& point,
                                         const std::vector<OpenWorld>& worlds) const {
    PARALLAX_ASSIGN_OR_RETURN(const signal::Run run, bench_.box.Build(point));
    PARALLAX_ASSIGN_OR_RETURN(
        const twin::Drive drive,
        input_.twin.Prepare(input_.rig, {.run = run}, twin::DriveMode::kRecipe));
    design::GoalDraws draws{.outcomes = Eigen::VectorXd(std::ssize(worlds)),
                            .margins = Eigen::MatrixXd(std::ssize(worlds), 1)};
    std::vector<absl::Status> statuses(worlds.size());
    base::ParallelFor(worlds.size(), [&](size_t i) {
      twin::Prediction prediction;
      statuses[i] = input_.twin.Predict(worlds[i].natural, drive, &prediction, nullptr);
      if (!statuses[i].ok()) return;
      const auto k = static_cast<Eigen::Index>(i);
      const double scatter =
          OutcomeScatter(input_.twin.description(), trust_, request_.outcome, prediction.outcome);
      // A height, a share, a diameter or a ratio is not below nothing.
      draws.outcomes(k) = std::max(0.0, prediction.outcome(outcome_) + scatter * worlds[i].chance);
      draws.margins(k, 0) = DomainMargin(input_.twin.description(), prediction);
    });
    for (const absl::Status& status : statuses) PARALLAX_RETURN_IF_ERROR(status);
    return draws;
  }

  json Describe(const design::GoalResult& found, const DesignCandidate& candidate) const {
    std::vector<std::string> warnings = Extrapolations(bench_, candidate);
    warnings.insert(warnings.end(), setup_.warnings.begin(), setup_.warnings.end());
    if (found.end == design::GoalEnd::kNotFeasible) {
      warnings.emplace_back("No recipe of the box stays within what the twin is meant for.");
    }
    const json recipe = RecipeJson(candidate.planned.run);
    return {
        {"rank", 1},
        {"headline", Headline(found)},
        {"recipe", recipe},
        {"substrate", recipe.at("substrate")},
        {"changes", ChangesJson(bench_.box, candidate.point)},
        {"expected", ExpectedJson(bench_, trust_, candidate,
                                  RecordedOutcomes(input_.twin.description(), AllRuns(input_)))},
        {"expected_value", JsonNumber(found.expected.value)},
        {"low", JsonNumber(found.low)},
        {"high", JsonNumber(found.high)},
        {"probability_of_reaching", JsonNumber(found.reaching->value)},
        {"hours", JsonNumber(bench_.box.Hours(candidate.planned.run))},
        {"warnings", std::move(warnings)}};
  }

  std::string Headline(const design::GoalResult& found) const {
    const std::string& unit = Unit();
    return absl::StrFormat(
        "Run %s: %s of %s is expected (90%% of it in %s to %s); the best run so far, %s, had %s; "
        "reaches %s with probability %.2f.",
        ChangesInWords(bench_.box, found.point), request_.outcome,
        SayValue(found.expected.value, unit), SayValue(found.low, unit), SayValue(found.high, unit),
        best_run_->run.id, SayValue(best_value_, unit),
        SayValue(request_.threshold.value_or(best_value_), unit), found.reaching->value);
  }

  const std::string& Unit() const {
    return input_.twin.description().outcomes[static_cast<size_t>(outcome_)].unit;
  }

  DesignResult Write(const design::GoalResult& found, const DesignCandidate& candidate,
                     double threshold) const {
    const json root = {
        {"format", "parallax.design/1"},
        {"kind", "GOAL"},
        {"rig", input_.rig.id},
        {"twin", input_.twin.description().name},
        {"seed", input_.seed},
        {"goal",
         {{"outcome", request_.outcome},
          {"unit", Unit()},
          {"direction", Maximizes() ? "MAXIMIZE" : "MINIMIZE"},
          {"threshold", JsonNumber(threshold)}}},
        {"because",
         "Every recipe was judged by the same draws of what the campaign "
         "leaves open: explanations, parameters, scatter."},
        {"experiments", json::array({Describe(found, candidate)})},
        {"best_run", {{"run", best_run_->run.id}, {"value", JsonNumber(best_value_)}}},
        {"evaluations", found.evaluations}};
    return {.json = CanonicalJson(root), .headline = Headline(found)};
  }

  const DesignInput& input_;
  const GoalRequest& request_;
  const Eigen::Index outcome_;
  const DesignSetup& setup_;
  const DesignBench bench_;
  const std::vector<twin::Trust> trust_;
  const std::vector<OpenWorld> search_, report_;
  const signal::RunRecord* best_run_ = nullptr;
  double best_value_ = 0.0;
};

}  // namespace

absl::StatusOr<DesignResult> SeekFrom(const DesignInput& input, const GoalRequest& request,
                                      const RecipeBox& box, const DesignSetup& setup,
                                      const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::Index outcome,
      FindRecordedOutcome(input.twin.description(), AllRuns(input), request.outcome));
  return GoalSeeker(input, request, outcome, box, setup).Seek(progress);
}

absl::StatusOr<DesignResult> SeekGoal(const DesignInput& input, const GoalRequest& request,
                                      const ProgressCallback& progress) {
  PARALLAX_RETURN_IF_ERROR(ReadVerdict(input.report_json).status());
  if (request.threshold && !std::isfinite(*request.threshold)) {
    return base::InvalidField({.field = "threshold",
                               .value = absl::StrFormat("%g", *request.threshold),
                               .bound = "finite",
                               .next_step = ""});
  }
  PARALLAX_RETURN_IF_ERROR(
      FindRecordedOutcome(input.twin.description(), AllRuns(input), request.outcome).status());
  PARALLAX_ASSIGN_OR_RETURN(const RecipeBox box, BoxOf(input, request.limits));
  PARALLAX_ASSIGN_OR_RETURN(const DesignSetup setup, SetUpDesign(input, progress));
  return SeekFrom(input, request, box, setup, progress);
}

}  // namespace parallax::pipeline
