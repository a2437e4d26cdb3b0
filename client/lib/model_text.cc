#include "client/lib/model_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/text_table.h"

namespace parallax::client {
namespace {

/// "GAUSSIAN_PROCESS" → "Gaussian process".
std::string MethodWords(const Json& method) {
  std::string words = Text(method);
  for (size_t i = 1; i < words.size(); ++i) {
    words[i] = words[i] == '_' ? ' ' : absl::ascii_tolower(static_cast<unsigned char>(words[i]));
  }
  return words;
}

/// The array of a member; an empty one where it is none.
const Json& ListAt(const Json& from, const char* key) {
  static const Json kEmpty = Json::array();
  const Json& list = At(from, key);
  return list.is_array() ? list : kEmpty;
}

/// How each outcome's model foretold runs beside the twin alone: `of` is "held_out" or "locked".
std::string ForetoldTable(const Json& outcomes, const char* of, const char* title) {
  TextTable table{{title, "runs", "rmse", "twin alone", "covered by 90 %", "unit"}, {}};
  for (const Json& outcome : outcomes) {
    const Json& held = At(outcome, of);
    if (!held.is_object()) continue;
    table.rows.push_back({Text(At(outcome, "outcome")), Text(At(held, "runs")),
                          Text(At(held, "rmse")), Text(At(held, "rmse_twin_alone")),
                          Percent(At(held, "coverage_90")), UnitText(At(outcome, "unit"))});
  }
  return table.rows.empty() ? "" : "\n" + FormatTable(table, kIndent);
}

std::string FeaturesTable(const Json& features) {
  if (!features.is_array() || features.empty()) return "";
  TextTable table{{"learned over", "low", "high", "unit"}, {}};
  for (const Json& feature : features) {
    table.rows.push_back({Text(At(feature, "name")), Text(At(feature, "low")),
                          Text(At(feature, "high")), UnitText(At(feature, "unit"))});
  }
  return FormatTable(table, kIndent);
}

std::string RandomisedTable(const Json& randomised) {
  if (!randomised.is_array() || randomised.empty()) return "";
  TextTable table{{"randomised", "low", "high", "share"}, {}};
  for (const Json& one : randomised) {
    table.rows.push_back({Text(At(one, "what")), Text(At(one, "low")), Text(At(one, "high")),
                          Percent(At(one, "share"))});
  }
  return FormatTable(table, kIndent);
}

/// A sentence of the card; nothing where it has none.
std::string Said(const Json& because) {
  return because.is_string() && !because.get<std::string>().empty() ? Sentence(Text(because)) : "";
}

std::string OutcomeText(const Json& outcome) {
  std::string text =
      Heading(absl::StrFormat("%s: %s", Text(At(outcome, "outcome")),
                              IsTrue(At(outcome, "refused")) ? "refused" : "accepted"));
  text += Said(At(outcome, "because"));
  const Json& runs = At(outcome, "runs");
  text += Sentence(absl::StrFormat(
      "%s with %s effective parameters, learned from %s real and %s simulated runs (%s real)",
      MethodWords(At(outcome, "method")), Text(At(outcome, "effective_parameters")),
      Text(At(runs, "real")), Text(At(runs, "simulated")), Percent(At(runs, "real_share"))));
  text += FeaturesTable(At(outcome, "features"));
  for (const Json& dropped : ListAt(outcome, "dropped_features")) {
    text += Sentence(absl::StrFormat("Not used: %s, %s", Text(At(dropped, "name")),
                                     Text(At(dropped, "because"))));
  }
  return text;
}

std::string GuardText(const Json& card) {
  std::string text = Heading("Guard");
  text += Sentence(IsTrue(At(card, "alarm"))
                       ? "Alarm: it learns the simulation's mistakes"
                       : "No alarm: losses on simulated and real runs go together");
  const Json& locked = At(card, "locked_set");
  if (locked.is_object()) {
    text += Sentence(absl::StrFormat("Locked set: %u runs, looked at by %s trainings",
                                     ListAt(locked, "runs").size(), Text(At(locked, "queries"))));
  }
  if (At(card, "aligned").is_boolean()) {
    text += Sentence(IsTrue(At(card, "aligned")) ? "Simulated features were aligned with real ones"
                                                 : "Simulated and real features were not aligned");
  }
  return text + RandomisedTable(At(card, "randomised"));
}

}  // namespace

std::string ModelCardText(const Json& card) {
  const Json& outcomes = ListAt(card, "outcomes");
  std::string text = Said(At(card, "because"));
  text += ForetoldTable(outcomes, "held_out", "left out");
  text += ForetoldTable(outcomes, "locked", "locked");
  for (const Json& outcome : outcomes) text += OutcomeText(outcome);
  for (const Json& one : ListAt(card, "not_learnt")) {
    text += Heading(Text(At(one, "outcome")) + ": not learned") + Said(At(one, "because"));
  }
  return text + GuardText(card);
}

}  // namespace parallax::client
