#include "client/lib/explain_story.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/text_table.h"

namespace parallax::client {
namespace {

constexpr char kHypothesesLegend[] =
    "Inclusion: probability that it is among the causes. Nats lost: by which the best model "
    "without "
    "it explains the runs worse. Nats alone: by which it alone explains them better than "
    "everything "
    "as assumed. Shift: of a parameter set free alone, in prior sds.";

/// "PARAMETER" in words.
std::string KindWords(const std::string& kind) {
  if (kind == "PARAMETER") return "assumption";
  if (kind == "SENSOR") return "instrument";
  return kind == "MISSING" ? "missing term" : kind;
}

std::string Interval(const Json& low, const Json& high) {
  const auto end = [](const Json& value) { return value.is_number() ? Text(value) : "open"; };
  return end(low) + " to " + end(high);
}

/// "0.4 (0.1 to 0.9)"; "-" for a campaign of too few runs to tell.
std::string Spread(const Json& one) {
  const Json& spread = At(one, "spread_between_runs_sd");
  if (!spread.is_number()) return "-";
  return Text(spread) + " (" + Interval(At(one, "spread_low_90"), At(one, "spread_high_90")) + ")";
}

constexpr char kDetectableLegend[] =
    "By how many prior sds an assumption alone has to be off, so that 19 of 20 such campaigns show "
    "it; by the twin linearised at what is assumed.";

constexpr char kPosteriorLegend[] =
    "With every other assumption free within its prior. Profile: the 95 % interval that the runs "
    "set without the parameter's own prior; open where they set no limit. Between runs: by how "
    "many prior sds its value differs from run to run, with a 90 % interval; intervals of held-out "
    "runs and later predictions allow for it where that leaves out 0.";

}  // namespace

std::string ExplainIdentified(const Json& report) {
  const Json& verdict = At(report, "verdict");
  if (Text(At(verdict, "kind")) != "IDENTIFIED") return "";
  const std::vector<std::string> blamed = Strings(At(verdict, "parameters"));
  std::vector<std::string> values;
  for (const Json& value : At(report, "calibrated")) {
    const std::string name = Text(At(value, "parameter"));
    const bool named = std::find(blamed.begin(), blamed.end(), name) != blamed.end();
    if (!named || At(value, "run").is_string()) continue;
    const std::string unit = UnitText(At(value, "unit"));
    values.push_back(absl::StrFormat("%s is %s (sd %s) where %s%s was assumed", name,
                                     Text(At(value, "value")), Text(At(value, "sd")),
                                     Text(At(value, "assumed")), unit == "1" ? "" : " " + unit));
  }
  return values.empty() ? "" : Sentence(Enumerate(values));
}

std::string ExplainStory(const Json& report) {
  std::string text;
  for (const std::string& sentence : Strings(At(report, "explanation"))) {
    text += Paragraph("- " + sentence);
  }
  if (!text.empty()) text = Heading("What it does, and what was ruled out") + text;
  const Json& next = At(report, "measure_next");
  if (next.is_string()) text += Heading("What to measure next") + Sentence(Text(next));
  return text;
}

std::string ExplainHypotheses(const Json& report) {
  TextTable table{{"hypothesis", "kind", "inclusion", "nats lost", "nats alone", "shift sd"}, {}};
  for (const Json& one : At(report, "hypotheses")) {
    table.rows.push_back({Text(At(one, "name")), KindWords(Text(At(one, "kind"))),
                          Inclusion(At(one, "pip")), Text(At(one, "loss_without_nats")),
                          Text(At(one, "gain_alone_nats")), Text(At(one, "shift_sd"))});
  }
  if (table.rows.empty()) return "";
  return Heading("What each hypothesis is worth") + Paragraph(kHypothesesLegend) +
         FormatTable(table, kIndent);
}

std::string ExplainDetectable(const Json& report) {
  if (Text(At(At(report, "verdict"), "kind")) != "NO_GAP") return "";
  std::vector<const Json*> parts;
  for (const Json& part : At(report, "attribution")) {
    if (At(part, "detectable_sd").is_number()) parts.push_back(&part);
  }
  std::stable_sort(parts.begin(), parts.end(), [](const Json* a, const Json* b) {
    return At(*a, "detectable_sd").get<double>() < At(*b, "detectable_sd").get<double>();
  });
  TextTable table{{"parameter", "mechanism", "shift sd"}, {}};
  for (const Json* part : parts) {
    table.rows.push_back({Text(At(*part, "parameter")), Text(At(*part, "mechanism")),
                          Figure(At(*part, "detectable_sd").get<double>(), 2)});
  }
  if (table.rows.empty()) return "";
  return Heading("What would have been seen") + Paragraph(kDetectableLegend) +
         FormatTable(table, kIndent);
}

std::string ExplainReplays(const Json& validation) {
  const Json& floor = At(validation, "floor");
  const auto reached = [&](const Json& gap) {
    return floor.is_number() && gap.is_number() && gap.get<double>() <= floor.get<double>();
  };
  std::string text;
  for (const Json& replay : At(validation, "replays")) {
    const Json& alone = At(replay, "alone");
    const Json& without = At(replay, "without");
    text += Paragraph(
        absl::StrFormat("Replay: %s alone %s, without it %s, floor %s: alone it %s the floor%s.",
                        MechanismWords(At(replay, "mechanism")), Text(alone), Text(without),
                        Text(floor), reached(alone) ? "reaches" : "does not reach",
                        reached(without) ? ", which is reached without it, too" : ""));
  }
  return text;
}

std::string ExplainCounterfactuals(const Json& report) {
  std::string text;
  int plain = 0;  // right in every world: nothing to tell of the cause
  for (const Json& call : At(report, "counterfactuals")) {
    const std::string measured = Text(At(call, "measured"));
    if (measured == Text(At(call, "as_assumed")) && measured == Text(At(call, "as_calibrated"))) {
      ++plain;
    } else {
      text += Paragraph("- " + Text(At(call, "sentence")));
    }
  }
  if (plain > 0) {
    text += Paragraph(absl::StrFormat("- %d %s predicted as measured either way.", plain,
                                      plain == 1 ? "run is" : "runs are"));
  }
  return text.empty() ? "" : Heading("Held-out runs, one by one") + text;
}

std::string ExplainPosterior(const Json& report) {
  const Json& posterior = At(report, "posterior");
  if (!posterior.is_object()) return "";
  TextTable table{{"parameter", "mean", "90 % interval", "profile", "between runs"}, {}};
  for (const Json& one : At(posterior, "parameters")) {
    table.rows.push_back({Text(At(one, "parameter")), Text(At(one, "mean")),
                          Interval(At(one, "low_90"), At(one, "high_90")),
                          Interval(At(one, "profile_low_95"), At(one, "profile_high_95")),
                          Spread(one)});
  }
  return Heading("How surely") + Paragraph(kPosteriorLegend) + FormatTable(table, kIndent) +
         Paragraph(absl::StrFormat(
             "The chains have %sconverged; they ran on an emulator of the twin whose log density "
             "errs by %s nats.",
             IsTrue(At(posterior, "converged")) ? "" : "not ",
             Text(At(posterior, "emulator_error_nats"))));
}

}  // namespace parallax::client
