#include "core/pipeline/raman_lines.h"

#include <algorithm>
#include <cmath>

namespace parallax::pipeline {
namespace {

/// A measured line with the outcomes that it holds.
struct Line {
  double shift_per_cm = 0.0;
  double intensity = 0.0;
  double variance = 0.0;
  std::vector<int> outcomes;
};

std::vector<Line> Resolve(std::vector<signal::RamanLine> measured) {
  std::stable_sort(measured.begin(), measured.end(),
                   [](const signal::RamanLine& a, const signal::RamanLine& b) {
                     return a.shift_per_cm < b.shift_per_cm;
                   });
  std::vector<Line> lines;
  for (const signal::RamanLine& one : measured) {
    if (!(one.intensity > 0.0)) continue;
    if (lines.empty() || one.shift_per_cm - lines.back().shift_per_cm >= kResolutionPerCm) {
      lines.push_back({one.shift_per_cm, one.intensity, one.sd * one.sd, {}});
      continue;
    }
    Line& line = lines.back();
    const double sum = line.intensity + one.intensity;
    line.shift_per_cm =
        (line.shift_per_cm * line.intensity + one.shift_per_cm * one.intensity) / sum;
    line.intensity = sum;
    line.variance += one.sd * one.sd;
  }
  return lines;
}

void Assign(const twin::Description& description, std::vector<Line>* lines) {
  for (size_t i = 0; i < description.outcomes.size(); ++i) {
    const double shift = description.outcomes[i].line_per_cm;
    if (!(shift > 0.0)) continue;
    const auto far = [shift](const Line& line) { return std::abs(line.shift_per_cm - shift); };
    const auto nearest =
        std::min_element(lines->begin(), lines->end(),
                         [&far](const Line& a, const Line& b) { return far(a) < far(b); });
    if (nearest == lines->end() || far(*nearest) > kWidthPerCm) continue;
    nearest->outcomes.push_back(static_cast<int>(i));
  }
}

double Total(const std::vector<Line>& lines) {
  double sum = 0.0;
  for (const Line& line : lines) sum += line.intensity;
  return sum;
}

}  // namespace

std::vector<RamanRow> MatchLines(std::vector<signal::RamanLine> measured,
                                 const twin::Description& description) {
  std::vector<Line> lines = Resolve(std::move(measured));
  Assign(description, &lines);
  std::erase_if(lines, [](const Line& line) { return line.outcomes.empty(); });
  const double least = kLeastLine * Total(lines);
  std::erase_if(lines, [least](const Line& line) { return line.intensity < least; });
  if (lines.size() < 2) return {};
  const double total = Total(lines);
  double variance = 0.0;
  std::vector<int> among;
  for (const Line& line : lines) {
    variance += line.variance;
    among.insert(among.end(), line.outcomes.begin(), line.outcomes.end());
  }
  std::vector<RamanRow> rows;
  for (Line& line : lines) {
    // Of a / (a + b), with independent errors of a and b.
    const double share = line.intensity / total;
    const double others = variance - line.variance;
    rows.push_back(
        {.share = share,
         .sd = std::sqrt((1.0 - share) * (1.0 - share) * line.variance + share * share * others) /
               total,
         .outcomes = std::move(line.outcomes),
         .among = among});
  }
  return rows;
}

}  // namespace parallax::pipeline
