#include "client/lib/design_text.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/text_table.h"

namespace parallax::client {
namespace {

/// "k0 from Rc; a from b": the pairs that an experiment tells apart.
std::string Pairs(const Json& pairs) {
  std::string text;
  for (const Json& pair : pairs.is_array() ? pairs : Json::array()) {
    const std::vector<std::string> names = Strings(pair);
    if (names.size() != 2) continue;
    absl::StrAppendFormat(&text, "%s%s from %s", text.empty() ? "" : "; ", names[0], names[1]);
  }
  return text;
}

std::string ChangesTable(const Json& changes) {
  if (!changes.is_array() || changes.empty()) return "";
  TextTable table{{"change", "from", "to", "low", "high", "unit"}, {}};
  for (const Json& change : changes) {
    table.rows.push_back({Text(At(change, "knob")), Text(At(change, "from")),
                          Text(At(change, "to")), Text(At(change, "low")), Text(At(change, "high")),
                          UnitText(At(change, "unit"))});
  }
  return FormatTable(table, kIndent);
}

std::string ExpectedTable(const Json& expected) {
  if (!expected.is_array() || expected.empty()) return "";
  TextTable table{{"expected", "mean", "sd", "of it epistemic", "unit"}, {}};
  for (const Json& one : expected) {
    table.rows.push_back({Text(At(one, "observable")), Text(At(one, "mean")), Text(At(one, "sd")),
                          Percent(At(one, "epistemic_share")), UnitText(At(one, "unit"))});
  }
  return FormatTable(table, kIndent);
}

/// How much a suggested experiment tells, and of what.
std::string WhatItTells(const Json& experiment) {
  std::string text;
  const std::string pairs = Pairs(At(experiment, "separates"));
  if (!pairs.empty()) text += Sentence("Tells " + pairs);
  if (At(experiment, "information_nats").is_number()) {
    std::string line =
        absl::StrFormat("Information %s nats", Text(At(experiment, "information_nats")));
    const Json& nested = At(experiment, "nested_monte_carlo");
    if (At(nested, "nats").is_number()) {
      absl::StrAppendFormat(&line, ", by nested Monte Carlo %s ± %s", Text(At(nested, "nats")),
                            Text(At(nested, "standard_error")));
    }
    text += Sentence(line);
  }
  if (At(experiment, "resolves_probability").is_number()) {
    text += Sentence("Settles the question with probability " +
                     Confidence(At(experiment, "resolves_probability")));
  }
  return text;
}

/// What the recipe of a goal promises.
std::string WhatItPromises(const Json& experiment, const Json& unit) {
  std::string text;
  if (At(experiment, "expected_value").is_number()) {
    text += Sentence(absl::StrFormat("Expected %s %s, 90 %% from %s to %s",
                                     Text(At(experiment, "expected_value")), UnitText(unit),
                                     Text(At(experiment, "low")), Text(At(experiment, "high"))));
  }
  if (At(experiment, "probability_of_reaching").is_number()) {
    text += Sentence("Reaches the goal with probability " +
                     Confidence(At(experiment, "probability_of_reaching")));
  }
  return text;
}

std::string ExperimentText(const Json& experiment, const Json& design) {
  std::string text = Heading(absl::StrFormat("Experiment %s: %s", Text(At(experiment, "rank")),
                                             Text(At(experiment, "headline"))));
  text += ChangesTable(At(experiment, "changes"));
  text += WhatItTells(experiment);
  text += WhatItPromises(experiment, At(At(design, "goal"), "unit"));
  if (At(experiment, "would_change").is_string()) {
    text += Sentence(Text(At(experiment, "would_change")));
  }
  text += ExpectedTable(At(experiment, "expected"));
  if (At(experiment, "hours").is_number()) {
    text += Sentence("Takes " + Text(At(experiment, "hours")) + " h");
  }
  for (const std::string& warning : Strings(At(experiment, "warnings"))) {
    text += Sentence("Warning: " + warning);
  }
  return text;
}

/// The batch beside runs drawn at random, and the best run so far beside a goal.
std::string BesideText(const Json& design) {
  std::string text;
  const Json& random = At(design, "random");
  if (At(design, "batch_information_nats").is_number()) {
    std::string line =
        absl::StrFormat("All together tell %s nats", Text(At(design, "batch_information_nats")));
    if (At(random, "median_nats").is_number()) {
      absl::StrAppendFormat(&line,
                            "; of %s recipes drawn at random the median tells %s, the best %s",
                            Text(At(random, "count")), Text(At(random, "median_nats")),
                            Text(At(random, "best_nats")));
    }
    text += Sentence(line);
  }
  const Json& best = At(design, "best_run");
  if (At(best, "value").is_number()) {
    text += Sentence(absl::StrFormat("The best run so far, %s, gave %s %s", Text(At(best, "run")),
                                     Text(At(best, "value")),
                                     UnitText(At(At(design, "goal"), "unit"))));
  }
  return text;
}

}  // namespace

absl::StatusOr<Json> ParseDesign(const v1::Design& design) {
  Json json = Json::parse(design.json(), nullptr, /*allow_exceptions=*/false);
  if (At(json, "experiments").is_array()) return json;
  return absl::DataLossError(absl::StrFormat("%s: its json holds no experiments", design.name()));
}

std::string DesignText(const Json& design) {
  std::string text;
  if (At(design, "because").is_string()) text += Sentence(Text(At(design, "because")));
  for (const Json& experiment : At(design, "experiments")) {
    text += ExperimentText(experiment, design);
  }
  const std::string beside = BesideText(design);
  return beside.empty() ? text : text + "\n" + beside;
}

absl::StatusOr<Json> RecipeOf(const Json& design, int rank, const std::string& id,
                              const std::string& started_at) {
  for (const Json& experiment : At(design, "experiments")) {
    if (At(experiment, "rank") != rank) continue;
    Json run = {{"id", id}, {"started_at", started_at}};
    for (const auto& [key, value] : At(experiment, "recipe").items()) {
      if (!value.is_null()) run[key] = value;
    }
    return run;
  }
  return absl::NotFoundError(absl::StrFormat("rank = %d, must be an experiment of the %u there are",
                                             rank, At(design, "experiments").size()));
}

}  // namespace parallax::client
