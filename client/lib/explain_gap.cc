#include "client/lib/explain_gap.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/text_table.h"

namespace parallax::client {
namespace {

constexpr char kGapLegend[] =
    "The gap is the excess energy distance of the readings from what perfect twins would show, "
    "about 0 for one.";
constexpr char kSquareLegend[] =
    "Mean squared residual in sds of what a right twin is allowed, by which the verdict tests and "
    "of which assumptions have shares: ";

/// "19.7 as assumed, 0.2 at the best fit; 95 % of perfect twins stay under 0.4".
std::string FromAssumedToFit(const std::string& assumed, const Json& after, const Json& floor,
                             const char* twins) {
  std::string text = assumed + " as assumed";
  if (after.is_number()) text += ", " + Text(after) + " at the best fit";
  return text + "; 95 % of " + twins + " stay under " + Text(floor);
}

/// The gap and, of a campaign, the mean square beside it. The p-value is that of the verdict.
std::string ExplainDistance(const Json& report) {
  const Json& gap = At(report, "gap");
  const Json& square = At(gap, "mean_square");
  const bool campaign = At(square, "before").is_number();
  const bool moved = !At(report, "calibrated").empty();
  const auto after = [moved](const Json& figure) { return moved ? figure : Json(); };
  std::string p;
  if (At(gap, "p_value").is_number()) p = " (p = " + Text(At(gap, "p_value")) + ")";
  std::string text;
  if (At(gap, "value").is_number()) {
    text += Paragraph(
        FromAssumedToFit("Gap " + WithInterval(At(gap, "value"), At(gap, "low"), At(gap, "high")),
                         after(At(gap, "after")), At(gap, "floor"), "perfect twins") +
        (campaign ? "." : p + "."));
    std::string legend = kGapLegend;
    if (At(gap, "low").is_number()) {
      legend += absl::StrFormat(" In brackets its 90 %% interval over %s.",
                                campaign ? "runs" : "blocks of time");
    }
    text += Paragraph(legend);
  }
  if (!campaign) return text;
  return text + Paragraph(kSquareLegend +
                          FromAssumedToFit(Text(At(square, "before")), after(At(square, "after")),
                                           At(square, "floor"), "right twins") +
                          p + ".");
}

}  // namespace

std::string WithInterval(const Json& value, const Json& low, const Json& high) {
  std::string text = Text(value);
  if (low.is_number() && high.is_number()) text += " (" + Text(low) + " to " + Text(high) + ")";
  return text;
}

std::string ExplainGap(const Json& report) {
  const Json& runs = At(report, "runs");
  const Json& gap = At(report, "gap");
  std::string text = Heading("What was compared");
  text += Paragraph("Calibrated on: " + Enumerate(Strings(At(runs, "calibrate"))) + ".");
  const std::vector<std::string> validate = Strings(At(runs, "validate"));
  text += Paragraph(validate.empty() ? "Judged on: no run was kept apart."
                                     : "Judged on: " + Enumerate(validate) + ".");
  text += ExplainDistance(report);
  const bool moved = !At(report, "calibrated").empty();
  const std::string unit = Text(At(gap, "unit_of_permutation"));
  TextTable table{{"channel", "rmse as assumed"}, {}};
  if (moved) table.columns.emplace_back("rmse at the fit");
  table.columns.insert(table.columns.end(), {"unit", "p by " + unit});
  for (const Json& channel : At(gap, "channels")) {
    std::vector<std::string> row = {Text(At(channel, "channel")), Text(At(channel, "rmse"))};
    if (moved) row.push_back(Text(At(channel, "rmse_after")));
    row.push_back(UnitText(At(channel, "unit")));
    row.push_back(Text(At(channel, "p_value")));
    table.rows.push_back(std::move(row));
  }
  return table.rows.empty() ? text : text + FormatTable(table, kIndent);
}

}  // namespace parallax::client
