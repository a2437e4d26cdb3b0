#include "client/lib/report_diff.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace parallax::client {
namespace {

std::string TextAt(const Json& object, const char* key) {
  const Json& text = At(object, key);
  return text.is_string() ? text.get<std::string>() : "";
}

void AddMembers(const Json& report, const char* part, std::initializer_list<const char*> keys,
                std::vector<ReportDifference>* said) {
  const Json& object = At(report, part);
  for (const char* key : keys)
    said->push_back({.part = part, .name = key, .from = At(object, key)});
}

/// All that a report says, as `from`.
std::vector<ReportDifference> Said(const Json& report) {
  std::vector<ReportDifference> said;
  AddMembers(report, "verdict", {"kind", "parameters", "group", "channels", "confidence"}, &said);
  for (const Json& share : At(report, "attribution")) {
    said.push_back(
        {.part = "attribution", .name = TextAt(share, "parameter"), .from = At(share, "shapley")});
  }
  said.push_back({.part = "attribution", .name = "unexplained", .from = At(report, "unexplained")});
  for (const Json& value : At(report, "calibrated")) {
    said.push_back({.part = "calibrated",
                    .name = TextAt(value, "parameter"),
                    .run = TextAt(value, "run"),
                    .unit = TextAt(value, "unit"),
                    .from = At(value, "value")});
  }
  AddMembers(report, "validation", {"accepted", "gap_before", "gap_after"}, &said);
  return said;
}

bool IsOfTheSame(const ReportDifference& a, const ReportDifference& b) {
  return a.part == b.part && a.name == b.name && a.run == b.run;
}

}  // namespace

std::vector<ReportDifference> DiffReports(const Json& from, const Json& to) {
  std::vector<ReportDifference> all = Said(from);
  for (ReportDifference& other : Said(to)) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const ReportDifference& one) {
      return IsOfTheSame(one, other);
    });
    if (same != all.end()) {
      same->to = std::move(other.from);
      continue;
    }
    other.to = std::exchange(other.from, Json());
    all.push_back(std::move(other));
  }
  std::erase_if(all, [](const ReportDifference& one) { return one.from == one.to; });
  return all;
}

}  // namespace parallax::client
