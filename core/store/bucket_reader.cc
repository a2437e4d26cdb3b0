#include "core/base/status_macros.h"
#include "core/store/block_reader.h"
#include "core/store/bucket_plan.h"
#include "core/store/pyramid_pages.h"
#include "core/store/rows.h"
#include "core/store/series_reader.h"

namespace parallax::store {
namespace {

/// Adds up the buckets of one channel of one run, stream by stream.
class BucketReader {
 public:
  BucketReader(Connection& connection, uint32_t channel, const BucketPlan& plan)
      : connection_(connection), channel_(channel), plan_(plan), cells_(plan.buckets) {}

  absl::Status AddStream(int64_t stream) {
    PARALLAX_RETURN_IF_ERROR(AddWholeCells(stream));
    PARALLAX_RETURN_IF_ERROR(AddChunks(stream));
    return VisitBatches(connection_, stream, channel_, plan_.range,
                        [this](const SampleColumn& column) { AddAll(column); });
  }

  /// Of a stream, what the pyramid alone tells.
  absl::Status AddWholeCells(int64_t stream) {
    if (plan_.level < 0) return absl::OkStatus();
    return VisitCells(connection_, stream, channel_, plan_.level,
                      CellIndex(plan_.range.begin_unix_ns, plan_.level),
                      CellIndex(plan_.range.end_unix_ns - 1, plan_.level),
                      [this](int64_t index, const Cell& cell) {
                        if (!plan_.IsWhole(index)) return;
                        cells_[plan_.IndexOf(cell.first_time_unix_ns)].Add(cell);
                      });
  }

  std::vector<Bucket> Finish() const {
    std::vector<Bucket> buckets;
    buckets.reserve(cells_.size());
    int64_t start = plan_.begin_unix_ns;
    for (const Cell& cell : cells_) {
      buckets.push_back({start, cell.samples, cell.minimum, cell.maximum, cell.first, cell.last});
      start += plan_.width_ns;
    }
    return buckets;
  }

 private:
  bool InPyramid(int finest_level) const { return plan_.level >= finest_level; }

  /// A chunk that counts in the pyramid at this level gives only the samples in cells that an edge
  /// cuts; a coarser one gives all.
  absl::Status AddChunks(int64_t stream) {
    bool in_pyramid = false;
    const auto wanted = [&](const ChunkHead& chunk) {
      in_pyramid = InPyramid(chunk.finest_level);
      return !in_pyramid || plan_.CutsBetween(chunk.first_time_unix_ns, chunk.last_time_unix_ns);
    };
    const auto add = [&](const SampleColumn& column) {
      in_pyramid ? AddCut(column) : AddAll(column);
    };
    return VisitChunks(connection_, stream, channel_, plan_.range, wanted, add);
  }

  void AddAll(const SampleColumn& column) {
    for (size_t i = 0; i < column.value.size(); ++i) AddSample(column, i);
  }

  void AddCut(const SampleColumn& column) {
    for (size_t i = 0; i < column.value.size(); ++i) {
      if (!plan_.IsWhole(CellIndex(column.time_unix_ns[i], plan_.level))) AddSample(column, i);
    }
  }

  void AddSample(const SampleColumn& column, size_t i) {
    const int64_t time = column.time_unix_ns[i];
    if (time < plan_.range.begin_unix_ns || time >= plan_.range.end_unix_ns) return;
    cells_[plan_.IndexOf(time)].Add(time, column.value[i]);
  }

  Connection& connection_;
  const uint32_t channel_;
  const BucketPlan& plan_;
  std::vector<Cell> cells_;
};

/// The finest level of the pyramid that counts all samples of a channel of a retired run; nothing
/// where it has none.
std::optional<int> LevelLeft(Connection& connection, int64_t run_key, uint32_t channel) {
  Query query(connection, "SELECT level FROM retired_channel WHERE run = ? AND channel = ?",
              run_key, channel);
  if (!query.Step()) return std::nullopt;
  return static_cast<int>(query.Int(0));
}

absl::StatusOr<std::vector<Bucket>> ReadRetiredBuckets(Connection& connection, int64_t run_key,
                                                       const Retirement& left, uint32_t channel,
                                                       const TimeRange& range, size_t buckets) {
  std::optional<TimeRange> extent;
  if (left.samples > 0) extent = TimeRange{left.first_time_unix_ns, left.last_time_unix_ns};
  const std::optional<int> level = LevelLeft(connection, run_key, channel);
  PARALLAX_ASSIGN_OR_RETURN(const BucketPlan plan,
                            level ? PlanCellBuckets(range, buckets, *extent, *level)
                                  : PlanBuckets(range, buckets, extent, left.samples));
  BucketReader reader(connection, channel, plan);
  if (!level || plan.buckets == 0) return reader.Finish();
  for (const int64_t stream : ListStreams(connection, run_key)) {
    PARALLAX_RETURN_IF_ERROR(reader.AddWholeCells(stream));
  }
  return reader.Finish();
}

}  // namespace

absl::StatusOr<std::vector<Bucket>> ReadBuckets(Connection& connection, const std::string& rig,
                                                const std::string& run, uint32_t channel,
                                                const TimeRange& range, size_t buckets) {
  std::string channel_name;
  PARALLAX_ASSIGN_OR_RETURN(const int64_t run_key,
                            FindRunWithChannel(connection, rig, run, channel, &channel_name));
  PARALLAX_ASSIGN_OR_RETURN(const RunRow row, GetRun(connection, rig, run));
  if (row.retirement) {
    return ReadRetiredBuckets(connection, run_key, *row.retirement, channel, range, buckets);
  }
  PARALLAX_ASSIGN_OR_RETURN(
      const BucketPlan plan,
      PlanBuckets(range, buckets, RunExtent(connection, run_key), row.ledger.stored));
  BucketReader reader(connection, channel, plan);
  if (plan.buckets == 0) return reader.Finish();
  for (const int64_t stream : ListStreams(connection, run_key)) {
    PARALLAX_RETURN_IF_ERROR(reader.AddStream(stream));
  }
  return reader.Finish();
}

}  // namespace parallax::store
