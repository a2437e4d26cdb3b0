#include "client/lib/figure/residuals.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/figure/axis.h"
#include "client/lib/figure/panel.h"
#include "client/lib/figure/style.h"
#include "client/lib/figure/text_fit.h"
#include "client/lib/text_table.h"
#include "core/base/unit_text.h"

namespace parallax::client::figure {
namespace {

constexpr double kResidualNameWidth = 165.0;
constexpr double kResidualFigureWidth = 130.0;
constexpr double kResidualRow = 38.0;
constexpr double kResidualBar = 11.0;
constexpr double kKeys = 16.0;      ///< height of the legend
constexpr double kTickRoom = 22.0;  ///< below the bars
constexpr double kMostParts = 2.0;  ///< longer bars are cut; their figures stand beside them

std::vector<ChannelResidual> ReadChannels(const Json& list, const char* before, const char* after) {
  std::vector<ChannelResidual> channels;
  for (const Json& one : list) {
    const ChannelResidual channel{.channel = Text(At(one, "channel")),
                                  .unit = Text(At(one, "unit")),
                                  .before = NumberOf(At(one, before)),
                                  .after = NumberOf(At(one, after)),
                                  .coverage_90 = NumberOf(At(one, "coverage_90"))};
    if (std::isfinite(channel.before)) channels.push_back(channel);
  }
  return channels;
}

/// Length of a bar in parts of the residual as assumed; a residual of nothing has no parts.
double Part(const ChannelResidual& channel, double rmse) {
  return channel.before > 0.0 ? std::min(rmse / channel.before, kMostParts) : 0.0;
}

std::string WithUnit(double rmse, const std::string& unit) {
  return Figure(rmse, 3) + (unit.empty() || unit == "1" ? "" : " " + base::SpellUnit(unit));
}

void DrawFigures(const ChannelResidual& channel, double top, Scene* scene) {
  constexpr Label::Weight kPlain = Label::Weight::kNormal;
  const double middle = top + 0.5 * kResidualRow;
  const bool band = std::isfinite(channel.coverage_90);
  AddText(scene, {0.0, middle + (band ? -1.5 : 4.5)},
          Shorten(channel.channel, kTextSize, kPlain, kResidualNameWidth), kTextSize, kInk);
  if (band) {
    AddText(scene, {0.0, middle + 11.5},
            "90 % band holds " + PercentNumber(Json(channel.coverage_90)) + " %", kSmallSize,
            kMuted);
  }
  const std::string figure =
      std::isfinite(channel.after)
          ? Figure(channel.before, 3) + " → " + WithUnit(channel.after, channel.unit)
          : WithUnit(channel.before, channel.unit);
  AddText(scene, {scene->width, middle + 4.5}, figure, kSmallSize, kInk, Label::Anchor::kEnd);
}

void DrawBars(const ChannelResidual& channel, const Axis& axis, double top, Scene* scene) {
  const double middle = top + 0.5 * kResidualRow;
  scene->AddRectangle("bar", {axis.begin, middle - kResidualBar - 1.0},
                      axis.At(Part(channel, channel.before)) - axis.begin, kResidualBar, kBefore);
  if (!std::isfinite(channel.after)) return;
  scene->AddRectangle("bar", {axis.begin, middle + 1.0},
                      axis.At(Part(channel, channel.after)) - axis.begin, kResidualBar, kAfter);
}

void DrawGrid(const Axis& axis, double top, double bottom, Scene* scene) {
  for (const double tick : Ticks(axis.low, axis.high, 5)) {
    const double x = axis.At(tick);
    scene->AddLine("grid", {x, top}, {x, bottom}, kGrid, 1.0);
    AddText(scene, {x, bottom + 15.0}, PercentNumber(Json(tick)) + " %", kSmallSize, kMuted,
            Label::Anchor::kMiddle);
  }
}

/// All as assumed, or more where a channel got worse.
double LongestPart(const std::vector<ChannelResidual>& channels) {
  double longest = 1.0;
  for (const ChannelResidual& channel : channels) {
    if (std::isfinite(channel.after)) longest = std::max(longest, Part(channel, channel.after));
  }
  return longest;
}

}  // namespace

absl::StatusOr<Residuals> ReadResiduals(const Json& report) {
  Residuals residuals{.channels =
                          ReadChannels(At(At(report, "validation"), "rmse"), "before", "after")};
  if (residuals.channels.empty()) {
    residuals = {.runs = Residuals::Runs::kCalibrate,
                 .channels = ReadChannels(At(At(report, "gap"), "channels"), "rmse", "rmse_after")};
  }
  if (residuals.channels.empty()) return absl::NotFoundError("no channel could be compared");
  return residuals;
}

Scene DrawResiduals(const Residuals& residuals, double width) {
  Scene scene{.width = width};
  const bool held_out = residuals.runs == Residuals::Runs::kHeldOut;
  const bool compared =
      std::any_of(residuals.channels.begin(), residuals.channels.end(),
                  [](const ChannelResidual& channel) { return std::isfinite(channel.after); });
  double top = AddHeading(
      &scene, held_out ? "Residuals of held-out runs" : "Residuals of the runs calibrated on",
      compared ? "Root mean square of measured minus predicted, as part of what it is as assumed."
               : "Root mean square of measured minus predicted; nothing was calibrated.");
  const Axis axis{.low = 0.0,
                  .high = LongestPart(residuals.channels),
                  .begin = kResidualNameWidth + 8.0,
                  .end = width - kResidualFigureWidth - 8.0};
  double bottom = top + kResidualRow * static_cast<double>(residuals.channels.size());
  if (compared) {
    const double next = AddKey(&scene, {axis.begin, top + 8.0}, kBefore, "as assumed");
    AddKey(&scene, {next, top + 8.0}, kAfter, held_out ? "calibrated" : "at the fit");
    top += kKeys;
    bottom += kKeys;
    DrawGrid(axis, top, bottom, &scene);
  }
  for (size_t i = 0; i < residuals.channels.size(); ++i) {
    const double row = top + kResidualRow * static_cast<double>(i);
    DrawFigures(residuals.channels[i], row, &scene);
    if (compared) DrawBars(residuals.channels[i], axis, row, &scene);
  }
  scene.height = bottom + (compared ? kTickRoom : 0.0);
  return scene;
}

}  // namespace parallax::client::figure
