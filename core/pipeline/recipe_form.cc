#include "core/pipeline/recipe_form.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"

namespace parallax::pipeline {
namespace {

constexpr const char* kHeaters[] = {"stage_sp", "z1_sp", "z2_sp", "z3_sp"};
constexpr const char* kBalance = "ar_sp";
/// Set-points this near to that of growth belong to it [channel's unit].
constexpr double kSameTemperature = 0.5;

struct Flow {
  RecipeKnob knob, step;
  const char* setpoint;
};
constexpr Flow kFlows[] = {{kFeedKnob, kFeedStepKnob, "feed_sp"},
                           {kWaterKnob, kWaterStepKnob, "h2o_sp"},
                           {kHydrogenKnob, kHydrogenStepKnob, "h2_sp"}};

/// Where the phases of a recipe lie among its segments.
struct Phases {
  size_t reduce = 0, anneal = 0;  ///< first segments; equal: none
  size_t grow = 0;                ///< the first that is named so
  size_t after = 0;               ///< past the last
  bool InReduce(size_t i) const { return i >= reduce && i < anneal; }
  bool InAnneal(size_t i) const { return reduce < anneal && i >= anneal && i < grow; }
};

std::optional<Phases> FindPhases(const signal::Recipe& recipe) {
  std::optional<Phases> phases;
  size_t reduce = 0, anneal = 0;
  for (size_t i = 0; i < recipe.segments.size(); ++i) {
    const std::string& name = recipe.segments[i].name;
    if (name == "grow") {
      if (!phases) phases = Phases{.reduce = reduce, .anneal = anneal, .grow = i};
      phases->after = i + 1;
    }
    if (name != "reduce" || phases) continue;
    if (reduce == anneal) reduce = i;
    anneal = i + 1;
  }
  return phases;
}

double Length(const signal::Segment& segment) { return segment.end_s - segment.start_s; }

double LengthOf(const signal::Recipe& recipe, size_t begin, size_t end) {
  double sum_s = 0.0;
  for (size_t i = begin; i < end; ++i) sum_s += Length(recipe.segments[i]);
  return sum_s;
}

double SetpointDuring(const signal::Recipe& recipe, const std::string& channel, size_t segment) {
  const signal::Segment& during = recipe.segments[segment];
  return signal::SetpointAt(recipe, channel, 0.5 * (during.start_s + during.end_s))
      .value_or(std::nan(""));
}

bool Has(const signal::Rig& rig, const char* channel) {
  return signal::FindChannel(rig, channel).ok();
}

enum class Half { kFirst, kSecond };

/// Builds one run out of another.
class Rewriter {
 public:
  Rewriter(const signal::Rig& rig, const signal::Run& like, const Phases& phases,
           const Eigen::VectorXd& old, const Eigen::VectorXd& settings)
      : rig_(rig), like_(like), phases_(phases), old_(old), new_(old) {
    for (Eigen::Index k = 0; k < kRecipeKnobs; ++k) {
      if (std::isfinite(settings(k))) new_(k) = settings(k);
    }
  }

  absl::StatusOr<signal::Run> Write() {
    signal::Run run = like_;
    run.recipe.segments.clear();
    for (size_t i = 0; i < like_.recipe.segments.size(); ++i) {
      if (i == phases_.grow) {
        PARALLAX_RETURN_IF_ERROR(WriteGrowth(&run.recipe));
      } else if (i < phases_.grow || i >= phases_.after) {
        signal::Segment segment = like_.recipe.segments[i];
        Retarget(&segment);
        Append(std::move(segment), Length(like_.recipe.segments[i]) * Stretch(i), &run.recipe);
      }
    }
    if (run.substrate) run.substrate->thickness_m = new_(kThicknessKnob);
    if (run.catalyst) {
      if (std::isfinite(new_(kReduceKnob))) run.catalyst->reduction_s = new_(kReduceKnob);
      if (std::isfinite(new_(kAnnealKnob))) run.catalyst->anneal_s = new_(kAnnealKnob);
    }
    return run;
  }

 private:
  static void Append(signal::Segment segment, double length_s, signal::Recipe* recipe) {
    segment.start_s = recipe->segments.empty() ? 0.0 : recipe->segments.back().end_s;
    segment.end_s = segment.start_s + length_s;
    recipe->segments.push_back(std::move(segment));
  }

