#pragma once

#include <cstdint>
#include <vector>

#include "core/store/chunk_codec.h"

namespace parallax::store {

/// Extremes and ends of the samples in an interval of source time. Adding is commutative, so
/// the order of arrival and of compaction does not show: where several samples share the least
/// time, `first` is the least of their values; of those at the greatest time, `last` the greatest.
struct Cell {
  uint64_t samples = 0;  ///< 0: the rest means nothing
  double minimum = 0.0;
  double maximum = 0.0;
  double first = 0.0;
  double last = 0.0;
  int64_t first_time_unix_ns = 0;
  int64_t last_time_unix_ns = 0;

  void Add(int64_t time_unix_ns, double value);
  void Add(const Cell& other);
};

/// Cells of level L are 2^20 · 16^L ns wide (1.05 ms, 16.8 ms, … 2.3 years) and start at multiples
/// of their width.
inline constexpr int kPyramidLevels = 10;
/// Finest level of a chunk that the pyramid does not count yet: it is read itself.
inline constexpr int kInNoLevel = kPyramidLevels;
constexpr int64_t CellWidthNs(int level) { return int64_t{1} << (20 + 4 * level); }
/// Index of the cell that holds a time: rounded down, also before 1970.
constexpr int64_t CellIndex(int64_t time_unix_ns, int level) {
  return time_unix_ns >> (20 + 4 * level);
}

struct PyramidCell {
  int level = 0;
  int64_t index = 0;
  Cell cell;
};

/// Finest level kept for samples: the first whose cells hold about 256 of them or more. A chunk
/// counts in every level from its own on, in none below. Times are the least and the greatest.
int FinestLevel(uint64_t samples, int64_t first_time_unix_ns, int64_t last_time_unix_ns);

/// Cells of a column in all levels from `finest_level` on.
std::vector<PyramidCell> BuildPyramid(const SampleColumn& column, int finest_level);

}  // namespace parallax::store
