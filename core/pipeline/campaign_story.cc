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
std::vector<Setting> ChangedOf(std::vector<Setting> settings) {
  std::vector<Setting> changed;
  for (Setting& setting : settings) {
    if (setting.change >= 1.0) changed.push_back(std::move(setting));
  }
  if (changed.empty() && !settings.empty()) changed.push_back(std::move(settings.front()));
  return changed;
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

/// What is assumed with one calibrated mechanism in it.
struct OneMechanism {
  std::string mechanism;
  Eigen::VectorXd after;
};

/// Each calibrated mechanism, in the twin's order.
std::vector<OneMechanism> OneMechanismEach(const StoryInput& input) {
  const std::vector<twin::Parameter>& parameters = input.twin.description().parameters;
  std::vector<OneMechanism> each;
  for (Eigen::Index p = 0; p < input.assumed.size(); ++p) {
    if (input.assumed(p) == input.calibrated(p)) continue;
    const std::string& mechanism = parameters[static_cast<size_t>(p)].mechanism;
    auto place = std::find_if(each.begin(), each.end(), [&](const OneMechanism& other) {
      return other.mechanism == mechanism;
    });
    if (place == each.end()) place = each.insert(each.end(), {mechanism, input.assumed});
    place->after(p) = input.calibrated(p);
  }
  return each;
}

/// One mechanism's effect and what each mediator carries of it, with a sentence where one does.
absl::Status TellMediators(const StoryInput& input, const Setting& setting,
                           const OneMechanism& alone, Story* story) {
  const CampaignRun& run = input.runs[setting.run];
  const causal::Question& question = setting.asked.question;
  PARALLAX_ASSIGN_OR_RETURN(
      causal::MediatedEffect effect,
      causal::DivideAtEach(input.graph, {input.twin, run.drive, input.assumed, alone.after},
                           question));
  // Shares of what does not count say nothing.
  if (std::abs(effect.total) <= setting.asked.LeastEffect(effect.before)) effect.mediators.clear();
  const causal::Cause cause = causal::CauseOf(input.twin.description(), input.assumed, alone.after);
  const std::string sentence = causal::TellHeld(cause, question, effect);
  if (!sentence.empty()) {
    story->explanation.push_back(absl::StrFormat("Run %s: %s", run.id, sentence));
  }
  story->effects.push_back(
      {run.id, alone.mechanism, question.label, question.unit, std::move(effect)});
  return absl::OkStatus();
}

/// All that was calibrated, on a question or two; each mechanism alone on the first; then what
/// carries each mechanism's effect on every question.
absl::Status TellEffects(const StoryInput& input, Story* story) {
  if (input.twin.mediation() == nullptr || input.runs.empty()) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<TwoWorlds> worlds, PredictBoth(input));
  const std::vector<Setting> settings = ChangedOf(MostChanged(input, worlds));
  for (size_t s = 0; s < std::min(settings.size(), kMostQuestions); ++s) {
    PARALLAX_ASSIGN_OR_RETURN(const std::string sentence,
                              TellSetting(input, settings[s], input.calibrated));
    story->explanation.push_back(
        absl::StrFormat("Run %s: %s", input.runs[settings[s].run].id, sentence));
  }
  const std::vector<OneMechanism> each = OneMechanismEach(input);
  if (!settings.empty() && each.size() > 1) {
    const Setting& first = settings.front();
    for (const OneMechanism& alone : each) {
      PARALLAX_ASSIGN_OR_RETURN(const std::string sentence, TellSetting(input, first, alone.after));
      story->explanation.push_back(
          absl::StrFormat("Run %s, one alone: %s", input.runs[first.run].id, sentence));
    }
  }
  for (const Setting& setting : settings) {
    for (const OneMechanism& alone : each) {
      PARALLAX_RETURN_IF_ERROR(TellMediators(input, setting, alone, story));
    }
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

/// The twin's parameters in each draw of what was calibrated, the rest as assumed.
Eigen::MatrixXd DrawnWorlds(const StoryInput& input) {
  Eigen::MatrixXd worlds = input.assumed.replicate(1, input.draws.cols());
  for (Eigen::Index i = 0; i < input.draws.rows(); ++i) {
    worlds.row(input.moved[static_cast<size_t>(i)]) = input.draws.row(i);
  }
  return worlds;
}

absl::Status TellHeldOut(const StoryInput& input, const causal::Cause& cause, Story* story) {
  const twin::Description& description = input.twin.description();
  const std::vector<causal::Assignment> action = AsAssumed(input);
  const Eigen::MatrixXd draws = DrawnWorlds(input);
  const auto call_of = [&](const twin::Prediction& p) { return CallOf(description, p); };
  std::vector<causal::RunCalls> calls;
  for (const CampaignRun& run : input.held_out) {
    const std::optional<Chirality> dominant = DominantMeasured(run.clean.outcome);
    if (!dominant) continue;
    const causal::MeasuredRun measured{{}, MeasuredShares(description, *run.clean.outcome)};
    PARALLAX_ASSIGN_OR_RETURN(
        const causal::Counterfactual other,
        causal::Imagine(input.twin, run.drive, input.calibrated, action, measured));
    causal::RunCalls call{.run = run.id,
                          .measured = ToString(*dominant),
                          .as_assumed = call_of(other.acted),
                          .as_calibrated = call_of(other.fitted),
                          .imagined = call_of(other.imagined)};
    if (call.as_assumed != call.as_calibrated && draws.cols() > 0) {
      PARALLAX_ASSIGN_OR_RETURN(call.drawn, causal::ImagineCalls(input.twin, run.drive, draws,
                                                                 action, measured, call_of));
    }
    story->counterfactuals.push_back(
        {call.run, call.measured, call.as_assumed, call.as_calibrated, call.imagined,
         causal::TellRun(cause, call),
         SharesOf(description, measured.outcome, other.acted.outcome, other.fitted.outcome),
         call.drawn});
    calls.push_back(std::move(call));
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
