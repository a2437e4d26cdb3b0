#include "client/lib/figure/text_fit.h"

#include <string_view>

#include "absl/strings/str_split.h"

namespace parallax::client::figure {
namespace {

constexpr char kEllipsis[] = "…";
constexpr double kBoldFactor = 1.12;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Advance of a code point's first byte, in units of the font size.
double Advance(char c) {
  constexpr std::string_view kNarrow = "iljI.,:;'|!fJrt";
  constexpr std::string_view kWide = "mwMWOQG%@";
  if (static_cast<unsigned char>(c) >= 0x80) return 0.84;
  if (c == ' ') return 0.32;
  if (c == '%' || c == 'm' || c == 'W' || c == '@') return 0.98;
  if (kNarrow.find(c) != std::string_view::npos) return 0.4;
  if (kWide.find(c) != std::string_view::npos) return 0.84;
  if (c >= 'A' && c <= 'Z') return 0.7;
  if (c == '(' || c == ')' || c == '/' || c == '-' || c == '[' || c == ']') return 0.4;
  return 0.64;
}

/// What must not be torn apart: words, and figures with the percent sign after them.
std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (const auto& word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!words.empty() && !word.empty() && word.front() == '%') {
      words.back() += " " + std::string(word);
    } else {
      words.emplace_back(word);
    }
  }
  return words;
}

}  // namespace

double EstimatedWidth(const std::string& text, double size, Label::Weight weight) {
  double width = 0.0;
  for (const char c : text) {
    if (!IsContinuation(c)) width += Advance(c);
  }
  return width * size * (weight == Label::Weight::kBold ? kBoldFactor : 1.0);
}

std::string Shorten(const std::string& text, double size, Label::Weight weight, double width) {
  if (EstimatedWidth(text, size, weight) <= width) return text;
  std::string kept = text;
  while (!kept.empty()) {
    while (kept.size() > 1 && IsContinuation(kept.back())) kept.pop_back();
    kept.pop_back();
    if (EstimatedWidth(kept + kEllipsis, size, weight) <= width) break;
  }
  return kept + kEllipsis;
}

std::vector<std::string> BreakLines(const std::string& text, double size, Label::Weight weight,
                                    double width) {
  std::vector<std::string> lines(1);
  for (const std::string& word : Words(text)) {
    const std::string longer = lines.back().empty() ? word : lines.back() + " " + word;
    if (lines.back().empty() || EstimatedWidth(longer, size, weight) <= width) {
      lines.back() = longer;
    } else {
      lines.push_back(word);
    }
  }
  for (std::string& line : lines) line = Shorten(line, size, weight, width);
  return lines;
}

}  // namespace parallax::client::figure
