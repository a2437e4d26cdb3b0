#include "core/pipeline/recipe_box.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"
#include "core/pipeline/recipe_form.h"

namespace parallax::pipeline {
namespace {

/// How far beyond what a rig has done its next run may go.
constexpr double kWiderByK = 30.0;
constexpr double kWiderBy = 2.0;
constexpr double kTimeStepS = 5.0;
const std::vector<double> kStepChoices = {0.25, 1.0, 4.0};
constexpr double kLongestTurnaroundS = 86'400.0;

/// What a knob's values came to in all runs, and the range of its channel.
struct Seen {
  double low = 0.0, high = 0.0;
  std::vector<double> values;  ///< ascending, each once
  std::string unit;
  double channel_low = 0.0, channel_high = 0.0;
};

std::string UnitOf(RecipeKnob knob) {
  if (knob == kThicknessKnob) return "m";
  if (knob == kReduceKnob || knob == kAnnealKnob || knob == kGrowKnob) return "s";
  return "1";
}

/// Nothing where some run has no such knob.
std::optional<Seen> SeenOf(const signal::Rig& rig, RecipeKnob knob,
                           const std::vector<Eigen::VectorXd>& settings) {
  Seen seen{.unit = UnitOf(knob)};
  for (const Eigen::VectorXd& one : settings) {
    if (!std::isfinite(one(knob))) return std::nullopt;
    seen.values.push_back(one(knob));
  }
  std::sort(seen.values.begin(), seen.values.end());
  seen.values.erase(std::unique(seen.values.begin(), seen.values.end()), seen.values.end());
  seen.low = seen.values.front();
  seen.high = seen.values.back();
  const std::string id = SetpointOfKnob(rig, knob);
  if (id.empty()) return seen;
  const signal::Channel& channel = *signal::FindChannel(rig, id)->channel;
  seen.unit = channel.unit;
  seen.channel_low = channel.range_low;
  seen.channel_high = channel.range_high;
  return seen;
}

/// A round step of about a thousandth of a full scale.
double StepOf(double full_scale) {
  return std::pow(10.0, std::floor(std::log10(full_scale)) - 3.0);
}

double RoundTo(double value, double step) { return step * std::round(value / step); }

/// Held, where low and high are one.
void SetRange(double low, double high, double step, design::Knob* knob) {
  knob->low = RoundTo(low, step);
  knob->high = RoundTo(high, step);
  knob->step = step;
  if (knob->low >= knob->high) *knob = {.name = knob->name, .low = low, .high = low};
}

/// Whether half of growth may have another flow: something flows in every run.
bool CanStep(RecipeKnob step, const std::vector<Eigen::VectorXd>& settings) {
  const int flow = kFeedKnob + (step - kFeedStepKnob);
  return std::all_of(settings.begin(), settings.end(),
                     [&](const Eigen::VectorXd& one) { return one(flow) > 0.0; });
}

design::Knob KnobOf(RecipeKnob which, const Seen& seen,
                    const std::vector<Eigen::VectorXd>& settings) {
  design::Knob knob{.name = RecipeKnobNames()[which]};
  switch (which) {
    case kTemperatureKnob:
      SetRange(std::max(seen.channel_low, seen.low - kWiderByK),
               std::min(seen.channel_high, seen.high + kWiderByK), 1.0, &knob);
      break;
    case kPreheatKnob:
    case kPressureKnob:
      SetRange(seen.low, seen.high, StepOf(seen.channel_high), &knob);
      break;
    case kFeedKnob:
    case kWaterKnob:
    case kHydrogenKnob:
      SetRange(seen.low / kWiderBy, std::min(seen.channel_high, seen.high * kWiderBy),
               StepOf(seen.channel_high), &knob);
      break;
    case kFeedStepKnob:
    case kWaterStepKnob:
    case kHydrogenStepKnob:
      knob.choices = CanStep(which, settings) ? kStepChoices : std::vector<double>{1.0};
      break;
    case kReduceKnob:
      SetRange(seen.low, seen.high, kTimeStepS, &knob);
      break;
    case kAnnealKnob:
    case kGrowKnob:
      SetRange(seen.low / kWiderBy, seen.high * kWiderBy, kTimeStepS, &knob);
      break;
    default:
      knob.choices = seen.values;
      knob.choices.insert(knob.choices.begin(), seen.low / kWiderBy);
      knob.choices.push_back(seen.high * kWiderBy);
  }
  if (knob.choices.size() == 1) {
    knob = {.name = knob.name, .low = knob.choices[0], .high = knob.choices[0]};
  }
  return knob;
}

double Low(const design::Knob& knob) {
  return knob.choices.empty() ? knob.low : knob.choices.front();
}
double High(const design::Knob& knob) {
  return knob.choices.empty() ? knob.high : knob.choices.back();
}

absl::Status BadLimit(const KnobLimit& limit, std::string bound, std::string next_step) {
  return base::InvalidField({.field = absl::StrFormat("limits[%s]", limit.knob),
                             .value = absl::StrFormat("%g to %g", limit.low, limit.high),
                             .bound = std::move(bound),
                             .next_step = std::move(next_step)});
}

/// Narrows a knob. A little beyond its range is rounding.
absl::Status Narrow(const KnobLimit& limit, const std::string& unit, design::Knob* knob) {
  if (!std::isfinite(limit.low) || !std::isfinite(limit.high) || limit.low > limit.high) {
    return BadLimit(limit, "finite, low <= high", "");
  }
  const double slack = 1e-9 * std::max(std::abs(Low(*knob)), std::abs(High(*knob)));
  if (limit.low < Low(*knob) - slack || limit.high > High(*knob) + slack) {
    return BadLimit(limit, absl::StrFormat("within %g to %g %s", Low(*knob), High(*knob), unit),
                    "the rig's limits and twice what its runs did are the widest");
  }
  if (!knob->choices.empty()) {
    std::erase_if(knob->choices, [&](double choice) {
      return choice < limit.low - slack || choice > limit.high + slack;
    });
    if (knob->choices.empty()) return BadLimit(limit, "with a choice of the knob between", "");
    if (knob->choices.size() > 1) return absl::OkStatus();
    *knob = {.name = knob->name, .low = knob->choices[0], .high = knob->choices[0]};
    return absl::OkStatus();
  }
  // Steps count from the lower end.
  knob->low = limit.low;
  knob->high = limit.high;
  if (knob->low >= knob->high) knob->step = 0.0;
  return absl::OkStatus();
}

absl::Status ApplyLimits(const std::vector<KnobLimit>& limits,
                         const std::vector<std::string>& units, std::vector<design::Knob>* knobs) {
  std::vector<std::string> names;
  for (const design::Knob& knob : *knobs) names.push_back(knob.name);
  for (const KnobLimit& limit : limits) {
    const auto found = std::find(names.begin(), names.end(), limit.knob);
    if (found == names.end()) {
      const std::string near = base::NearestName(limit.knob, names);
      std::string known;
      for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
      return base::InvalidField(
          {.field = "limits.knob",
           .value = limit.knob,
           .bound = "one of " + known,
           .next_step = near.empty() ? "" : absl::StrFormat("did you mean \"%s\"?", near)});
    }
    const auto k = static_cast<size_t>(found - names.begin());
    PARALLAX_RETURN_IF_ERROR(Narrow(limit, units[k], &(*knobs)[k]));
  }
  const bool free = std::any_of(knobs->begin(), knobs->end(),
                                [](const design::Knob& knob) { return Low(knob) < High(knob); });
  if (free) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "limits leave 0 knobs of the recipe free, must leave at least 1");
}

/// What lies between the end of a run and the start of the next, usually.
std::optional<double> UsualGap(std::vector<const signal::Run*> runs) {
  std::sort(runs.begin(), runs.end(), [](const signal::Run* a, const signal::Run* b) {
    return a->started_at_unix_ns < b->started_at_unix_ns;
  });
  std::vector<double> gaps;
  for (size_t i = 1; i < runs.size(); ++i) {
    const double gap_s =
        1e-9 * static_cast<double>(runs[i]->started_at_unix_ns - runs[i - 1]->started_at_unix_ns) -
        runs[i - 1]->recipe.segments.back().end_s;
    if (gap_s > 0.0 && gap_s < kLongestTurnaroundS) gaps.push_back(gap_s);
  }
  if (gaps.empty()) return std::nullopt;
  return base::Quantile(std::move(gaps), 0.5);
}

}  // namespace

