#include "client/lib/explain.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/lib/text_table.h"

namespace parallax::client {
namespace {

constexpr size_t kWidth = 100;
constexpr int kDigits = 4;
constexpr double kBarCharacters = 24.0;
constexpr char kIndent[] = "  ";

const Json& At(const Json& from, const char* key) {
  static const Json kNull;
  return from.is_object() && from.contains(key) ? from[key] : kNull;
}

std::string Text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return Figure(value.get<double>(), kDigits);
  return "-";
}

std::string Percent(const Json& value) {
  if (!value.is_number()) return "-";
  return absl::StrFormat("%.0f %%", 100.0 * value.get<double>());
}

std::vector<std::string> Strings(const Json& list) {
  std::vector<std::string> strings;
  if (!list.is_array()) return strings;
  for (const Json& element : list) strings.push_back(Text(element));
  return strings;
}

/// "U", "U and eps", "U, eps and Ta_offset".
std::string Enumerate(const std::vector<std::string>& names) {
  if (names.empty()) return "nothing that has a name";
  if (names.size() == 1) return names[0];
  const std::vector<std::string> head(names.begin(), names.end() - 1);
  return absl::StrJoin(head, ", ") + " and " + names.back();
}

std::string Paragraph(const std::string& text) { return Wrap(text, kIndent, kWidth); }
std::string Heading(const std::string& text) { return "\n" + text + "\n"; }

std::string Bar(const Json& share) {
  if (!share.is_number()) return "";
  const double filled = std::clamp(share.get<double>(), 0.0, 1.0) * kBarCharacters;
  return std::string(static_cast<size_t>(std::lround(filled)), '#');
}

std::string Interval(const Json& from) {
  if (!At(from, "low").is_number() || !At(from, "high").is_number()) return "-";
  return Text(At(from, "low")) + " to " + Text(At(from, "high"));
}

std::string ExplainVerdict(const Json& report) {
  const Json& verdict = At(report, "verdict");
  std::string head = "Verdict: " + Text(At(verdict, "kind"));
  if (At(verdict, "confidence").is_number()) {
    head += ", confidence " + Percent(At(verdict, "confidence"));
  }
  std::string text = Heading(head) + Paragraph(VerdictSentence(report));
  if (At(verdict, "because").is_string()) text += Paragraph(Text(At(verdict, "because")));
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
  std::string figures = "Gap " + Text(At(gap, "value"));
  if (Interval(gap) != "-") figures += " (" + Interval(gap) + ")";
  figures += ", noise floor " + Text(At(gap, "floor"));
  if (At(gap, "p_value").is_number()) {
    figures += ", p = " + Text(At(gap, "p_value")) + " by permutation of each " +
               Text(At(gap, "unit_of_permutation"));
  }
  text += Paragraph(figures + ".");
  TextTable table{{"channel", "gap", "p", "rmse", "unit"}, {}};
  for (const Json& channel : At(gap, "channels")) {
    table.rows.push_back({Text(At(channel, "channel")), Text(At(channel, "gap")),
                          Text(At(channel, "p_value")), Text(At(channel, "rmse")),
                          Text(At(channel, "unit"))});
  }
  return table.rows.empty() ? text : text + FormatTable(table, kIndent);
}

std::string ExplainAttribution(const Json& report) {
  TextTable table{{"parameter", "mechanism", "share", "interval", "inclusion", ""}, {}};
  for (const Json& part : At(report, "attribution")) {
    table.rows.push_back({Text(At(part, "parameter")), Text(At(part, "mechanism")),
                          Text(At(part, "shapley")), Interval(part), Text(At(part, "pip")),
                          Bar(At(part, "shapley"))});
  }
  if (table.rows.empty()) return "";
  table.rows.push_back(
      {"unexplained", "", Text(At(report, "unexplained")), "", "", Bar(At(report, "unexplained"))});
  return Heading("Where the gap comes from") + FormatTable(table, kIndent);
}

std::string ExplainIdentifiability(const Json& report) {
  const Json& from = At(report, "identifiability");
  std::string text;
  for (const Json& group : At(from, "groups")) {
    text += Paragraph(absl::StrFormat(
        "%s act as one group (collinearity %s): the recording fixes their joint effect, not each.",
        Enumerate(Strings(At(group, "parameters"))), Text(At(group, "collinearity"))));
  }
  for (const Json& parameter : At(from, "unidentifiable")) {
    text +=
        Paragraph(absl::StrFormat("%s cannot be determined: %s", Text(At(parameter, "parameter")),
                                  Text(At(parameter, "because"))));
  }
  return text.empty() ? "" : Heading("What the recording can tell apart") + text;
}

std::string ExplainSensors(const Json& report) {
  std::string text;
  for (const Json& sensor : At(report, "sensors")) {
    const bool fault = At(sensor, "fault").is_boolean() && At(sensor, "fault").get<bool>();
    std::string line = absl::StrFormat(
        "%s %s in run %s: %s samples between %s s and %s s%s.", Text(At(sensor, "channel")),
        Text(At(sensor, "reason")), Text(At(sensor, "run")), Text(At(sensor, "samples")),
        Text(At(sensor, "begin_s")), Text(At(sensor, "end_s")), fault ? ", a FAULT" : "");
    if (At(sensor, "text").is_string()) line += " " + Text(At(sensor, "text"));
    text += Paragraph(line);
  }
  return text.empty() ? "" : Heading("Sensors") + text;
}

std::string ExplainCalibrated(const Json& report) {
  TextTable table{{"parameter", "run", "assumed", "value", "sd", "unit"}, {}};
  for (const Json& value : At(report, "calibrated")) {
    table.rows.push_back({Text(At(value, "parameter")),
                          At(value, "run").is_null() ? "all" : Text(At(value, "run")),
                          Text(At(value, "assumed")), Text(At(value, "value")),
                          Text(At(value, "sd")), Text(At(value, "unit"))});
  }
  if (table.rows.empty()) return "";
  return Heading("Calibrated parameters") + FormatTable(table, kIndent);
}

std::string ExplainValidation(const Json& report) {
  const Json& from = At(report, "validation");
  if (!from.is_object()) return "";
  const Json& accepted = At(from, "accepted");
  std::string head = "Validation: not possible";
  if (accepted.is_boolean())
    head = accepted.get<bool>() ? "Validation: accepted" : "Validation: REFUSED";
  std::string text = Heading(head);
  if (At(from, "because").is_string()) text += Paragraph(Text(At(from, "because")));
  if (At(from, "gap_before").is_number()) {
    text += Paragraph(absl::StrFormat("Gap %s before, %s after, noise floor %s.",
                                      Text(At(from, "gap_before")), Text(At(from, "gap_after")),
                                      Text(At(from, "floor"))));
  }
  TextTable table{{"channel", "rmse before", "rmse after", "unit"}, {}};
  for (const Json& channel : At(from, "rmse")) {
    table.rows.push_back({Text(At(channel, "channel")), Text(At(channel, "before")),
                          Text(At(channel, "after")), Text(At(channel, "unit"))});
  }
  if (!table.rows.empty()) text += FormatTable(table, kIndent);
  if (At(from, "chirality_success_after").is_number()) {
    text += Paragraph(absl::StrFormat("Chirality predicted right: %s before, %s after.",
                                      Percent(At(from, "chirality_success_before")),
                                      Percent(At(from, "chirality_success_after"))));
  }
  if (At(from, "coverage_90").is_number()) {
    text +=
        Paragraph("90 % intervals hold " + Percent(At(from, "coverage_90")) + " of the samples.");
  }
  return text;
}

std::string ExplainGates(const Json& report) {
  TextTable table{{"test", "figure", "bound", "passed"}, {}};
  for (const Json& gate : At(report, "gates")) {
    const Json& passed = At(gate, "passed");
    table.rows.push_back({Text(At(gate, "name")), Text(At(gate, "figure")), Text(At(gate, "bound")),
                          !passed.is_boolean() ? "-"
                          : passed.get<bool>() ? "yes"
                                               : "no"});
  }
  if (table.rows.empty()) return "";
  return Heading("Tests behind the verdict") + FormatTable(table, kIndent);
}

std::string ExplainLimits(const Json& report) {
  std::string text;
  for (const std::string& limit : Strings(At(report, "limits"))) text += Paragraph("- " + limit);
  return text.empty() ? "" : Heading("What cannot be concluded") + text;
}

}  // namespace

