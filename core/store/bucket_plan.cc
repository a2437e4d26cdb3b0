#include "core/store/bucket_plan.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/device_time.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/store/pyramid.h"

namespace parallax::store {
namespace {

constexpr size_t kMaxBuckets = 10'000;
constexpr int64_t kCellsPerBucket = 8;

int64_t CeilDivide(int64_t value, int64_t divisor) {
  return value / divisor + (value % divisor > 0 ? 1 : 0);
}

int CoarsestLevel(int64_t width_ns) {
  int level = -1;
  while (level + 1 < kPyramidLevels && CellWidthNs(level + 1) <= width_ns / kCellsPerBucket) {
    ++level;
  }
  return level;
}

/// Rounds begin and width outwards to whole cells.
void Snap(BucketPlan* plan) {
  const int64_t cell = CellWidthNs(plan->level);
  plan->begin_unix_ns = CellIndex(plan->range.begin_unix_ns, plan->level) * cell;
  const int64_t span = plan->range.end_unix_ns - plan->begin_unix_ns;
  const auto count = static_cast<int64_t>(plan->buckets);
  plan->width_ns = CeilDivide(CeilDivide(span, count), cell) * cell;
}

/// Buckets reach beyond the range by up to half of it, which int64_t has to hold as well.
absl::Status CheckEdges(const TimeRange& range) {
  const bool early = range.begin_unix_ns < -base::kLatestUnixNs;
  if (!early && range.end_unix_ns <= base::kLatestUnixNs) return absl::OkStatus();
  return base::InvalidField(
      {.field = early ? "start_time" : "end_time",
       .value = absl::StrFormat("%d ns", early ? range.begin_unix_ns : range.end_unix_ns),
       .bound = early ? "1740 or later" : "before 2200",
       .next_step = "no sample lies there"});
}

/// An end of the range beyond which nothing is stored cuts no cell.
void FindPartialCells(const TimeRange& stored, BucketPlan* plan) {
  const int64_t cell = CellWidthNs(plan->level);
  const auto cut = [&](int64_t edge) {
    const int64_t index = CellIndex(edge, plan->level);
    if (index * cell != edge) plan->partial_cells.push_back(index);
  };
  if (plan->range.begin_unix_ns > stored.begin_unix_ns) cut(plan->range.begin_unix_ns);
  if (plan->range.end_unix_ns <= stored.end_unix_ns) cut(plan->range.end_unix_ns);
  for (size_t i = 1; i < plan->buckets; ++i) {
    const int64_t offset = static_cast<int64_t>(i) * plan->width_ns;
    if (offset >= plan->range.end_unix_ns - plan->begin_unix_ns) break;
    cut(plan->begin_unix_ns + offset);
  }
  std::sort(plan->partial_cells.begin(), plan->partial_cells.end());
}

}  // namespace

bool BucketPlan::IsWhole(int64_t cell) const {
  return !std::binary_search(partial_cells.begin(), partial_cells.end(), cell);
}

bool BucketPlan::CutsBetween(int64_t first_unix_ns, int64_t last_unix_ns) const {
  const auto next =
      std::lower_bound(partial_cells.begin(), partial_cells.end(), CellIndex(first_unix_ns, level));
  return next != partial_cells.end() && *next <= CellIndex(last_unix_ns, level);
}

absl::StatusOr<BucketPlan> PlanBuckets(const TimeRange& range, size_t buckets,
                                       const std::optional<TimeRange>& extent,
                                       uint64_t stored_samples) {
  if (buckets < 1 || buckets > kMaxBuckets) {
    return base::InvalidField({.field = "buckets",
                               .value = absl::StrFormat("%u", buckets),
                               .bound = absl::StrFormat("1 to %u", kMaxBuckets),
                               .next_step = ""});
  }
  BucketPlan plan;
  plan.range = range;
  const bool open = range.begin_unix_ns == INT64_MIN || range.end_unix_ns == INT64_MAX;
  if (open && !extent) return plan;
  if (range.begin_unix_ns == INT64_MIN) plan.range.begin_unix_ns = extent->begin_unix_ns;
  if (range.end_unix_ns == INT64_MAX) plan.range.end_unix_ns = extent->end_unix_ns + 1;
  int64_t span = 0;
  const bool overflow =
      __builtin_sub_overflow(plan.range.end_unix_ns, plan.range.begin_unix_ns, &span);
  if (open && !overflow && span <= 0) return plan;
  if (overflow || span <= 0 || span > INT64_MAX / 2) {
    return base::InvalidField(
        {.field = "end_time",
         .value = absl::StrFormat("%d ns", plan.range.end_unix_ns),
         .bound = absl::StrFormat("1 ns to 146 years after start_time = %d ns",
                                  plan.range.begin_unix_ns),
         .next_step = "ask for a shorter range"});
  }
  PARALLAX_RETURN_IF_ERROR(CheckEdges(plan.range));
  plan.buckets = buckets;
  plan.begin_unix_ns = plan.range.begin_unix_ns;
  plan.width_ns = CeilDivide(span, static_cast<int64_t>(buckets));
  plan.level = CoarsestLevel(plan.width_ns);
  if (plan.level < 0) return plan;
  if (stored_samples > kSnapSamples) Snap(&plan);
  FindPartialCells(extent.value_or(TimeRange{}), &plan);
  return plan;
}

absl::StatusOr<BucketPlan> PlanCellBuckets(const TimeRange& range, size_t buckets,
                                           const TimeRange& extent, int finest_level) {
  PARALLAX_ASSIGN_OR_RETURN(BucketPlan plan, PlanBuckets(range, buckets, extent, 0));
  if (plan.buckets == 0) return plan;
  const int64_t cells = CellIndex(plan.range.end_unix_ns - 1, finest_level) -
                        CellIndex(plan.range.begin_unix_ns, finest_level) + 1;
  if (buckets > static_cast<size_t>(cells)) {
    return base::FieldStatus(
        absl::StatusCode::kFailedPrecondition,
        {.field = "buckets",
         .value = absl::StrFormat("%u", buckets),
         .bound = absl::StrFormat("at most %d", cells),
         .next_step = absl::StrFormat(
             "the run is retired, and what is left of this channel tells no times below %s apart",
             absl::FormatDuration(absl::Nanoseconds(CellWidthNs(finest_level))))});
  }
  plan.level = std::max(plan.level, finest_level);
  plan.partial_cells.clear();
  Snap(&plan);
  const int64_t cell = CellWidthNs(plan.level);
  const int64_t end = (CellIndex(plan.range.end_unix_ns - 1, plan.level) + 1) * cell;
  plan.range = {plan.begin_unix_ns, end};
  plan.buckets = static_cast<size_t>(CeilDivide(end - plan.begin_unix_ns, plan.width_ns));
  return plan;
}

}  // namespace parallax::store