absl::StatusOr<RecipeBox> RecipeBox::Create(const signal::Rig& rig, const twin::Twin& twin,
                                            const std::vector<const signal::Run*>& runs,
                                            const std::vector<KnobLimit>& limits) {
  if (rig.kind != "stage" && rig.kind != "hot_wall") {
    return absl::FailedPreconditionError(absl::StrFormat(
        "twin %s on a rig of kind \"%s\": only recipes that grow something (\"stage\", "
        "\"hot_wall\") can be varied",
        twin.description().name, rig.kind));
  }
  std::vector<Eigen::VectorXd> settings;
  for (const signal::Run* run : runs) {
    PARALLAX_ASSIGN_OR_RETURN(settings.emplace_back(), SettingsOf(rig, *run));
  }
  std::vector<design::Knob> knobs;
  std::vector<std::string> units;
  std::vector<int> which;
  for (int k = 0; k < kRecipeKnobs; ++k) {
    const auto knob = static_cast<RecipeKnob>(k);
    const std::optional<Seen> seen = SeenOf(rig, knob, settings);
    if (!seen) continue;
    knobs.push_back(KnobOf(knob, *seen, settings));
    units.push_back(seen->unit);
    which.push_back(k);
  }
  PARALLAX_RETURN_IF_ERROR(ApplyLimits(limits, units, &knobs));
  PARALLAX_ASSIGN_OR_RETURN(design::KnobBox made, design::KnobBox::Make(std::move(knobs)));
  RecipeBox box(rig, std::move(made));
  box.units_ = std::move(units);
  box.which_ = std::move(which);
  box.TakeUsual(runs, settings);
  if (const std::optional<double> gap_s = UsualGap(runs)) box.turnaround_s_ = *gap_s;
  return box;
}

