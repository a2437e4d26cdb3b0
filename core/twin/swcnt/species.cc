#include "core/twin/swcnt/species.h"

#include <cmath>
#include <numbers>

#include "absl/strings/str_format.h"
#include "core/base/check.h"

namespace parallax::twin::swcnt {
namespace {

constexpr double kLatticeNm = 0.246;

SpeciesTable MakeTable() {
  SpeciesTable t{};
  size_t count = 0;
  size_t semiconductors = 0;
  for (int n = 0; n <= 30; ++n) {
    for (int m = 0; m <= n; ++m) {
      const double d = kLatticeNm / std::numbers::pi * std::sqrt(n * n + n * m + m * m);
      if (d <= 0.6 || d >= 2.0) continue;
      PARALLAX_CHECK(count < kSpecies);
      t.n[count] = n;
      t.m[count] = m;
      t.diameter_nm[count] = d;
      t.log_diameter[count] = std::log(d);
      t.zigzag_nm[count] = (n - m) * kLatticeNm;
      t.kinks[count] = std::min(m, n - m);
      t.sites[count] = n + m;
      t.log_ways[count] = std::lgamma(n + 1.0) - std::lgamma(m + 1.0) - std::lgamma(n - m + 1.0);
      t.semiconducting[count] = (n - m) % 3 != 0;
      if (t.semiconducting[count]) {
        t.semiconductors.at(semiconductors++) = static_cast<int>(count);
      }
      ++count;
    }
  }
  PARALLAX_CHECK(count == kSpecies && semiconductors == kSemiconducting);
  return t;
}

}  // namespace

const SpeciesTable& Species() {
  static const SpeciesTable table = MakeTable();
  return table;
}

int SpeciesIndex(int n, int m) {
  const SpeciesTable& t = Species();
  for (size_t i = 0; i < kSpecies; ++i) {
    if (t.n[i] == n && t.m[i] == m) return static_cast<int>(i);
  }
  return -1;
}

std::string SpeciesName(int species) {
  const auto i = static_cast<size_t>(species);
  return absl::StrFormat("%d_%d", Species().n[i], Species().m[i]);
}

}  // namespace parallax::twin::swcnt
