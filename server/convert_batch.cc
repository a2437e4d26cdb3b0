#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/convert_check.h"

namespace parallax::server {
namespace {

/// Errors name the field within the column, as those below.
absl::Status CheckColumn(const v1::ChannelSamples& column) {
  const int rows = column.value_size();
  const int deltas = column.delta_time_ns_size();
  if (deltas != 0 && deltas != rows - 1) {
    return InvalidField("delta_time_ns", absl::StrFormat("%d numbers", deltas),
                        absl::StrFormat("none, or %d for %d values", std::max(rows - 1, 0), rows));
  }
  if (!column.quality().empty() && column.quality().size() != static_cast<size_t>(rows)) {
    return InvalidField("quality", absl::StrFormat("%u bytes", column.quality().size()),
                        absl::StrFormat("none, or %d for %d values", rows, rows));
  }
  return absl::OkStatus();
}

/// Adds the times; a sum that int64 cannot hold is an error, never undefined.
absl::Status TimesFromProto(const v1::ChannelSamples& column, std::vector<int64_t>* time_unix_ns) {
  const int rows = column.value_size();
  const bool constant = column.delta_time_ns_size() == 0;
  time_unix_ns->clear();
  time_unix_ns->reserve(static_cast<size_t>(rows));
  int64_t time = column.first_time_unix_ns();
  for (int row = 0; row < rows; ++row) {
    if (row > 0) {
      const int64_t step = constant ? column.period_ns() : column.delta_time_ns(row - 1);
      if (__builtin_add_overflow(time, step, &time)) {
        return InvalidField(constant ? "period_ns" : "delta_time_ns",
                            absl::StrFormat("%d at sample %d", step, row),
                            "such that every time fits 64 bits");
      }
    }
    time_unix_ns->push_back(time);
  }
  return absl::OkStatus();
}

absl::Status QualityFromProto(const std::string& bytes, std::vector<signal::Quality>* quality) {
  quality->clear();
  quality->reserve(bytes.size());
  for (size_t row = 0; row < bytes.size(); ++row) {
    const auto byte = static_cast<uint8_t>(bytes[row]);
    if (byte != 0 && byte != 16 && byte != 32) {
      return InvalidField(absl::StrFormat("quality[%u]", row), absl::StrFormat("%u", byte),
                          "0 (good), 16 (uncertain) or 32 (bad)");
    }
    quality->push_back(signal::UnpackQuality(byte));
  }
  return absl::OkStatus();
}

absl::Status ReadColumn(const v1::ChannelSamples& wire, signal::ChannelColumn* column) {
  PARALLAX_RETURN_IF_ERROR(CheckColumn(wire));
  column->channel_index = wire.channel_index();
  PARALLAX_RETURN_IF_ERROR(TimesFromProto(wire, &column->time_unix_ns));
  column->value.assign(wire.value().begin(), wire.value().end());
  return QualityFromProto(wire.quality(), &column->quality);
}

}  // namespace

uint64_t CountSamples(const v1::SampleBatch& batch) {
  uint64_t count = 0;
  for (const v1::ChannelSamples& column : batch.columns()) {
    count += static_cast<uint64_t>(column.value_size());
  }
  return count;
}

absl::Status ReadBatch(const v1::SampleBatch& wire, signal::SampleBatch* batch) {
  PARALLAX_RETURN_IF_ERROR(CheckCount("batch.columns", wire.columns_size(), signal::kMaxChannels));
  if (const uint64_t count = CountSamples(wire); count > signal::kMaxBatchSamples) {
    return InvalidField("batch", absl::StrFormat("%u samples", count),
                        absl::StrFormat("at most %u samples", signal::kMaxBatchSamples),
                        "send them as several batches");
  }
  batch->seq = wire.seq();
  batch->columns.resize(static_cast<size_t>(wire.columns_size()));
  for (int i = 0; i < wire.columns_size(); ++i) {
    absl::Status status = ReadColumn(wire.columns(i), &batch->columns[static_cast<size_t>(i)]);
    if (!status.ok()) return AtField(std::move(status), absl::StrFormat("batch.columns[%d]", i));
  }
  return absl::OkStatus();
}

absl::StatusOr<signal::SampleBatch> BatchFromProto(const v1::SampleBatch& wire) {
  signal::SampleBatch batch;
  PARALLAX_RETURN_IF_ERROR(ReadBatch(wire, &batch));
  return batch;
}

std::vector<v1::ErrorDetail> RejectedExamples(const std::vector<signal::ChannelRef>& channels,
                                              const v1::SampleBatch& wire, size_t limit) {
  std::vector<v1::ErrorDetail> examples;
  const absl::StatusOr<signal::SampleBatch> batch = BatchFromProto(wire);
  if (!batch.ok()) return examples;
  // Ask admission itself about one sample at a time, so that there is one rule.
  signal::SampleBatch single{.columns = {signal::ChannelColumn{}}};
  signal::ChannelColumn& sample = single.columns[0];
  for (const signal::ChannelColumn& column : batch->columns) {
    sample.channel_index = column.channel_index;
    for (size_t row = 0; row < column.value.size(); ++row) {
      if (examples.size() >= limit) return examples;
      sample.time_unix_ns.assign(1, column.time_unix_ns[row]);
      sample.value.assign(1, column.value[row]);
      signal::RejectCounts rejects;
      if (!signal::AdmitBatch(channels, &single, &rejects).ok() || rejects.Total() == 0) continue;
      v1::ErrorDetail& detail = examples.emplace_back();
      detail.set_field(absl::StrFormat("%s[%u]", channels[column.channel_index].name(), row));
      detail.set_value(rejects.not_finite > 0 ? absl::StrFormat("%g", column.value[row])
                                              : absl::StrFormat("%d ns", column.time_unix_ns[row]));
      detail.set_bound(rejects.not_finite > 0 ? "NOT_FINITE: a finite value"
                                              : "TIME_OUT_OF_RANGE: from 1980 to 2200");
    }
  }
  return examples;
}

v1::Ledger LedgerToProto(const Ledger& ledger) {
  v1::Ledger wire;
  wire.set_received(ledger.received);
  wire.set_stored(ledger.stored);
  wire.set_duplicate(ledger.duplicate);
  wire.mutable_rejected()->insert(ledger.rejected.begin(), ledger.rejected.end());
  wire.set_queued(ledger.queued);
  wire.set_retired(ledger.retired);
  return wire;
}

}  // namespace parallax::server
