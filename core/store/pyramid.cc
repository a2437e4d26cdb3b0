#include "core/store/pyramid.h"

#include <algorithm>
#include <map>

namespace parallax::store {
namespace {

constexpr int64_t kSamplesPerFinestCell = 256;

}  // namespace

void Cell::Add(int64_t time_unix_ns, double value) {
  Add(Cell{1, value, value, value, value, time_unix_ns, time_unix_ns});
}

void Cell::Add(const Cell& other) {
  if (other.samples == 0) return;
  if (samples == 0) {
    *this = other;
    return;
  }
  samples += other.samples;
  minimum = std::min(minimum, other.minimum);
  maximum = std::max(maximum, other.maximum);
  if (other.first_time_unix_ns == first_time_unix_ns) {
    first = std::min(first, other.first);
  } else if (other.first_time_unix_ns < first_time_unix_ns) {
    first = other.first;
    first_time_unix_ns = other.first_time_unix_ns;
  }
  if (other.last_time_unix_ns == last_time_unix_ns) {
    last = std::max(last, other.last);
  } else if (other.last_time_unix_ns > last_time_unix_ns) {
    last = other.last;
    last_time_unix_ns = other.last_time_unix_ns;
  }
}

int FinestLevel(uint64_t samples, int64_t first_time_unix_ns, int64_t last_time_unix_ns) {
  const double span =
      static_cast<double>(last_time_unix_ns) - static_cast<double>(first_time_unix_ns);
  const double wanted = span / static_cast<double>(samples) * kSamplesPerFinestCell;
  int level = 0;
  while (level + 1 < kPyramidLevels && static_cast<double>(CellWidthNs(level)) < wanted) ++level;
  return level;
}

std::vector<PyramidCell> BuildPyramid(const SampleColumn& column, int finest_level) {
  std::map<int64_t, Cell> cells;
  for (size_t i = 0; i < column.value.size(); ++i) {
    cells[CellIndex(column.time_unix_ns[i], finest_level)].Add(column.time_unix_ns[i],
                                                               column.value[i]);
  }
  std::vector<PyramidCell> pyramid;
  for (int level = finest_level; level < kPyramidLevels; ++level) {
    std::map<int64_t, Cell> coarser;
    for (const auto& [index, cell] : cells) {
      pyramid.push_back({level, index, cell});
      coarser[index >> 4].Add(cell);
    }
    cells = std::move(coarser);
  }
  return pyramid;
}

}  // namespace parallax::store