  double Ratio(RecipeKnob knob) const { return old_(knob) > 0.0 ? new_(knob) / old_(knob) : 1.0; }

  /// By how much longer than before a segment lasts.
  double Stretch(size_t i) const {
    if (phases_.InReduce(i)) return Ratio(kReduceKnob);
    if (phases_.InAnneal(i)) return Ratio(kAnnealKnob);
    return HeatStretch(i);
  }

  /// A ramp to another temperature takes longer or shorter, at the same rate.
  double HeatStretch(size_t i) const {
    const signal::Segment& segment = like_.recipe.segments[i];
    for (const char* heater : kHeaters) {
      const auto found = segment.setpoints.find(heater);
      if (found == segment.setpoints.end() || !found->second.ramp) continue;
      const std::optional<double> before =
          i == 0 ? Idle(heater) : signal::SetpointAt(like_.recipe, heater, segment.start_s);
      const double step = found->second.value - before.value_or(found->second.value);
      if (std::abs(step) < 1.0 || !IsGrowth(heater, found->second.value)) continue;
      const double stretched = (step + Rise()) / step;
      if (stretched > 0.0) return RoundSeconds(Length(segment) * stretched) / Length(segment);
    }
    return 1.0;
  }

  static double RoundSeconds(double length_s) { return std::max(1.0, std::round(length_s)); }

  std::optional<double> Idle(const char* heater) const {
    const auto idle_k = rig_.geometry.find("idle_temperature_k");
    const absl::StatusOr<signal::ChannelRef> ref = signal::FindChannel(rig_, heater);
    if (idle_k == rig_.geometry.end() || !ref.ok()) return std::nullopt;
    const absl::StatusOr<base::Unit> unit = base::FindUnit(ref->channel->unit);
    if (!unit.ok()) return std::nullopt;
    return base::FromSi(*unit, idle_k->second);
  }

  double Rise() const { return new_(kTemperatureKnob) - old_(kTemperatureKnob); }

  bool IsGrowth(const char* heater, double setpoint) const {
    return std::abs(setpoint - SetpointDuring(like_.recipe, heater, phases_.grow)) <
           kSameTemperature;
  }

  /// Moves what a segment sets to the values of growth: heaters, preheater and pressure.
  void Retarget(signal::Segment* segment) const {
    for (auto& [id, setpoint] : segment->setpoints) {
      for (const char* heater : kHeaters) {
        if (id == heater && IsGrowth(heater, setpoint.value)) setpoint.value += Rise();
      }
      if (id == "preheat_sp" && setpoint.value == old_(kPreheatKnob)) {
        setpoint.value = new_(kPreheatKnob);
      }
      if (id == "pressure_sp" && setpoint.value == old_(kPressureKnob)) {
        setpoint.value = new_(kPressureKnob);
      }
    }
  }

  absl::Status WriteGrowth(signal::Recipe* recipe) const {
    bool steps = false;
    for (const Flow& flow : kFlows)
      steps = steps || (new_(flow.step) != 1.0 && new_(flow.knob) > 0.0);
    const double half_s = std::round(0.5 * new_(kGrowKnob));
    signal::Segment first = like_.recipe.segments[phases_.grow];
    Retarget(&first);
    PARALLAX_RETURN_IF_ERROR(SetGas(Half::kFirst, &first));
    Append(first, steps ? half_s : new_(kGrowKnob), recipe);
    if (!steps) return absl::OkStatus();
    signal::Segment second{.name = "grow"};
    PARALLAX_RETURN_IF_ERROR(SetGas(Half::kSecond, &second));
    Append(std::move(second), new_(kGrowKnob) - half_s, recipe);
    return absl::OkStatus();
  }

  /// Range of a set-point's channel. REQUIRES: the rig has it.
  absl::Status CheckRange(const char* id, double value) const {
    const signal::Channel& channel = *signal::FindChannel(rig_, id)->channel;
    if (value >= channel.range_low && value <= channel.range_high) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrFormat("%s = %g %s, must be in [%g, %g]", id,
                                                         value, channel.unit, channel.range_low,
                                                         channel.range_high));
  }