std::string VerdictSentence(const Json& report) {
  const Json& verdict = At(report, "verdict");
  const std::string kind = Text(At(verdict, "kind"));
  if (kind == "IDENTIFIED") {
    return "The gap comes from " + Enumerate(Strings(At(verdict, "parameters"))) + ".";
  }
  if (kind == "AMBIGUOUS") {
    return "The gap comes from among " + Enumerate(Strings(At(verdict, "group"))) +
           "; this recording cannot tell which.";
  }
  if (kind == "SENSOR_FAULT") {
    return "The readings of " + Enumerate(Strings(At(verdict, "channels"))) +
           " are at fault, not the model.";
  }
  if (kind == "UNMODELLED") {
    return "No values of the twin's parameters close the gap: the rig does something that the twin "
           "does not model.";
  }
  if (kind == "NO_GAP") return "Rig and twin agree within the noise.";
  return "No verdict: the recording does not carry enough evidence for one.";
}

std::string ExplainReport(const Json& report) {
  std::string text =
      absl::StrFormat("Rig %s, twin %s\n", Text(At(report, "rig")), Text(At(report, "twin")));
  text += ExplainVerdict(report) + ExplainGap(report) + ExplainAttribution(report) +
          ExplainIdentifiability(report) + ExplainSensors(report) + ExplainCalibrated(report) +
          ExplainValidation(report) + ExplainGates(report) + ExplainLimits(report);
  return text;
}

}  // namespace parallax::client
