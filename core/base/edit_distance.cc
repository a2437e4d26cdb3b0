#include "core/base/edit_distance.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/ascii.h"

namespace parallax::base {
namespace {

constexpr int kEdit = 2;       // one edit, in halves
constexpr int kOtherCase = 1;  // a letter in its other case

int Substitution(char a, char b) {
  if (a == b) return 0;
  return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
                 absl::ascii_tolower(static_cast<unsigned char>(b))
             ? kOtherCase
             : kEdit;
}

}  // namespace

int EditDistanceHalves(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = kEdit * static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = kEdit * static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int substituted = diagonal + Substitution(a[i - 1], b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + kEdit, row[j - 1] + kEdit});
    }
  }
  return row[b.size()];
}

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  const int64_t allowed = std::max<int64_t>(kEdit, kEdit * static_cast<int64_t>(name.size()) / 3);
  std::string nearest;
  int64_t least = allowed + 1;
  for (const std::string& candidate : candidates) {
    // Each letter too many is an edit: names of megabytes are compared with none.
    const auto longer = static_cast<int64_t>(name.size()) - static_cast<int64_t>(candidate.size());
    if (kEdit * std::abs(longer) >= least) continue;
    const int distance = EditDistanceHalves(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace parallax::base