  absl::Status SetGas(Half half, signal::Segment* segment) const {
    const double balance = SetpointDuring(like_.recipe, kBalance, phases_.grow);
    double argon = balance;
    for (const Flow& flow : kFlows) {
      if (!std::isfinite(new_(flow.knob))) continue;
      const double value = new_(flow.knob) * (half == Half::kSecond ? new_(flow.step) : 1.0);
      PARALLAX_RETURN_IF_ERROR(CheckRange(flow.setpoint, value));
      argon += old_(flow.knob) - value;
      segment->setpoints[flow.setpoint] = {value};
    }
    if (!std::isfinite(balance)) return absl::OkStatus();
    argon = std::round(argon * 1e4) / 1e4;
    PARALLAX_RETURN_IF_ERROR(CheckRange(kBalance, argon));
    segment->setpoints[kBalance] = {argon};
    return absl::OkStatus();
  }

  const signal::Rig& rig_;
  const signal::Run& like_;
  const Phases phases_;
  const Eigen::VectorXd old_;
  Eigen::VectorXd new_;
};

}  // namespace

const std::array<std::string, kRecipeKnobs>& RecipeKnobNames() {
  static const auto* const names = new std::array<std::string, kRecipeKnobs>{
      "temperature", "preheat",   "pressure",   "feed",          "water",
      "hydrogen",    "feed_step", "water_step", "hydrogen_step", "reduce_time",
      "anneal_time", "grow_time", "thickness"};
  return *names;
}

std::string SetpointOfKnob(const signal::Rig& rig, RecipeKnob knob) {
  if (knob == kTemperatureKnob) {
    for (const char* heater : kHeaters) {
      if (Has(rig, heater)) return heater;
    }
    return "";
  }
  if (knob == kPreheatKnob) return Has(rig, "preheat_sp") ? "preheat_sp" : "";
  if (knob == kPressureKnob) return Has(rig, "pressure_sp") ? "pressure_sp" : "";
  for (const Flow& flow : kFlows) {
    if (flow.knob == knob && Has(rig, flow.setpoint)) return flow.setpoint;
  }
  return "";
}

absl::StatusOr<Eigen::VectorXd> SettingsOf(const signal::Rig& rig, const signal::Run& run) {
  const std::optional<Phases> phases = FindPhases(run.recipe);
  if (!phases || !run.substrate) {
    return absl::FailedPreconditionError(
        absl::StrFormat("run \"%s\": %s, must be given", run.id,
                        phases ? "substrate = null" : "recipe has 0 segments named \"grow\""));
  }
  Eigen::VectorXd settings = Eigen::VectorXd::Constant(kRecipeKnobs, std::nan(""));
  double sum = 0.0, heaters = 0.0;
  for (const char* heater : kHeaters) {
    if (!Has(rig, heater)) continue;
    sum += SetpointDuring(run.recipe, heater, phases->grow);
    heaters += 1.0;
  }
  settings(kTemperatureKnob) = sum / heaters;
  for (const RecipeKnob knob : {kPreheatKnob, kPressureKnob}) {
    const std::string id = SetpointOfKnob(rig, knob);
    if (!id.empty()) settings(knob) = SetpointDuring(run.recipe, id, phases->grow);
  }
  for (const Flow& flow : kFlows) {
    if (!Has(rig, flow.setpoint)) continue;
    settings(flow.knob) = SetpointDuring(run.recipe, flow.setpoint, phases->grow);
    const double late = SetpointDuring(run.recipe, flow.setpoint, phases->after - 1);
    settings(flow.step) = settings(flow.knob) > 0.0 ? late / settings(flow.knob) : 1.0;
  }
  if (phases->reduce < phases->anneal) {
    settings(kReduceKnob) = LengthOf(run.recipe, phases->reduce, phases->anneal);
    const double anneal_s = LengthOf(run.recipe, phases->anneal, phases->grow);
    if (anneal_s > 0.0) settings(kAnnealKnob) = anneal_s;
  }
  settings(kGrowKnob) = LengthOf(run.recipe, phases->grow, phases->after);
  settings(kThicknessKnob) = run.substrate->thickness_m;
  return settings;
}

absl::StatusOr<signal::Run> WithSettings(const signal::Rig& rig, const signal::Run& like,
                                         const Eigen::VectorXd& settings) {
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd old, SettingsOf(rig, like));
  return Rewriter(rig, like, *FindPhases(like.recipe), old, settings).Write();
}

}  // namespace parallax::pipeline
