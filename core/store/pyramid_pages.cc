#include "core/store/pyramid_pages.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/block_reader.h"

namespace parallax::store {
namespace {

constexpr int kPageBits = 8;
constexpr int64_t kPageCells = int64_t{1} << kPageBits;

// A page is the place of its first cell that has samples, and the cells from there to the last one
// that has, as they lie in memory.
static_assert(std::endian::native == std::endian::little);
static_assert(std::is_trivially_copyable_v<Cell> && sizeof(Cell) == 56);

constexpr int64_t PageOf(int64_t index) { return index >> kPageBits; }
constexpr size_t PlaceOf(int64_t index) { return static_cast<size_t>(index & (kPageCells - 1)); }

/// All cells of a page, those without samples too.
using Page = std::vector<Cell>;

std::string EncodePage(const Page& page) {
  const auto has_samples = [](const Cell& cell) { return cell.samples > 0; };
  const auto first = std::find_if(page.begin(), page.end(), has_samples);
  const auto last = std::find_if(page.rbegin(), page.rend(), has_samples).base();
  std::string data(1, static_cast<char>(first - page.begin()));
  data.append(reinterpret_cast<const char*>(&*first),
              static_cast<size_t>(last - first) * sizeof(Cell));
  return data;
}

/// The cells of a page from `place` on.
struct StoredCells {
  size_t place = 0;
  size_t count = 0;
  std::string_view bytes;

  Cell At(size_t i) const {
    Cell cell;
    std::memcpy(&cell, bytes.data() + i * sizeof(Cell), sizeof(Cell));
    return cell;
  }
};

absl::StatusOr<StoredCells> OpenPage(const std::string& row, uint64_t checksum,
                                     std::string_view data) {
  PARALLAX_RETURN_IF_ERROR(CheckChecksum(row, checksum, data));
  StoredCells cells;
  if (!data.empty()) {
    cells.place = static_cast<unsigned char>(data[0]);
    cells.bytes = data.substr(1);
    cells.count = cells.bytes.size() / sizeof(Cell);
  }
  const bool fits = cells.count > 0 && cells.count * sizeof(Cell) == cells.bytes.size() &&
                    cells.place + cells.count <= kPageCells;
  if (fits) return cells;
  return absl::DataLossError(absl::StrFormat("store: %s: %d bytes are no page", row, data.size()));
}

std::string RowName(int64_t stream, uint32_t channel, int level, int64_t page) {
  return absl::StrFormat("pyramid_page stream = %d channel = %d level = %d page = %d", stream,
                         channel, level, page);
}

absl::StatusOr<Page> LoadPage(Connection& connection, int64_t stream, uint32_t channel, int level,
                              int64_t number) {
  Page page(kPageCells);
  Query query(connection,
              "SELECT checksum, data FROM pyramid_page "
              "WHERE stream = ? AND channel = ? AND level = ? AND page = ?",
              stream, channel, level, number);
  if (!query.Step()) return page;
  PARALLAX_ASSIGN_OR_RETURN(
      const StoredCells cells,
      OpenPage(RowName(stream, channel, level, number), query.Unsigned(0), query.View(1)));
  for (size_t i = 0; i < cells.count; ++i) page[cells.place + i] = cells.At(i);
  return page;
}

}  // namespace

absl::Status MergeCells(Connection& connection, int64_t stream, uint32_t channel,
                        const std::vector<PyramidCell>& cells) {
  std::map<std::pair<int, int64_t>, std::vector<const PyramidCell*>> by_page;
  for (const PyramidCell& cell : cells) by_page[{cell.level, PageOf(cell.index)}].push_back(&cell);
  for (const auto& [key, added] : by_page) {
    const auto& [level, number] = key;
    PARALLAX_ASSIGN_OR_RETURN(Page page, LoadPage(connection, stream, channel, level, number));
    for (const PyramidCell* cell : added) page[PlaceOf(cell->index)].Add(cell->cell);
    const std::string data = EncodePage(page);
    const uint64_t checksum = XXH3_64bits(data.data(), data.size());
    Query(connection,
          "INSERT OR REPLACE INTO pyramid_page(stream, channel, level, page, checksum, data) "
          "VALUES(?, ?, ?, ?, ?, ?)",
          stream, channel, level, number, checksum, Blob{data})
        .Execute();
  }
  return absl::OkStatus();
}

absl::Status VisitCells(Connection& connection, int64_t stream, uint32_t channel, int level,
                        int64_t first, int64_t last,
                        const std::function<void(int64_t index, const Cell&)>& visit) {
  Query query(connection,
              "SELECT page, checksum, data FROM pyramid_page WHERE stream = ? AND channel = ? "
              "AND level = ? AND page BETWEEN ? AND ? ORDER BY page",
              stream, channel, level, PageOf(first), PageOf(last));
  while (query.Step()) {
    const int64_t number = query.Int(0);
    PARALLAX_ASSIGN_OR_RETURN(
        const StoredCells cells,
        OpenPage(RowName(stream, channel, level, number), query.Unsigned(1), query.View(2)));
    for (size_t i = 0; i < cells.count; ++i) {
      const int64_t index = number * kPageCells + static_cast<int64_t>(cells.place + i);
      if (index < first || index > last) continue;
      const Cell cell = cells.At(i);
      if (cell.samples > 0) visit(index, cell);
    }
  }
  return absl::OkStatus();
}

}  // namespace parallax::store
