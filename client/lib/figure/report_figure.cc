#include "client/lib/figure/report_figure.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/lib/explain.h"
#include "client/lib/explain_text.h"
#include "client/lib/figure/cairo_writer.h"
#include "client/lib/figure/chirality_map.h"
#include "client/lib/figure/panel.h"
#include "client/lib/figure/posterior.h"
#include "client/lib/figure/residuals.h"
#include "client/lib/figure/style.h"
#include "client/lib/figure/svg_writer.h"
#include "client/lib/figure/waterfall.h"
#include "core/base/status_macros.h"

namespace parallax::client::figure {
namespace {

constexpr double kMargin = 24.0;
constexpr double kColumn = 500.0;
constexpr double kBetween = 32.0;  ///< columns, and panels of one column
constexpr double kPage = 2.0 * kColumn + kBetween;

/// How a panel is made of a report.
struct PanelKind {
  Panel panel;
  const char* name;
  double width;
  absl::StatusOr<Scene> (*make)(const Json& report, const FigureOptions& options, double width);
};

absl::StatusOr<Scene> MakeWaterfall(const Json& report, const FigureOptions& /*options*/,
                                    double width) {
  PARALLAX_ASSIGN_OR_RETURN(const Waterfall waterfall, ReadWaterfall(report));
  return DrawWaterfall(waterfall, width);
}

absl::StatusOr<Scene> MakeResiduals(const Json& report, const FigureOptions& /*options*/,
                                    double width) {
  PARALLAX_ASSIGN_OR_RETURN(const Residuals residuals, ReadResiduals(report));
  return DrawResiduals(residuals, width);
}

absl::StatusOr<Scene> MakeBeliefs(const Json& report, const FigureOptions& /*options*/,
                                  double width) {
  PARALLAX_ASSIGN_OR_RETURN(const Beliefs beliefs, ReadBeliefs(report));
  return DrawBeliefs(beliefs, width);
}

absl::StatusOr<Scene> MakeChirality(const Json& report, const FigureOptions& options,
                                    double width) {
  PARALLAX_ASSIGN_OR_RETURN(const ChiralityMap map, ReadChiralityMap(report, options.run));
  return DrawChiralityMap(map, width);
}

constexpr PanelKind kPanels[] = {{Panel::kWaterfall, "waterfall", kColumn, MakeWaterfall},
                                 {Panel::kResiduals, "residuals", kColumn, MakeResiduals},
                                 {Panel::kPosterior, "posterior", kColumn, MakeBeliefs},
                                 {Panel::kChirality, "chirality", kPage, MakeChirality}};

/// Panels of a page, and why others are not on it.
struct Contents {
  std::vector<Scene> panels;
  std::vector<std::string> left_out;
};

absl::StatusOr<Contents> MakePanels(const Json& report, const FigureOptions& options) {
  Contents contents;
  for (const PanelKind& kind : kPanels) {
    if (options.panel != Panel::kAll && options.panel != kind.panel) continue;
    absl::StatusOr<Scene> panel = kind.make(report, options, kind.width);
    if (panel.ok()) {
      contents.panels.push_back(*std::move(panel));
      continue;
    }
    const bool asked_for =
        options.panel == kind.panel || (kind.panel == Panel::kChirality && !options.run.empty());
    if (asked_for || !absl::IsNotFound(panel.status())) return panel.status();
    contents.left_out.push_back(
        absl::StrFormat("%s (%s)", kind.name, std::string(panel.status().message())));
  }
  return contents;
}

std::string Facts(const Json& report) {
  const Json& verdict = At(report, "verdict");
  std::string facts = absl::StrFormat("Rig %s, twin %s. Verdict %s", Text(At(report, "rig")),
                                      Text(At(report, "twin")), Text(At(verdict, "kind")));
  if (At(verdict, "confidence").is_number()) {
    facts += ", confidence " + Confidence(At(verdict, "confidence"));
  }
  return facts + ".";
}

/// Panels of a column each into the column that is shorter, wider ones below both.
double Arrange(const std::vector<Scene>& panels, double top, Scene* page) {
  double below[] = {top, top};
  for (const Scene& panel : panels) {
    const bool wide = panel.width > kColumn;
    const size_t column = !wide && below[1] < below[0] ? 1 : 0;
    const double y = wide ? std::max(below[0], below[1]) : below[column];
    page->Append(panel, {static_cast<double>(column) * (kColumn + kBetween), y});
    const double end = y + panel.height + kBetween;
    if (wide) below[1 - column] = end;
    below[column] = end;
  }
  return std::max(below[0], below[1]) - kBetween;
}

}  // namespace

absl::StatusOr<Format> FormatOf(const std::string& path) {
  const std::pair<std::string_view, Format> endings[] = {
      {".svg", Format::kSvg}, {".png", Format::kPng}, {".pdf", Format::kPdf}};
  for (const auto& ending : endings) {
    if (path.size() > ending.first.size() && std::string_view(path).ends_with(ending.first)) {
      return ending.second;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("\"%s\" does not end with .svg, .png or .pdf", path));
}

absl::StatusOr<Scene> ComposePage(const Json& report, const FigureOptions& options) {
  PARALLAX_ASSIGN_OR_RETURN(const Contents contents, MakePanels(report, options));
  Scene body{.width = contents.panels.size() == 1 ? contents.panels[0].width : kPage};
  double top =
      AddParagraph(&body, 0.0, VerdictSentence(report), kTitleSize, kInk, Label::Weight::kBold);
  top = AddParagraph(&body, top + 4.0, Facts(report), kTextSize, kMuted) + 20.0;
  top = Arrange(contents.panels, top, &body);
  if (!contents.left_out.empty()) {
    top =
        AddParagraph(&body, top + 12.0, "Left out: " + absl::StrJoin(contents.left_out, "; ") + ".",
                     kSmallSize, kMuted);
  }
  Scene page{.width = body.width + 2.0 * kMargin,
             .height = top + 2.0 * kMargin,
             .title = VerdictSentence(report)};
  page.Append(body, {kMargin, kMargin});
  return page;
}

absl::StatusOr<std::string> RenderReport(const Json& report, Format format,
                                         const FigureOptions& options) {
  PARALLAX_ASSIGN_OR_RETURN(const Scene page, ComposePage(report, options));
  switch (format) {
    case Format::kPng:
      return ToPng(page);
    case Format::kPdf:
      return ToPdf(page);
    case Format::kSvg:
      break;
  }
  return ToSvg(page);
}

}  // namespace parallax::client::figure
