#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/store/store.h"

namespace parallax::store {

/// How a range of source time is cut into equal buckets, and which cells of the pyramid may be used
/// whole. Depends on what is stored, never on what has been compacted.
///
/// Bucket i is [begin + i·width, begin + (i+1)·width), clipped to the range; width is the least
/// that covers the range. In a run of more than kSnapSamples, begin and width are rounded outwards
/// to whole cells 1/8 of a bucket or finer, so that no sample between the ends has to be read:
/// buckets are then up to 1/4 wider, and the last ones may lie beyond the range, empty.
struct BucketPlan {
  TimeRange range;  ///< resolved: no open end
  int64_t begin_unix_ns = 0;
  int64_t width_ns = 1;
  size_t buckets = 0;
  int level = -1;                      ///< of the pyramid; -1: too coarse everywhere
  std::vector<int64_t> partial_cells;  ///< sorted: cells with samples on both sides of an edge

  size_t IndexOf(int64_t time_unix_ns) const {
    return static_cast<size_t>((time_unix_ns - begin_unix_ns) / width_ns);
  }
  /// Whether a cell of `level` lies in one bucket and in the range.
  bool IsWhole(int64_t cell) const;
  /// Whether an edge cuts a cell that meets [first, last].
  bool CutsBetween(int64_t first_unix_ns, int64_t last_unix_ns) const;
};

inline constexpr uint64_t kSnapSamples = 4'194'304;

/// Plans `buckets` buckets; `extent` closes open ends (its end inclusive), nullopt where the run is
/// empty; `stored_samples` counts all channels of the run. The plan has no buckets where an open
/// end leaves nothing to show. Errors: InvalidArgument naming "buckets" where it is not in
/// 1 … 10,000, "end_time" where a closed range is empty or longer than 146 years, or the end of the
/// range that lies before 1740 or after 2199.
absl::StatusOr<BucketPlan> PlanBuckets(const TimeRange& range, size_t buckets,
                                       const std::optional<TimeRange>& extent,
                                       uint64_t stored_samples);

/// Plans buckets of whole cells of `finest_level` or a coarser one, for a run of which nothing but
/// the pyramid from that level on is left. The range is rounded outwards to whole cells; buckets
/// become up to twice as wide as the least that covers it, and fewer where fewer reach its end.
/// Errors: as PlanBuckets; FailedPrecondition naming "buckets" where the range has fewer cells.
absl::StatusOr<BucketPlan> PlanCellBuckets(const TimeRange& range, size_t buckets,
                                           const TimeRange& extent, int finest_level);

}  // namespace parallax::store
