#include "core/signal/sample_batch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/device_time.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"

namespace parallax::signal {
namespace {

absl::Status CheckColumn(size_t channel_count, const ChannelColumn& column,
                         const ChannelColumn* previous) {
  const uint32_t index = column.channel_index;
  if (index >= channel_count) {
    return base::InvalidField({.field = "channel_index",
                               .value = absl::StrFormat("%u", index),
                               .bound = absl::StrFormat("< %u", channel_count),
                               .next_step = ""});
  }
  if (previous != nullptr && index <= previous->channel_index) {
    return base::InvalidField(
        {.field = "channel_index",
         .value = absl::StrFormat("%u", index),
         .bound = absl::StrFormat("> %u, since columns ascend", previous->channel_index),
         .next_step = ""});
  }
  const size_t rows = column.time_unix_ns.size();
  const bool ragged =
      column.value.size() != rows || (!column.quality.empty() && column.quality.size() != rows);
  if (ragged) {
    return base::InvalidField(
        {.field = "value",
         .value = absl::StrFormat("%u times, %u values, %u quality flags", rows,
                                  column.value.size(), column.quality.size()),
         .bound = "equally many",
         .next_step = ""},
        absl::StrFormat("channel_index %u", index));
  }
  return absl::OkStatus();
}

absl::Status CheckBatch(size_t channel_count, const SampleBatch& batch) {
  const ChannelColumn* previous = nullptr;
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const ChannelColumn& column = batch.columns[i];
    if (absl::Status status = CheckColumn(channel_count, column, previous); !status.ok()) {
      return base::Within(std::move(status), absl::StrFormat("columns[%u]", i));
    }
    previous = &column;
  }
  if (const size_t count = batch.SampleCount(); count > kMaxBatchSamples) {
    return base::InvalidField({.field = "columns",
                               .value = absl::StrFormat("%u samples", count),
                               .bound = absl::StrFormat("<= %u samples", kMaxBatchSamples),
                               .next_step = "send smaller batches"});
  }
  return absl::OkStatus();
}

/// Whether every row is admissible and in range: what nearly all columns are, which stay as they
/// came.
bool IsSound(const Channel& channel, const ChannelColumn& column) {
  const bool in_range =
      std::all_of(column.value.begin(), column.value.end(), [&channel](double value) {
        return std::isfinite(value) && value >= channel.range_low && value <= channel.range_high;
      });
  return in_range &&
         std::all_of(column.time_unix_ns.begin(), column.time_unix_ns.end(), base::IsDeviceTime);
}

/// Keeps the admissible rows of a column, in order, and counts the others.
void AdmitColumn(const Channel& channel, ChannelColumn* column, RejectCounts* rejects) {
  const size_t rows = column->time_unix_ns.size();
  if (column->quality.empty()) column->quality.resize(rows);
  size_t kept = 0;
  for (size_t row = 0; row < rows; ++row) {
    const int64_t time_unix_ns = column->time_unix_ns[row];
    const double value = column->value[row];
    if (!std::isfinite(value)) {
      ++rejects->not_finite;
    } else if (!base::IsDeviceTime(time_unix_ns)) {
      ++rejects->time_out_of_range;
    } else {
      const bool in_range = value >= channel.range_low && value <= channel.range_high;
      column->time_unix_ns[kept] = time_unix_ns;
      column->value[kept] = value;
      column->quality[kept] =
          in_range ? column->quality[row] : Quality{QualityLevel::kBad, QualityReason::kOutOfRange};
      ++kept;
    }
  }
  column->time_unix_ns.resize(kept);
  column->value.resize(kept);
  column->quality.resize(kept);
}

/// An absent quality vector says "all good"; keep that short form where it holds.
void DropTrivialQuality(ChannelColumn* column) {
  for (const Quality& quality : column->quality) {
    if (quality != Quality{}) return;
  }
  column->quality.clear();
}

}  // namespace

size_t SampleBatch::SampleCount() const {
  size_t count = 0;
  for (const ChannelColumn& column : columns) count += column.time_unix_ns.size();
  return count;
}

absl::Status AdmitBatch(const std::vector<ChannelRef>& channels, SampleBatch* batch,
                        RejectCounts* rejects) {
  PARALLAX_RETURN_IF_ERROR(CheckBatch(channels.size(), *batch));
  for (ChannelColumn& column : batch->columns) {
    const Channel& channel = *channels[column.channel_index].channel;
    if (!IsSound(channel, column)) AdmitColumn(channel, &column, rejects);
    DropTrivialQuality(&column);
  }
  return absl::OkStatus();
}

}  // namespace parallax::signal
