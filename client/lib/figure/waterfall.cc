#include "client/lib/figure/waterfall.h"

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

namespace parallax::client::figure {
namespace {

using Kind = WaterfallBar::Kind;

constexpr double kLeastShare = 0.005;
constexpr size_t kMostSteps = 10;

/// What the verdict names, one parameter or a group of which one is at fault.
std::vector<std::string> Blamed(const Json& report) {
  const Json& verdict = At(report, "verdict");
  std::vector<std::string> names = Strings(At(verdict, "parameters"));
  for (const std::string& name : Strings(At(verdict, "group"))) names.push_back(name);
  return names;
}

std::vector<WaterfallBar> ReadSteps(const Json& report) {
  const std::vector<std::string> blamed = Blamed(report);
  std::vector<WaterfallBar> steps;
  for (const Json& part : At(report, "attribution")) {
    WaterfallBar step{.name = Text(At(part, "parameter")),
                      .detail = Text(At(part, "mechanism")),
                      .share = NumberOf(At(part, "shapley")),
                      .low = NumberOf(At(part, "low")),
                      .high = NumberOf(At(part, "high"))};
    if (!std::isfinite(step.share)) continue;
    std::replace(step.detail.begin(), step.detail.end(), '_', ' ');
    if (step.detail == step.name) step.detail.clear();
    if (std::count(blamed.begin(), blamed.end(), step.name) > 0) step.kind = Kind::kBlamed;
    steps.push_back(std::move(step));
  }
  const Json& group = At(report, "attribution_group");
  if (At(group, "shapley").is_number()) {
    steps.push_back({.kind = Kind::kBlamed,
                     .name = Text(At(group, "name")),
                     .detail = "cannot be told apart",
                     .share = NumberOf(At(group, "shapley")),
                     .low = NumberOf(At(group, "low")),
                     .high = NumberOf(At(group, "high"))});
  }
  return steps;
}

/// Blamed before weighed, then by size: what is kept when not all can be shown.
bool MattersMore(const WaterfallBar& a, const WaterfallBar& b) {
  if (a.kind != b.kind) return a.kind == Kind::kBlamed;
  return std::abs(a.share) > std::abs(b.share);
}

/// Joins the steps that do not matter into one.
void JoinSmall(std::vector<WaterfallBar>* steps) {
  std::stable_sort(steps->begin(), steps->end(), MattersMore);
  const auto small = std::find_if(steps->begin(), steps->end(), [](const WaterfallBar& step) {
    return step.kind != Kind::kBlamed && std::abs(step.share) < kLeastShare;
  });
  const auto kept = std::min<size_t>(kMostSteps, static_cast<size_t>(small - steps->begin()));
  WaterfallBar others;
  size_t joined = 0;
  for (size_t i = kept; i < steps->size(); ++i) {
    others.share += (*steps)[i].share;
    if ((*steps)[i].share != 0.0) ++joined;
  }
  steps->resize(kept);
  if (joined == 0) return;
  others.name = absl::StrFormat("%d other%s", joined, joined == 1 ? "" : "s");
  others.detail = absl::StrFormat("below %g %% each", 100.0 * kLeastShare);
  if (kept == kMostSteps) others.detail = "each smaller than these";
  steps->push_back(std::move(others));
}

/// What shares are parts of: a campaign's mean square, else the gap itself.
struct Divided {
  std::string name;
  const Json& value;
  const Json& after;
  const Json& floor;
};

Divided DividedOf(const Json& report) {
  const Json& gap = At(report, "gap");
  const Json& square = At(gap, "mean_square");
  if (At(square, "before").is_number()) {
    return {"mean squared residual", At(square, "before"), At(square, "after"),
            At(square, "floor")};
  }
  return {"gap", At(gap, "value"), At(gap, "after"), At(gap, "floor")};
}

std::string Caption(const Divided& divided) {
  std::string caption =
      "In parts of the " + divided.name + ": " + Text(divided.value) + " as assumed";
  if (divided.after.is_number()) caption += ", " + Text(divided.after) + " at the best fit";
  return caption + "; 95 % of perfect twins stay under " + Text(divided.floor) +
         ". Whiskers: 90 % intervals.";
}

}  // namespace

absl::StatusOr<Waterfall> ReadWaterfall(const Json& report) {
  const double left = NumberOf(At(report, "unexplained"));
  const Divided divided = DividedOf(report);
  const double gap = NumberOf(divided.value);
  if (!std::isfinite(left) || !(gap > 0.0)) {
    return absl::NotFoundError("there was no gap to divide among assumptions");
  }
  std::vector<WaterfallBar> steps = ReadSteps(report);
  JoinSmall(&steps);
  // Those that widen it first, so that what is left never looks like less than nothing on the way.
  std::stable_sort(steps.begin(), steps.end(), [](const WaterfallBar& a, const WaterfallBar& b) {
    if ((a.share < 0.0) != (b.share < 0.0)) return a.share < 0.0;
    return std::abs(a.share) > std::abs(b.share);
  });
  const double floor = NumberOf(divided.floor) / gap;
  const double measurement = std::isfinite(floor) ? std::clamp(floor, 0.0, std::max(left, 0.0)) : 0;
  steps.push_back({.kind = Kind::kUnexplained,
                   .name = "unexplained",
                   .detail = "by any assumption",
                   .share = left - measurement});
  steps.push_back({.kind = Kind::kMeasurement,
                   .name = "measurement",
                   .detail = "a perfect twin's gap",
                   .share = measurement});
  Waterfall waterfall{.bars = {{.kind = Kind::kGap,
                                .name = "gap",
                                .detail = "everything as assumed",
                                .share = 1.0,
                                .begin = 1.0}},
                      .caption = Caption(divided)};
  double rest = 1.0;
  for (WaterfallBar& step : steps) {
    step.begin = rest;
    rest -= step.share;
    waterfall.bars.push_back(std::move(step));
  }
  return waterfall;
}

namespace {

constexpr double kWaterfallNameWidth = 165.0;
constexpr double kWaterfallFigureWidth = 108.0;
constexpr double kWaterfallRow = 34.0;
constexpr double kWaterfallBar = 18.0;
constexpr double kCap = 4.0;  ///< half a whisker's end

Colour ColourOf(Kind kind) {
  switch (kind) {
    case Kind::kBlamed:
      return kBefore;
    case Kind::kWeighed:
      return kSuspect;
    case Kind::kGap:
    case Kind::kUnexplained:
      return kNeutral;
    case Kind::kMeasurement:
      break;
  }
  return kPale;
}

/// An axis that holds every bar and whisker, whiskers only as far as they can be read beside bars.
Axis AxisFor(const Waterfall& waterfall, double begin, double end) {
  Axis axis{.low = 0.0, .high = 1.0, .begin = begin, .end = end};
  for (const WaterfallBar& bar : waterfall.bars) {
    for (const double x : {bar.begin, bar.begin - bar.share}) {
      axis.low = std::min(axis.low, x);
      axis.high = std::max(axis.high, x);
    }
  }
  const double reach = 0.25 * (axis.high - axis.low);
  const double low = axis.low, high = axis.high;
  for (const WaterfallBar& bar : waterfall.bars) {
    if (!std::isfinite(bar.low) || !std::isfinite(bar.high)) continue;
    axis.low = std::min(axis.low, std::max(bar.begin - bar.high, low - reach));
    axis.high = std::max(axis.high, std::min(bar.begin - bar.low, high + reach));
  }
  return axis;
}

/// Two digits, so that a small share is not 0; what is nothing beside a percent is.
std::string InPercent(double share) {
  constexpr double kNothing = 5e-5;
  if (std::abs(share) < kNothing) return "0";
  return std::abs(share) < 0.0995 ? Figure(100.0 * share, 2) : PercentNumber(Json(share));
}

void DrawWhisker(const WaterfallBar& bar, const Axis& axis, double y, Scene* scene) {
  if (!std::isfinite(bar.low) || !std::isfinite(bar.high)) return;
  const double left = axis.At(std::max(bar.begin - bar.high, axis.low));
  const double right = axis.At(std::min(bar.begin - bar.low, axis.high));
  scene->AddLine("whisker", {left, y}, {right, y}, kInk, 1.4);
  for (const double x : {left, right}) {
    scene->AddLine("cap", {x, y - kCap}, {x, y + kCap}, kInk, 1.4);
  }
}

void DrawBar(const WaterfallBar& bar, const Axis& axis, double top, Scene* scene) {
  const double middle = top + 0.5 * kWaterfallRow;
  constexpr Label::Weight kPlain = Label::Weight::kNormal;
  const Label::Weight weight = bar.kind == Kind::kBlamed ? Label::Weight::kBold : kPlain;
  AddText(scene, {0.0, middle + (bar.detail.empty() ? 4.5 : -1.5)},
          Shorten(bar.name, kTextSize, weight, kWaterfallNameWidth), kTextSize, kInk,
          Label::Anchor::kStart, weight);
  AddText(scene, {0.0, middle + 11.5}, Shorten(bar.detail, kSmallSize, kPlain, kWaterfallNameWidth),
          kSmallSize, kMuted);
  const double from = axis.At(std::min(bar.begin, bar.begin - bar.share));
  const double to = axis.At(std::max(bar.begin, bar.begin - bar.share));
  scene->AddRectangle("bar", {from, middle - 0.5 * kWaterfallBar}, std::max(to - from, 1.0),
                      kWaterfallBar, ColourOf(bar.kind));
  DrawWhisker(bar, axis, middle, scene);
  std::string figure = InPercent(bar.share) + " %";
  if (std::isfinite(bar.low) && std::isfinite(bar.high)) {
    figure += absl::StrFormat(" (%s to %s)", InPercent(bar.low), InPercent(bar.high));
  }
  AddText(scene, {scene->width, middle + 4.5}, figure, kSmallSize, kInk, Label::Anchor::kEnd);
}

bool ShowsAny(const Waterfall& waterfall, Kind kind) {
  return std::any_of(waterfall.bars.begin(), waterfall.bars.end(),
                     [kind](const WaterfallBar& bar) { return bar.kind == kind; });
}

}  // namespace

Scene DrawWaterfall(const Waterfall& waterfall, double width) {
  Scene scene{.width = width};
  double top = AddHeading(&scene, "Where the gap comes from", waterfall.caption);
  const bool blamed = ShowsAny(waterfall, Kind::kBlamed);
  const bool weighed = ShowsAny(waterfall, Kind::kWeighed);
  double next = 0.0;
  if (blamed) next = AddKey(&scene, {next, top + 8.0}, kBefore, "blamed by the verdict");
  if (weighed) AddKey(&scene, {next, top + 8.0}, kSuspect, "weighed and not blamed");
  if (blamed || weighed) top += 20.0;
  const Axis axis =
      AxisFor(waterfall, kWaterfallNameWidth + 8.0, width - kWaterfallFigureWidth - 8.0);
  const double bottom = top + kWaterfallRow * static_cast<double>(waterfall.bars.size());
  for (const double tick : Ticks(axis.low, axis.high, 5)) {
    const double x = axis.At(tick);
    scene.AddLine("grid", {x, top}, {x, bottom}, kGrid, 1.0);
    AddText(&scene, {x, bottom + 15.0}, PercentNumber(Json(tick)) + " %", kSmallSize, kMuted,
            Label::Anchor::kMiddle);
  }
  for (size_t i = 0; i < waterfall.bars.size(); ++i) {
    const WaterfallBar& bar = waterfall.bars[i];
    const double row = top + kWaterfallRow * static_cast<double>(i);
    // What is left after a step is where the next one starts; the gap itself takes nothing away.
    const double x = axis.At(bar.kind == Kind::kGap ? bar.begin : bar.begin - bar.share);
    if (i + 1 < waterfall.bars.size()) {
      scene.AddLine("link", {x, row + 0.5 * (kWaterfallRow + kWaterfallBar)},
                    {x, row + 1.5 * kWaterfallRow - 0.5 * kWaterfallBar}, kNeutral, 1.0);
    }
    DrawBar(bar, axis, row, &scene);
  }
  scene.height = bottom + 22.0;
  return scene;
}

}  // namespace parallax::client::figure