void RecipeBox::TakeUsual(const std::vector<const signal::Run*>& runs,
                          const std::vector<Eigen::VectorXd>& settings) {
  Eigen::MatrixXd unit(std::ssize(runs), box_.size());
  for (size_t r = 0; r < runs.size(); ++r) {
    unit.row(static_cast<Eigen::Index>(r)) = box_.ToUnit(settings[r](which_)).transpose();
  }
  Eigen::RowVectorXd middle(box_.size());
  for (Eigen::Index k = 0; k < box_.size(); ++k) {
    middle(k) = base::Quantile({unit.col(k).begin(), unit.col(k).end()}, 0.5);
  }
  Eigen::Index nearest = 0;
  (unit.rowwise() - middle).rowwise().squaredNorm().minCoeff(&nearest);
  usual_ = *runs[static_cast<size_t>(nearest)];
  usual_point_ = box_.FromUnit(unit.row(nearest).transpose());
}

Eigen::Index RecipeBox::Find(std::string_view knob) const {
  for (Eigen::Index k = 0; k < box_.size(); ++k) {
    if (box_.knobs()[static_cast<size_t>(k)].name == knob) return k;
  }
  return -1;
}

absl::StatusOr<signal::Run> RecipeBox::Build(const Eigen::VectorXd& point) const {
  Eigen::VectorXd settings = Eigen::VectorXd::Constant(kRecipeKnobs, std::nan(""));
  settings(which_) = point;
  PARALLAX_ASSIGN_OR_RETURN(signal::Run run, WithSettings(rig_, usual_, settings));
  run.id = "planned";
  run.started_at_unix_ns = 0;
  run.notes.clear();
  run.split = signal::Split::kUnassigned;
  return run;
}

double RecipeBox::Hours(const signal::Run& run) const {
  return (run.recipe.segments.back().end_s - run.recipe.segments.front().start_s + turnaround_s_) /
         3600.0;
}

}  // namespace parallax::pipeline
