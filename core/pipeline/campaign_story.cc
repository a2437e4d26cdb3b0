#include "core/pipeline/campaign_story.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/causal/counterfactual.h"
#include "core/causal/narrative.h"
#include "core/causal/replay.h"
#include "core/pipeline/campaign_questions.h"
#include "core/pipeline/chirality.h"
#include "core/pipeline/ruled_out.h"

namespace parallax::pipeline {
namespace {

constexpr size_t kMostQuestions = 2;

/// The two worlds of one run.
struct TwoWorlds {
  twin::Prediction before, after;
};

absl::StatusOr<std::vector<TwoWorlds>> PredictBoth(const StoryInput& input) {
  std::vector<TwoWorlds> worlds(input.runs.size());
  std::vector<absl::Status> statuses(worlds.size());
  base::ParallelFor(worlds.size(), [&](size_t r) {
    const twin::Drive& drive = input.runs[r].drive;
    statuses[r] = input.twin.Predict(input.assumed, drive, &worlds[r].before, nullptr);
    if (!statuses[r].ok()) return;
    statuses[r] = input.twin.Predict(input.calibrated, drive, &worlds[r].after, nullptr);
  });
  for (const absl::Status& status : statuses) PARALLAX_RETURN_IF_ERROR(status);
  return worlds;
}

/// A question where it is changed most.
struct Setting {
  size_t run = 0;
  RunQuestion asked;
  double change = 0.0;  ///< of its figure, in least effects; below 1 it does not count
};

/// One setting a question, in the order in which QuestionsFor gives them.
std::vector<Setting> MostChanged(const StoryInput& input, const std::vector<TwoWorlds>& worlds) {
  std::vector<Setting> settings;
  for (size_t r = 0; r < input.runs.size(); ++r) {
    for (RunQuestion& asked : QuestionsFor(input.twin.description(), input.graph, input.runs[r])) {
      const double before = asked.question.figure(worlds[r].before);
      const double after = asked.question.figure(worlds[r].after);
      const double change = std::abs(after - before) / asked.LeastEffect(before);
      if (!std::isfinite(change)) continue;
      const auto same = std::find_if(settings.begin(), settings.end(), [&](const Setting& other) {
        return other.asked.question.node == asked.question.node;
      });
      if (same == settings.end()) {
        settings.push_back({r, std::move(asked), change});
      } else if (change > same->change) {
        *same = {r, std::move(asked), change};
      }
    }
  }
  return settings;
}

/// Those that the parameters change; where they change none, the first, whose story says so.
std::vector<Setting> ToldOf(std::vector<Setting> settings) {
  std::vector<Setting> told;
  for (Setting& setting : settings) {
    if (setting.change >= 1.0 && told.size() < kMostQuestions) told.push_back(std::move(setting));
  }
  if (told.empty() && !settings.empty()) told.push_back(std::move(settings.front()));
  return told;
}

/// Puts back what was calibrated.
std::vector<causal::Assignment> AsAssumed(const StoryInput& input) {
  std::vector<causal::Assignment> action;
  for (Eigen::Index p = 0; p < input.assumed.size(); ++p) {
    if (input.assumed(p) == input.calibrated(p)) continue;
    const twin::Parameter& parameter = input.twin.description().parameters[static_cast<size_t>(p)];
    action.push_back({parameter.name, input.assumed(p)});
  }
  return action;
}

/// What was blamed as a group moved in one of the ways that explain the runs equally well.
void TellWhoMoved(const StoryInput& input, Story* story) {
  if (input.verdict.kind != attribution::VerdictKind::kAmbiguous) return;
  std::vector<std::string> moved;
  for (const causal::Assignment& put_back : AsAssumed(input)) moved.push_back(put_back.parameter);
  story->explanation.push_back(absl::StrFormat(
      "What follows is what %s does as fitted, standing for the group %s: which of them acts these "
      "runs cannot say.",
      absl::StrJoin(moved, ", "), absl::StrJoin(input.verdict.group, ", ")));
}

absl::StatusOr<std::string> TellSetting(const StoryInput& input, const Setting& setting,
                                        const Eigen::VectorXd& after) {
  const causal::Question& question = setting.asked.question;
  PARALLAX_ASSIGN_OR_RETURN(
      const causal::RouteEffects effects,
      causal::DivideAmongRoutes(input.graph,
                                {input.twin, input.runs[setting.run].drive, input.assumed, after},
                                question));
  const causal::Cause cause = causal::CauseOf(input.twin.description(), input.assumed, after);
  return causal::TellEffect(cause, question, effects,
                            {.least_effect = setting.asked.LeastEffect(effects.before)});
}

/// What is assumed with one calibrated mechanism in it, for each of them in the twin's order.
std::vector<Eigen::VectorXd> OneMechanismEach(const StoryInput& input) {
  const std::vector<twin::Parameter>& parameters = input.twin.description().parameters;
  std::vector<std::string> mechanisms;
  std::vector<Eigen::VectorXd> worlds;
  for (Eigen::Index p = 0; p < input.assumed.size(); ++p) {
    if (input.assumed(p) == input.calibrated(p)) continue;
    const std::string& mechanism = parameters[static_cast<size_t>(p)].mechanism;
    const auto place = std::find(mechanisms.begin(), mechanisms.end(), mechanism);
    const auto m = static_cast<size_t>(place - mechanisms.begin());
    if (m == mechanisms.size()) {
      mechanisms.push_back(mechanism);
      worlds.push_back(input.assumed);
    }
    worlds[m](p) = input.calibrated(p);
  }
  return worlds;
}

/// All that was calibrated, on a question or two; then each mechanism alone on the first.
absl::Status TellEffects(const StoryInput& input, Story* story) {
  if (input.twin.mediation() == nullptr || input.runs.empty()) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<TwoWorlds> worlds, PredictBoth(input));
  const std::vector<Setting> settings = ToldOf(MostChanged(input, worlds));
  for (const Setting& setting : settings) {
    PARALLAX_ASSIGN_OR_RETURN(const std::string sentence,
                              TellSetting(input, setting, input.calibrated));
    story->explanation.push_back(
        absl::StrFormat("Run %s: %s", input.runs[setting.run].id, sentence));
  }
  const std::vector<Eigen::VectorXd> alone = OneMechanismEach(input);
  if (settings.empty() || alone.size() < 2) return absl::OkStatus();
  const Setting& first = settings.front();
  for (const Eigen::VectorXd& after : alone) {
    PARALLAX_ASSIGN_OR_RETURN(const std::string sentence, TellSetting(input, first, after));
    story->explanation.push_back(
        absl::StrFormat("Run %s, one alone: %s", input.runs[first.run].id, sentence));
  }
  return absl::OkStatus();
}

/// Shares that were measured on a sample, NaN for every other outcome.
Eigen::VectorXd MeasuredShares(const twin::Description& description,
                               const signal::Outcome& outcome) {
  Eigen::VectorXd measured = Eigen::VectorXd::Constant(
      static_cast<Eigen::Index>(description.outcomes.size()), std::nan(""));
  for (const signal::ChiralityShare& share : outcome.chirality) {
    const std::string id = absl::StrFormat("share_%d_%d", share.n, share.m);
    for (size_t i = 0; i < description.outcomes.size(); ++i) {
      if (description.outcomes[i].channel_id != id) continue;
      measured(static_cast<Eigen::Index>(i)) = share.share;
    }
  }
  return measured;
}

/// Species that make up a run, in the twin's order. All vectors are outcomes of the twin.
std::vector<HeldOutShare> SharesOf(const twin::Description& description,
                                   const Eigen::VectorXd& measured,
                                   const Eigen::VectorXd& as_assumed,
                                   const Eigen::VectorXd& as_calibrated) {
  constexpr double kShownShare = 0.01;
  std::vector<HeldOutShare> shares;
  for (size_t i = 0; i < description.outcomes.size(); ++i) {
    const std::optional<Chirality> species = SpeciesOf(description.outcomes[i].channel_id);
    const auto k = static_cast<Eigen::Index>(i);
    if (!species.has_value()) continue;
    // NaN, where it was not measured, is not at least anything.
    if (measured(k) >= kShownShare || as_assumed(k) >= kShownShare ||
        as_calibrated(k) >= kShownShare) {
      shares.push_back({*species, measured(k), as_assumed(k), as_calibrated(k)});
    }
  }
  return shares;
}

absl::Status TellHeldOut(const StoryInput& input, const causal::Cause& cause, Story* story) {
  const twin::Description& description = input.twin.description();
  const std::vector<causal::Assignment> action = AsAssumed(input);
  std::vector<causal::RunCalls> calls;
  for (const CampaignRun& run : input.held_out) {
    const std::optional<Chirality> dominant = DominantMeasured(run.clean.outcome);
    if (!dominant) continue;
    const causal::MeasuredRun measured{{}, MeasuredShares(description, *run.clean.outcome)};
    PARALLAX_ASSIGN_OR_RETURN(
        const causal::Counterfactual other,
        causal::Imagine(input.twin, run.drive, input.calibrated, action, measured));
    calls.push_back({.run = run.id,
                     .measured = ToString(*dominant),
                     .as_assumed = CallOf(description, other.acted),
                     .as_calibrated = CallOf(description, other.fitted),
                     .imagined = CallOf(description, other.imagined)});
    const causal::RunCalls& call = calls.back();
    story->counterfactuals.push_back(
        {call.run, call.measured, call.as_assumed, call.as_calibrated, call.imagined,
         causal::TellRun(cause, call),
         SharesOf(description, measured.outcome, other.acted.outcome, other.fitted.outcome)});
  }
  if (!calls.empty()) story->explanation.push_back(causal::TellRuns(cause, calls));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Story> TellCampaign(const StoryInput& given) {
  Story story;
  // Values that went through coordinates and back differ in their last bits: no cause of anything.
  StoryInput input = given;
  input.calibrated = given.assumed;
  for (const int p : given.moved) input.calibrated(p) = given.calibrated(p);
  if (input.calibrated != input.assumed) {
    const causal::Cause cause =
        causal::CauseOf(input.twin.description(), input.assumed, input.calibrated);
    TellWhoMoved(input, &story);
    PARALLAX_RETURN_IF_ERROR(TellEffects(input, &story));
    PARALLAX_RETURN_IF_ERROR(TellHeldOut(input, cause, &story));
  }
  for (std::string& sentence : TellRuledOut(input.twin.description().name, input.verdict,
                                            input.hypotheses, input.evidence.sensors)) {
    story.explanation.push_back(std::move(sentence));
  }
  story.measure_next = NextMeasurement(input.verdict, input.evidence);
  return story;
}

}  // namespace parallax::pipeline
