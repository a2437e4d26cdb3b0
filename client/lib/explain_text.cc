#include "client/lib/explain_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/lib/text_table.h"
#include "core/base/unit_text.h"

namespace parallax::client {
namespace {

constexpr size_t kWidth = 100;
constexpr int kDigits = 4;

}  // namespace

std::string Text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return Figure(value.get<double>(), kDigits);
  return "-";
}

std::string UnitText(const Json& value) {
  return value.is_string() ? base::SpellUnit(value.get<std::string>()) : "-";
}

std::string Inclusion(const Json& value) {
  constexpr double kLeast = 0.001;
  if (value.is_number() && value.get<double>() < kLeast) return absl::StrFormat("< %g", kLeast);
  return Text(value);
}

std::string MechanismWords(const Json& mechanism) {
  std::string words = Text(mechanism);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

bool IsTrue(const Json& value) { return value.is_boolean() && value.get<bool>(); }

std::vector<std::string> Strings(const Json& list) {
  std::vector<std::string> strings;
  if (!list.is_array()) return strings;
  for (const Json& element : list) strings.push_back(Text(element));
  return strings;
}

std::string PercentNumber(const Json& value) {
  if (!value.is_number()) return "-";
  // Adding zero turns -0 into 0.
  return absl::StrFormat("%.0f", std::round(100.0 * value.get<double>()) + 0.0);
}

std::string Percent(const Json& value) {
  return value.is_number() ? PercentNumber(value) + " %" : "-";
}

std::string Confidence(const Json& value) {
  return value.is_number() && value.get<double>() > 0.995 ? "over 99 %" : Percent(value);
}

std::string Enumerate(const std::vector<std::string>& names) {
  if (names.empty()) return "nothing that has a name";
  if (names.size() == 1) return names[0];
  const std::vector<std::string> head(names.begin(), names.end() - 1);
  return absl::StrJoin(head, ", ") + " and " + names.back();
}

std::string Heading(const std::string& text) { return "\n" + text + "\n"; }

std::string Paragraph(const std::string& text) { return Wrap(text, kIndent, kWidth); }

std::string Sentence(const std::string& text) {
  return Paragraph(text.ends_with('.') ? text : text + ".");
}

}  // namespace parallax::client
