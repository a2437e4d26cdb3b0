#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "core/store/connection.h"
#include "core/store/pyramid.h"

namespace parallax::store {

/// The pyramid is stored in pages of 256 cells in a row, each a row of the database with its
/// checksum: a wide range is a few of them. Everything in this file throws SQLite::Exception.

/// Adds the cells of a chunk to those stored. Errors: DataLoss where the checksum of a stored page
/// does not match, naming the row.
absl::Status MergeCells(Connection& connection, int64_t stream, uint32_t channel,
                        const std::vector<PyramidCell>& cells);

/// Visits the stored cells of a level whose indices lie in [first, last], in order.
/// Errors: as MergeCells.
absl::Status VisitCells(Connection& connection, int64_t stream, uint32_t channel, int level,
                        int64_t first, int64_t last,
                        const std::function<void(int64_t index, const Cell&)>& visit);

}  // namespace parallax::store
