// Grammar of an encoded batch (all numbers varints unless said)
//   batch   := version:u8 = 1, not_finite, time_out_of_range, columns, column*
//   column  := gap, n, times?, values?, quality?           the last three only where n > 0
//   gap     := channel_index - (index of the column before + 1), from 0 for the first column
//   times   := 0x00                                        those of the column before
//            | 0x01 packing of order 1 (bit_packing.cc)    nanoseconds since the Unix epoch
//   values  := 0x00 n little-endian doubles
//            | 0x10+k packing of order 1                   integers i with value = i / 10^k, 0 ≤ k
//            ≤ 15
//   quality := runs of quality_codec.h
// The refused samples are counted inside so that the checksum tells a retry that refused others.
// `seq` is the row's key, not part of the bytes. A quality column of good flags only decodes as an
// empty one, which means the same.
#include "core/store/batch_codec.h"

#include <xxhash.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/store/bit_packing.h"
#include "core/store/decimal_scale.h"
#include "core/store/quality_codec.h"

namespace parallax::store {
namespace {

constexpr uint8_t kBatchVersion = 1;
constexpr uint8_t kSameTimes = 0x00;
constexpr uint8_t kPackedTimes = 0x01;
constexpr uint8_t kRawValues = 0x00;
constexpr uint8_t kScaledValues = 0x10;

void PutTimes(const std::vector<int64_t>& times, const signal::ChannelColumn* previous,
              std::string* out) {
  if (previous != nullptr && previous->time_unix_ns == times) {
    out->push_back(static_cast<char>(kSameTimes));
    return;
  }
  out->push_back(static_cast<char>(kPackedTimes));
  PackIntegers(times, 1, out);
}

bool ReadTimes(ByteReader& in, size_t count, const signal::ChannelColumn* previous,
               std::vector<int64_t>* times) {
  uint8_t mode = 0;
  if (!in.ReadByte(&mode)) return false;
  if (mode == kPackedTimes) return UnpackIntegers(in, 1, count, times);
  if (mode != kSameTimes || previous == nullptr) return false;
  *times = previous->time_unix_ns;
  return times->size() == count;
}

bool ReadBatchValues(ByteReader& in, size_t count, std::vector<double>* values) {
  uint8_t mode = 0;
  if (!in.ReadByte(&mode)) return false;
  if (mode == kRawValues) {
    std::string_view bytes;
    if (!in.ReadView(count * sizeof(double), &bytes)) return false;
    values->resize(count);
    std::memcpy(values->data(), bytes.data(), bytes.size());
    return true;
  }
  if (mode < kScaledValues || mode > kScaledValues + kMaxDecimalExponent) return false;
  std::vector<int64_t> integers;
  if (!UnpackIntegers(in, 1, count, &integers)) return false;
  values->resize(count);
  UnscaleIntegers(integers, mode - kScaledValues, *values);
  return true;
}

/// Reads one column after `previous` (null before the first), at most `room` samples.
bool ReadColumn(ByteReader& in, const signal::ChannelColumn* previous, size_t room,
                signal::ChannelColumn* column) {
  uint64_t gap = 0;
  uint64_t count = 0;
  if (!in.ReadVarint(&gap) || !in.ReadVarint(&count) || count > room) return false;
  const uint64_t lowest = previous == nullptr ? 0 : uint64_t{previous->channel_index} + 1;
  if (gap > UINT32_MAX - lowest) return false;
  column->channel_index = static_cast<uint32_t>(lowest + gap);
  if (count == 0) return true;
  return ReadTimes(in, count, previous, &column->time_unix_ns) &&
         ReadBatchValues(in, count, &column->value) && ReadQuality(in, count, &column->quality);
}

bool ReadBatch(ByteReader& in, signal::SampleBatch* batch) {
  uint8_t version = 0;
  uint64_t not_finite = 0;
  uint64_t time_out_of_range = 0;
  uint64_t columns = 0;
  if (!in.ReadByte(&version) || version != kBatchVersion || !in.ReadVarint(&not_finite) ||
      !in.ReadVarint(&time_out_of_range) || !in.ReadVarint(&columns) ||
      columns > signal::kMaxChannels) {
    return false;
  }
  batch->columns.reserve(columns);
  size_t room = signal::kMaxBatchSamples;
  for (uint64_t i = 0; i < columns; ++i) {
    signal::ChannelColumn column;
    const signal::ChannelColumn* previous = i == 0 ? nullptr : &batch->columns.back();
    if (!ReadColumn(in, previous, room, &column)) return false;
    room -= column.value.size();
    batch->columns.push_back(std::move(column));
  }
  return in.remaining() == 0;
}

void SetTimeBounds(const signal::SampleBatch& batch, EncodedBatch* encoded) {
  encoded->first_time_unix_ns = INT64_MAX;
  encoded->last_time_unix_ns = INT64_MIN;
  for (const signal::ChannelColumn& column : batch.columns) {
    for (const int64_t time : column.time_unix_ns) {
      encoded->first_time_unix_ns = std::min(encoded->first_time_unix_ns, time);
      encoded->last_time_unix_ns = std::max(encoded->last_time_unix_ns, time);
    }
  }
  if (encoded->samples == 0) encoded->first_time_unix_ns = encoded->last_time_unix_ns = 0;
}

}  // namespace

void BatchEncoder::PutValues(const std::vector<double>& values) {
  if (ScaleToIntegers(values, &scaled_)) {
    out_.push_back(static_cast<char>(kScaledValues + scaled_.exponent));
    PackIntegers(scaled_.integers, 1, &out_);
    return;
  }
  out_.push_back(static_cast<char>(kRawValues));
  out_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
}

void BatchEncoder::PutColumn(const signal::ChannelColumn& column,
                             const signal::ChannelColumn* previous) {
  const uint32_t lowest = previous == nullptr ? 0 : previous->channel_index + 1;
  PutVarint(column.channel_index - lowest, &out_);
  PutVarint(column.value.size(), &out_);
  if (column.value.empty()) return;
  PutTimes(column.time_unix_ns, previous, &out_);
  PutValues(column.value);
  PutQuality(column.quality, &out_);
}

EncodedBatch BatchEncoder::Encode(const signal::SampleBatch& batch,
                                  const signal::RejectCounts& rejected) {
  EncodedBatch encoded;
  encoded.seq = batch.seq;
  encoded.rejected = rejected;
  encoded.samples = static_cast<uint32_t>(batch.SampleCount());
  SetTimeBounds(batch, &encoded);
  out_.assign(1, static_cast<char>(kBatchVersion));
  PutVarint(rejected.not_finite, &out_);
  PutVarint(rejected.time_out_of_range, &out_);
  PutVarint(batch.columns.size(), &out_);
  const signal::ChannelColumn* previous = nullptr;
  for (const signal::ChannelColumn& column : batch.columns) {
    PutColumn(column, previous);
    previous = &column;
  }
  encoded.checksum = XXH3_64bits(out_.data(), out_.size());
  encoded.data = out_;
  return encoded;
}

EncodedBatch EncodeBatch(const signal::SampleBatch& batch, const signal::RejectCounts& rejected) {
  return BatchEncoder().Encode(batch, rejected);
}

absl::StatusOr<signal::SampleBatch> DecodeBatch(uint64_t seq, std::string_view data) {
  signal::SampleBatch batch;
  batch.seq = seq;
  ByteReader in(data);
  if (!ReadBatch(in, &batch)) {
    return absl::DataLossError(absl::StrFormat(
        "batch seq = %d: %d bytes are not an encoded batch (stopped %d bytes before the end)", seq,
        data.size(), in.remaining()));
  }
  return batch;
}

}  // namespace parallax::store
