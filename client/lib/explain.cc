#include "client/lib/explain.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/lib/explain_divergence.h"
#include "client/lib/explain_gap.h"
#include "client/lib/explain_sensors.h"
#include "client/lib/explain_story.h"
#include "client/lib/explain_text.h"
#include "client/lib/text_table.h"

namespace parallax::client {
namespace {

/// "-91 to -38": two shares in percent.
std::string PercentInterval(const Json& from) {
  if (!At(from, "low").is_number() || !At(from, "high").is_number()) return "-";
  return PercentNumber(At(from, "low")) + " to " + PercentNumber(At(from, "high"));
}

/// "nk (substrate conductivity)": names with what they stand for, where that says more.
std::vector<std::string> WithMechanisms(const Json& report, const Json& parameters) {
  std::vector<std::string> names = Strings(parameters);
  for (std::string& name : names) {
    for (const Json& part : At(report, "attribution")) {
      const Json& mechanism = At(part, "mechanism");
      if (Text(At(part, "parameter")) != name || Text(mechanism) == name) continue;
      name += " (" + MechanismWords(mechanism) + ")";
      break;
    }
  }
  return names;
}

/// A calibration is offered under these verdicts only.
bool MayCalibrate(const Json& report) {
  const std::string kind = Text(At(At(report, "verdict"), "kind"));
  return kind == "IDENTIFIED" || kind == "AMBIGUOUS";
}

std::string ExplainVerdict(const Json& report) {
  const Json& verdict = At(report, "verdict");
  std::string head = "Verdict: " + Text(At(verdict, "kind"));
  if (At(verdict, "confidence").is_number()) {
    head += ", confidence " + Confidence(At(verdict, "confidence"));
  }
  std::string text = Heading(head) + Paragraph(VerdictSentence(report));
  if (At(verdict, "because").is_string()) text += Sentence("Why: " + Text(At(verdict, "because")));
  return text;
}

constexpr char kEvidenceLegend[] =
    "Share: part of the gap that calibrating the assumption removes, averaged over the order in "
    "which assumptions are calibrated, with its 90 %% interval. Inclusion: probability that it is "
    "at fault. Nats lost: by "
    "which the best model without it explains the runs worse. %s "
    "Upstream: its share when a mechanism is counted before what it feeds.";
constexpr char kGroupLegend[] =
    "%s are counted as one: the runs cannot say which of them acts, so none has a share of its "
    "own.";
constexpr char kUnionLegend[] =
    "%s share as one union (Owen values), for the runs hardly tell them apart: together %s %% of "
    "the gap (%s). How it divides among them is known less well.";
constexpr char kAloneLegend[] = "Alone: part of the gap that setting it alone removes.";
constexpr char kTogetherLegend[] =
    "Together: part of the gap beyond a right twin's that setting all of these at once removes.";

/// What parameters have together whose own shares are known less well than their sum.
std::string ExplainUnions(const Json& report) {
  std::string text;
  for (const Json& one : At(report, "attribution_unions")) {
    text += Paragraph(absl::StrFormat(kUnionLegend, Enumerate(Strings(At(one, "parameters"))),
                                      PercentNumber(At(one, "shapley")), PercentInterval(one)));
  }
  return text;
}

std::string ExplainAttribution(const Json& report) {
  bool widens = false;
  const bool weighed = !At(report, "hypotheses").empty();
  TextTable table{{"parameter", "mechanism", "share %", "interval %", "inclusion", "nats lost",
                   weighed ? "together %" : "alone %", "upstream %"},
                  {}};
  for (const Json& part : At(report, "attribution")) {
    // What was searched and has no share is among the hypotheses.
    if (weighed && !At(part, "shapley").is_number()) continue;
    table.rows.push_back({Text(At(part, "parameter")), Text(At(part, "mechanism")),
                          PercentNumber(At(part, "shapley")), PercentInterval(part),
                          Inclusion(At(part, "pip")), Text(At(part, "loss_without_nats")),
                          PercentNumber(At(part, "replay_removed")),
                          PercentNumber(At(part, "upstream_share"))});
    widens |= At(part, "high").is_number() && At(part, "high").get<double>() < 0.0;
  }
  const Json& group = At(report, "attribution_group");
  if (group.is_object()) {
    table.rows.push_back({Text(At(group, "name")), "cannot be told apart",
                          PercentNumber(At(group, "shapley")), PercentInterval(group),
                          Inclusion(At(group, "pip")), Text(At(group, "loss_without_nats")),
                          PercentNumber(At(group, "replay_removed")), "-"});
  }
  if (table.rows.empty()) return "";
  table.rows.push_back(
      {"unexplained", "", PercentNumber(At(report, "unexplained")), "", "-", "-", "-", "-"});
  std::string text =
      Heading("Where the gap comes from") +
      Paragraph(absl::StrFormat(kEvidenceLegend, weighed ? kTogetherLegend : kAloneLegend));
  if (group.is_object()) {
    text += Paragraph(absl::StrFormat(kGroupLegend, Enumerate(Strings(At(group, "parameters")))));
  }
  text += ExplainUnions(report);
  if (widens) {
    text += Paragraph(
        "A share below zero: this assumption moves to make room for others, and moved without them "
        "it would widen the gap.");
  }
  return text + FormatTable(table, kIndent);
}

/// The reasons are among the limits.
std::string ExplainIdentifiability(const Json& report) {
  const Json& from = At(report, "identifiability");
  std::string text;
  for (const Json& group : At(from, "groups")) {
    text += Paragraph(absl::StrFormat(
        "%s act as one group (collinearity %s): the runs fix their joint effect, not each.",
        Enumerate(Strings(At(group, "parameters"))), Text(At(group, "collinearity"))));
  }
  std::vector<std::string> weak;
  for (const Json& parameter : At(from, "unidentifiable")) {
    weak.push_back(absl::StrFormat("%s (%s)", Text(At(parameter, "parameter")),
                                   Percent(At(parameter, "contraction"))));
  }
  if (!weak.empty()) {
    text += Paragraph(
        "Cannot be determined, with what the runs narrow them by: " + Enumerate(weak) + ".");
  }
  return text.empty() ? "" : Heading("What the runs can tell apart") + text;
}

/// Values of the rig, then values of single runs: names of runs are long.
std::string ExplainCalibrated(const Json& report) {
  TextTable rig{{"parameter", "assumed", "value", "sd", "unit"}, {}};
  TextTable runs{{"parameter", "assumed", "value", "sd", "unit", "run"}, {}};
  for (const Json& value : At(report, "calibrated")) {
    std::vector<std::string> row = {Text(At(value, "parameter")), Text(At(value, "assumed")),
                                    Text(At(value, "value")), Text(At(value, "sd")),
                                    UnitText(At(value, "unit"))};
    if (At(value, "run").is_string()) {
      row.push_back(Text(At(value, "run")));
      runs.rows.push_back(std::move(row));
    } else {
      rig.rows.push_back(std::move(row));
    }
  }
  if (rig.rows.empty() && runs.rows.empty()) return "";
  std::string text =
      Heading(MayCalibrate(report) ? "Calibrated values"
                                   : "Values of the best fit, which this verdict does not offer");
  if (!rig.rows.empty()) text += FormatTable(rig, kIndent);
  if (!runs.rows.empty()) text += Paragraph("In single runs:") + FormatTable(runs, kIndent);
  return text;
}

std::string ExplainScores(const Json& validation) {
  if (!At(validation, "gap_before").is_number()) return "";
  std::string text = Paragraph(
      absl::StrFormat("Gap %s as assumed, %s calibrated; 95 %% of perfect twins stay under %s.",
                      WithInterval(At(validation, "gap_before"), At(validation, "gap_before_low"),
                                   At(validation, "gap_before_high")),
                      WithInterval(At(validation, "gap_after"), At(validation, "gap_after_low"),
                                   At(validation, "gap_after_high")),
                      Text(At(validation, "floor"))));
  text += ExplainReplays(validation);
  const Json& square = At(validation, "mean_square");
  if (At(square, "before").is_number()) {
    text += Paragraph(absl::StrFormat(
        "Mean squared residual in sds of what a right twin is allowed: %s as assumed, %s "
        "calibrated; 95 %% of right twins stay under %s.",
        Text(At(square, "before")), Text(At(square, "after")), Text(At(square, "floor"))));
  }
  TextTable table{
      {"channel", "rmse as assumed", "calibrated", "crps", "unit", "in 50 % band", "in 90 % band"},
      {}};
  for (const Json& channel : At(validation, "rmse")) {
    table.rows.push_back({Text(At(channel, "channel")), Text(At(channel, "before")),
                          Text(At(channel, "after")), Text(At(channel, "crps_after")),
                          UnitText(At(channel, "unit")), Percent(At(channel, "coverage_50")),
                          Percent(At(channel, "coverage_90"))});
  }
  if (!table.rows.empty()) text += FormatTable(table, kIndent);
  if (At(validation, "chirality_success_before").is_number()) {
    text += Paragraph(absl::StrFormat(
        "Dominant semiconducting chirality predicted right, of %d runs: %s as assumed, %s "
        "calibrated.",
        At(validation, "chirality").size(), Percent(At(validation, "chirality_success_before")),
        Percent(At(validation, "chirality_success_after"))));
  }
  if (At(validation, "coverage_90").is_number()) {
    text += Paragraph("90 % intervals hold " + Percent(At(validation, "coverage_90")) +
                      " of all scored samples, 50 % intervals " +
                      Percent(At(validation, "coverage_50")) + ".");
  }
  return text;
}

/// Those of a list of tests that did not pass.
Json FailedOf(const Json& tests) {
  Json failed = Json::array();
  for (const Json& test : tests) {
    if (!IsTrue(At(test, "passed"))) failed.push_back(test);
  }
  return failed;
}

/// The same as a table under `title`; empty where all passed.
std::string FailedTests(const Json& tests, const std::string& title) {
  TextTable table{{title, "figure", "must be"}, {}};
  for (const Json& test : FailedOf(tests)) {
    table.rows.push_back(
        {Text(At(test, "name")), Text(At(test, "figure")), Text(At(test, "bound"))});
  }
  return table.rows.empty() ? "" : FormatTable(table, kIndent);
}

std::string ExplainValidation(const Json& report) {
  const Json& from = At(report, "validation");
  if (!from.is_object()) return "";
  std::string head = "Validation: not possible";
  if (At(from, "gap_before").is_number()) {
    head = IsTrue(At(from, "accepted")) ? "Validation: accepted" : "Validation: REFUSED";
  }
  // An analysis that moved nothing has nothing to refuse.
  const Json& calibrated = At(report, "calibrated");
  const bool nothing =
      At(from, "gap_before").is_number() && calibrated.is_array() && calibrated.empty();
  if (nothing) head = "Validation: nothing was calibrated, so there is nothing to prove";
  std::string text = Heading(head);
  if (!nothing && At(from, "because").is_string())
    text += Sentence("Why: " + Text(At(from, "because")));
  text += ExplainScores(from);
  for (const std::string& lead : Strings(At(At(from, "leads"), "says"))) text += Sentence(lead);
  for (const Json& own : At(from, "estimated_on_own_first_part")) {
    text += Paragraph(absl::StrFormat(
        "%s of run %s is %s (sd %s), estimated on that run's own samples up to %s s, which are not "
        "scored.",
        Text(At(own, "parameter")), Text(At(own, "run")), Text(At(own, "value")),
        Text(At(own, "sd")), Text(At(own, "estimated_until_s"))));
  }
  for (const std::string& run : Strings(At(from, "unusable_runs"))) {
    text += Sentence("Could not be compared: " + run);
  }
  return text + FailedTests(At(from, "checks"), "check that failed");
}

std::string ExplainGates(const Json& report) {
  constexpr std::string_view kMissing = " (not available)";
  const std::string failed = FailedTests(At(report, "gates"), "test not met");
  std::vector<std::string> missing;
  for (const Json& gate : At(report, "gates")) {
    const std::string name = Text(At(gate, "name"));
    if (std::string_view(name).ends_with(kMissing)) {
      missing.push_back(name.substr(0, name.size() - kMissing.size()));
    }
  }
  if (failed.empty() && missing.empty()) return "";
  std::string text = Heading("Tests behind the verdict");
  if (!failed.empty()) {
    text += Paragraph(
        "Each verdict has its tests, tried in the order NO_GAP, SENSOR_FAULT, UNMODELLED, "
        "IDENTIFIED, AMBIGUOUS. These were not met: a verdict before the one given was ruled out "
        "by "
        "them, as NO_GAP is by a small gap p.");
    text += failed;
  }
  if (!missing.empty()) {
    text += Paragraph("Not available, and so not counted: " + Enumerate(missing) + ".");
  }
  return text;
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
    return "The gap comes from " + Enumerate(WithMechanisms(report, At(verdict, "parameters"))) +
           ".";
  }
  if (kind == "AMBIGUOUS") {
    return "The gap comes from among " + Enumerate(WithMechanisms(report, At(verdict, "group"))) +
           "; this recording cannot tell which.";
  }
  if (kind == "SENSOR_FAULT") {
    return "The readings of " + Enumerate(Strings(At(verdict, "channels"))) +
           " are at fault, not the model.";
  }
  if (kind == "UNMODELLED") {
    const std::vector<std::string> channels = Strings(At(verdict, "channels"));
    std::string where;
    if (!channels.empty()) where = " It shows in " + Enumerate(channels) + ".";
    if (At(verdict, "where").is_string()) {
      where = " It shows most in " + Text(At(verdict, "where")) + ".";
    }
    return "No values of the twin's parameters close the gap: the rig does something that the twin "
           "does not model." +
           where;
  }
  if (kind == "NO_GAP") return "Rig and twin agree within the noise.";
  return "No verdict: the recording does not carry enough evidence for one.";
}

std::string ExplainReport(const Json& report) {
  std::string text =
      absl::StrFormat("Rig %s, twin %s\n", Text(At(report, "rig")), Text(At(report, "twin")));
  text += ExplainVerdict(report) + ExplainIdentified(report) + ExplainStory(report) +
          ExplainGap(report) + ExplainDivergences(report) + ExplainAttribution(report) +
          ExplainHypotheses(report) + ExplainDetectable(report) + ExplainIdentifiability(report) +
          ExplainCalibrated(report) + ExplainPosterior(report) + ExplainValidation(report) +
          ExplainCounterfactuals(report) + ExplainSensors(report) + ExplainGates(report) +
          ExplainLimits(report);
  return text;
}

Json ExplanationJson(const Json& report) {
  Json json = {{"verdict", VerdictSentence(report)},
               {"kind", At(At(report, "verdict"), "kind")},
               {"confidence", At(At(report, "verdict"), "confidence")},
               {"because", At(At(report, "verdict"), "because")},
               {"measure_next", At(report, "measure_next")},
               {"posterior", At(report, "posterior")},
               {"divergences", At(report, "divergences")},
               {"attribution_group", At(report, "attribution_group")},
               {"failed_gates", FailedOf(At(report, "gates"))}};
  const Json& replays = At(At(report, "validation"), "replays");
  json["replays"] = replays.is_array() ? replays : Json::array();
  for (const char* list : {"explanation", "effects", "hypotheses", "attribution",
                           "attribution_unions", "counterfactuals", "limits"}) {
    json[list] = At(report, list).is_array() ? At(report, list) : Json::array();
  }
  json["text"] = ExplainReport(report);
  return json;
}

}  // namespace parallax::client
