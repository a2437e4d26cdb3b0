#pragma once

#include <array>
#include <string>

namespace parallax::twin::swcnt {

inline constexpr int kSpecies = 195;
inline constexpr int kSemiconducting = 127;

/// All tubes (n, m), n >= m >= 0, with 0.6 < d < 2.0 nm, as columns: what the inner loops read.
struct SpeciesTable {
  std::array<int, kSpecies> n, m;
  std::array<double, kSpecies> diameter_nm;  ///< 0.246/pi sqrt(n2 + nm + m2)
  std::array<double, kSpecies> log_diameter;
  std::array<double, kSpecies> zigzag_nm;  ///< (n - m) a, zigzag length of the edge
  std::array<double, kSpecies> kinks;      ///< min(m, n - m)
  std::array<double, kSpecies> sites;      ///< n + m
  std::array<double, kSpecies> log_ways;   ///< log of n! / (m! (n-m)!): orders of edge atoms
  std::array<bool, kSpecies> semiconducting;
  std::array<int, kSemiconducting> semiconductors;  ///< positions of the semiconducting ones
};

/// The table, in order of n, then m; made once.
const SpeciesTable& Species();

/// Position of (n, m) in the table, or -1.
int SpeciesIndex(int n, int m);

/// "6_5".
std::string SpeciesName(int species);

}  // namespace parallax::twin::swcnt
