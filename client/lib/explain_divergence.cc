#include "client/lib/explain_divergence.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/text_table.h"

namespace parallax::client {
namespace {

constexpr char kLegend[] =
    "Energy: distance between these runs and what they would show of a right twin, in the errors "
    "that it is allowed; near 0 where both agree. Floor: 95 % of right twins stay under it. MMD2: "
    "maximum mean discrepancy squared. W: Wasserstein distance, first of one figure a run, sliced "
    "second of more. KL and JS in nats, of shares and lines those of the shares. p: right twins "
    "that are at least as far, adjusted over signals.";
constexpr char kAtFit[] = "At fit: energy with the calibrated values, all else as assumed.";

constexpr double kLevel = 0.05;

Json Value(const Json& figures, const char* which) { return At(At(figures, which), "value"); }

/// The figure in a table that must stay narrow.
std::string Short(const Json& value) {
  return value.is_number() ? Figure(value.get<double>(), 3) : "-";
}

std::vector<std::string> Row(const Json& signal, bool fitted) {
  const Json& before = At(signal, "as_assumed");
  std::vector<std::string> row = {Text(At(signal, "signal")), Short(Value(before, "energy"))};
  if (fitted) row.push_back(Short(Value(At(signal, "at_fit"), "energy")));
  row.push_back(Short(At(At(before, "energy"), "floor")));
  for (const char* which : {"mmd2", "transport", "kl", "js"}) {
    row.push_back(Short(Value(before, which)));
  }
  row.push_back(Short(At(before, "p_value")));
  return row;
}

bool Differs(const Json& figures) {
  const Json& p_value = At(figures, "p_value");
  return p_value.is_number() && p_value.get<double>() <= kLevel;
}

/// "opens in `grow`, 45 to 90 s after its start, measured below predicted"
std::string Opening(const Json& opens) {
  const Json& score = At(opens, "mean_score");
  const bool above = score.is_number() && score.get<double>() > 0.0;
  return absl::StrFormat("opens in `%s`, %s to %s s after its start, measured %s predicted",
                         Text(At(opens, "phase")), Short(At(opens, "from_s")),
                         Short(At(opens, "until_s")), above ? "above" : "below");
}

/// What a signal that differs does, or why it could not be compared; empty where it agrees.
std::string SignalSentence(const Json& signal) {
  const std::string name = Text(At(signal, "signal"));
  if (At(signal, "missing").is_string()) {
    return name + ": not compared: " + Text(At(signal, "missing"));
  }
  const Json& before = At(signal, "as_assumed");
  // The latent space joins signals that are told one by one.
  if (!Differs(before) || Text(At(signal, "kind")) == "LATENT") return "";
  std::string sentence = name + ": ";
  sentence += At(before, "opens").is_object()
                  ? Opening(At(before, "opens"))
                  : "differs (" + Text(At(before, "opens_missing")) + ")";
  const Json& after = At(signal, "at_fit");
  if (!after.is_object()) return sentence;
  return sentence + (Differs(after) ? "; still differs at the fit" : "; gone at the fit");
}

}  // namespace

std::string ExplainDivergences(const Json& report) {
  const Json& from = At(report, "divergences");
  if (!from.is_object()) return "";
  if (At(from, "missing").is_string()) {
    return Sentence("Not compared run by run: " + Text(At(from, "missing")));
  }
  std::string text = Heading("How measured runs differ from predicted ones");
  const Json& signals = At(from, "signals");
  const bool fitted = std::any_of(signals.begin(), signals.end(), [](const Json& signal) {
    return At(signal, "at_fit").is_object();
  });
  TextTable table{{"signal", "energy"}, {}};
  if (fitted) table.columns.emplace_back("at fit");
  table.columns.insert(table.columns.end(), {"floor", "MMD2", "W", "KL", "JS", "p"});
  std::string sentences;
  bool differs = false;
  for (const Json& signal : signals) {
    differs |= Differs(At(signal, "as_assumed"));
    if (At(signal, "as_assumed").is_object()) table.rows.push_back(Row(signal, fitted));
    const std::string sentence = SignalSentence(signal);
    if (!sentence.empty()) sentences += Sentence("- " + sentence);
  }
  if (table.rows.empty()) return text + sentences;
  text += Paragraph(fitted ? absl::StrCat(kLegend, " ", kAtFit) : kLegend);
  text += FormatTable(table, kIndent);
  if (!differs) text += Paragraph("None is further off than right twins are.");
  return text + sentences;
}

}  // namespace parallax::client
