#include "client/lib/figure/posterior.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/figure/axis.h"
#include "client/lib/figure/panel.h"
#include "client/lib/figure/style.h"
#include "client/lib/figure/text_fit.h"
#include "client/lib/text_table.h"
#include "core/base/normal.h"

namespace parallax::client::figure {
namespace {

constexpr size_t kMostBeliefs = 14;

constexpr double kPosteriorNameWidth = 190.0;
constexpr double kPosteriorRow = 46.0;
constexpr double kPriorBar = 14.0;
constexpr double kPosteriorBar = 6.0;
constexpr int kDigits = 3;

Belief ReadBelief(const Json& one, const Json& sampled) {
  Belief belief{.parameter = Text(At(one, "parameter")),
                .run = At(one, "run").is_string() ? Text(At(one, "run")) : "",
                .unit = Text(At(one, "unit")),
                .assumed = NumberOf(At(one, "assumed")),
                .prior_low = NumberOf(At(one, "prior_low_90")),
                .prior_high = NumberOf(At(one, "prior_high_90")),
                .value = NumberOf(At(one, "value"))};
  const double reach = base::kCentral90 * NumberOf(At(one, "sd"));
  belief.low = belief.value - reach;
  belief.high = belief.value + reach;
  if (!belief.run.empty()) return belief;
  for (const Json& posterior : sampled) {
    if (Text(At(posterior, "parameter")) != belief.parameter) continue;
    belief.low = NumberOf(At(posterior, "low_90"));
    belief.high = NumberOf(At(posterior, "high_90"));
  }
  return belief;
}

std::vector<double> FiguresOf(const Belief& belief) {
  std::vector<double> figures;
  for (const double x : {belief.assumed, belief.value, belief.prior_low, belief.prior_high,
                         belief.low, belief.high}) {
    if (std::isfinite(x)) figures.push_back(x);
  }
  return figures;
}

/// A little wider than everything known of a parameter.
Axis AxisFor(const Belief& belief, double begin, double end) {
  const std::vector<double> figures = FiguresOf(belief);
  const auto [low, high] = std::minmax_element(figures.begin(), figures.end());
  const double span = *high - *low;
  const double margin = span > 0.0 ? 0.04 * span : std::max(1e-9, 0.1 * std::abs(*low));
  return {.low = *low - margin, .high = *high + margin, .begin = begin, .end = end};
}

std::string Interval(double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high)) return "";
  return absl::StrFormat(" (%s to %s)", Figure(low, kDigits), Figure(high, kDigits));
}

void DrawInterval(const std::string& role, double low, double high, const Axis& axis, double middle,
                  double thick, Colour colour, Scene* scene) {
  if (!std::isfinite(low) || !std::isfinite(high)) return;
  scene->AddRectangle(role, {axis.At(low), middle - 0.5 * thick},
                      std::max(axis.At(high) - axis.At(low), 2.0), thick, colour);
}

/// A tick across both bars where the assumption stands.
void DrawAssumed(double x, double middle, Scene* scene) {
  constexpr double kReach = 11.0;
  scene->AddLine("assumed", {x, middle - kReach}, {x, middle + kReach}, kBefore, 2.6);
}

void DrawBelief(const Belief& belief, double top, Scene* scene) {
  constexpr Label::Weight kPlain = Label::Weight::kNormal;
  const double middle = top + 15.0;
  std::string name = belief.parameter;
  if (!belief.run.empty()) name += ", run " + belief.run;
  AddText(scene, {0.0, middle + 4.5}, Shorten(name, kTextSize, kPlain, kPosteriorNameWidth),
          kTextSize, kInk);
  const Axis axis = AxisFor(belief, kPosteriorNameWidth + 8.0, scene->width - 4.0);
  scene->AddLine("grid", {axis.begin, middle}, {axis.end, middle}, kGrid, 1.0);
  DrawInterval("prior", belief.prior_low, belief.prior_high, axis, middle, kPriorBar, kPale, scene);
  DrawInterval("posterior", belief.low, belief.high, axis, middle, kPosteriorBar, kAfter, scene);
  DrawAssumed(axis.At(belief.assumed), middle, scene);
  scene->AddDisc("value", {axis.At(belief.value), middle}, 5.0, kAfter);
  const std::string unit = belief.unit == "1" ? "" : " " + belief.unit;
  AddText(scene, {0.0, middle + 24.0},
          Figure(belief.assumed, kDigits) + Interval(belief.prior_low, belief.prior_high) + " → " +
              Figure(belief.value, kDigits) + Interval(belief.low, belief.high) + unit,
          kSmallSize, kMuted);
}

bool HasPrior(const Beliefs& beliefs) {
  return std::any_of(beliefs.shown.begin(), beliefs.shown.end(),
                     [](const Belief& belief) { return std::isfinite(belief.prior_low); });
}

std::string Caption(const Beliefs& beliefs) {
  std::string caption = "Bars hold 90 %; each parameter has a scale of its own.";
  if (beliefs.left_out > 0) {
    caption += absl::StrFormat(" %d more values of single runs are in the report's text.",
                               beliefs.left_out);
  }
  return caption;
}

}  // namespace

absl::StatusOr<Beliefs> ReadBeliefs(const Json& report) {
  const std::string kind = Text(At(At(report, "verdict"), "kind"));
  Beliefs beliefs{.offer = kind == "IDENTIFIED" || kind == "AMBIGUOUS"
                               ? Beliefs::Offer::kCalibration
                               : Beliefs::Offer::kBestFitOnly};
  for (const Json& one : At(report, "calibrated")) {
    Belief belief = ReadBelief(one, At(At(report, "posterior"), "parameters"));
    if (std::isfinite(belief.value) && std::isfinite(belief.assumed)) {
      beliefs.shown.push_back(std::move(belief));
    }
  }
  if (beliefs.shown.empty()) return absl::NotFoundError("nothing was calibrated");
  const auto single =
      std::stable_partition(beliefs.shown.begin(), beliefs.shown.end(),
                            [](const Belief& belief) { return belief.run.empty(); });
  const auto rig = static_cast<size_t>(single - beliefs.shown.begin());
  const size_t kept = std::min(beliefs.shown.size(), std::max(rig, kMostBeliefs));
  beliefs.left_out = beliefs.shown.size() - kept;
  beliefs.shown.resize(kept);
  return beliefs;
}

Scene DrawBeliefs(const Beliefs& beliefs, double width) {
  Scene scene{.width = width};
  const bool offered = beliefs.offer == Beliefs::Offer::kCalibration;
  double top = AddHeading(&scene,
                          offered ? "Calibrated parameters: posterior against prior"
                                  : "Best fit against prior, which this verdict does not offer",
                          Caption(beliefs));
  double next = AddKey(&scene, {0.0, top + 8.0}, kBefore, "assumed");
  if (HasPrior(beliefs)) next = AddKey(&scene, {next, top + 8.0}, kPale, "prior");
  AddKey(&scene, {next, top + 8.0}, kAfter, "posterior");
  top += 18.0;
  for (size_t i = 0; i < beliefs.shown.size(); ++i) {
    DrawBelief(beliefs.shown[i], top + kPosteriorRow * static_cast<double>(i), &scene);
  }
  scene.height = top + kPosteriorRow * static_cast<double>(beliefs.shown.size());
  return scene;
}

}  // namespace parallax::client::figure
