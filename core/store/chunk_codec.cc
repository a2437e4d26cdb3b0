// Grammar of a chunk
//   chunk   := version:u8 = 1, n:varint, times, codec:u8, values, quality
//   times   := integers (integer_codec.cc)               nanoseconds since the Unix epoch
//   values  := codec 0: value:fixed64                    all n alike
//            | codec 1: exponent:u8 integers             value = i / 10^exponent
//            | codec 2: size:varint zstd frame           n little-endian doubles
//            | codec 3: size:varint zstd frame           the same in byte planes
//   quality := runs of quality_codec.h
#include "core/store/chunk_codec.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/store/decimal_scale.h"
#include "core/store/integer_codec.h"
#include "core/store/quality_codec.h"

namespace parallax::store {
namespace {

constexpr uint8_t kChunkVersion = 1;

bool IsConstant(const std::vector<double>& values) {
  const auto first = std::bit_cast<uint64_t>(values.front());
  return std::all_of(values.begin(), values.end(),
                     [&](double v) { return std::bit_cast<uint64_t>(v) == first; });
}

void PutFrame(const std::string& frame, std::string* out) {
  PutVarint(frame.size(), out);
  out->append(frame);
}

void PutFullPrecision(const std::vector<double>& values, EncodedChunk* chunk) {
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(double));
  const std::string plain = Compress(bytes);
  const std::string planes = Compress(SplitPlanes(bytes, sizeof(double)));
  chunk->codec = planes.size() < plain.size() ? ChunkCodec::kZstdPlanes : ChunkCodec::kZstd;
  chunk->data.push_back(static_cast<char>(chunk->codec));
  PutFrame(planes.size() < plain.size() ? planes : plain, &chunk->data);
}

void PutValues(const std::vector<double>& values, EncodedChunk* chunk) {
  if (IsConstant(values)) {
    chunk->codec = ChunkCodec::kConstant;
    chunk->data.push_back(static_cast<char>(chunk->codec));
    PutFixed64(std::bit_cast<uint64_t>(values.front()), &chunk->data);
    return;
  }
  ScaledColumn scaled;
  if (!ScaleToIntegers(values, &scaled)) return PutFullPrecision(values, chunk);
  chunk->codec = ChunkCodec::kScaled;
  chunk->scale = scaled.exponent;
  chunk->data.push_back(static_cast<char>(chunk->codec));
  chunk->data.push_back(static_cast<char>(scaled.exponent));
  PutIntegers(scaled.integers, &chunk->data);
}

bool ReadFrame(ByteReader& in, size_t count, std::string* bytes) {
  uint64_t size = 0;
  std::string_view frame;
  return in.ReadVarint(&size) && in.ReadView(size, &frame) &&
         Decompress(frame, count * sizeof(double), bytes) &&
         bytes->size() == count * sizeof(double);
}

bool ReadScaled(ByteReader& in, size_t count, std::vector<double>* values) {
  uint8_t exponent = 0;
  std::vector<int64_t> integers;
  if (!in.ReadByte(&exponent) || exponent > kMaxDecimalExponent ||
      !ReadIntegers(in, count, &integers)) {
    return false;
  }
  values->resize(count);
  UnscaleIntegers(integers, exponent, *values);
  return true;
}

bool ReadFullPrecision(ByteReader& in, size_t count, ChunkCodec codec,
                       std::vector<double>* values) {
  std::string bytes;
  if (!ReadFrame(in, count, &bytes)) return false;
  if (codec == ChunkCodec::kZstdPlanes) bytes = JoinPlanes(bytes, sizeof(double));
  values->resize(count);
  std::memcpy(values->data(), bytes.data(), bytes.size());
  return true;
}

bool ReadChunkValues(ByteReader& in, size_t count, std::vector<double>* values) {
  uint8_t codec = 0;
  if (!in.ReadByte(&codec)) return false;
  switch (static_cast<ChunkCodec>(codec)) {
    case ChunkCodec::kConstant: {
      uint64_t bits = 0;
      if (!in.ReadFixed64(&bits)) return false;
      values->assign(count, std::bit_cast<double>(bits));
      return true;
    }
    case ChunkCodec::kScaled:
      return ReadScaled(in, count, values);
    case ChunkCodec::kZstd:
    case ChunkCodec::kZstdPlanes:
      return ReadFullPrecision(in, count, static_cast<ChunkCodec>(codec), values);
  }
  return false;
}

bool ReadChunk(ByteReader& in, SampleColumn* column) {
  uint8_t version = 0;
  uint64_t count = 0;
  return in.ReadByte(&version) && version == kChunkVersion && in.ReadVarint(&count) && count > 0 &&
         count <= kMaxChunkSamples && ReadIntegers(in, count, &column->time_unix_ns) &&
         ReadChunkValues(in, count, &column->value) && ReadQuality(in, count, &column->quality) &&
         in.remaining() == 0;
}

void Summarize(const SampleColumn& column, EncodedChunk* chunk) {
  const auto times = std::minmax_element(column.time_unix_ns.begin(), column.time_unix_ns.end());
  const auto values = std::minmax_element(column.value.begin(), column.value.end());
  chunk->samples = column.value.size();
  chunk->first_time_unix_ns = *times.first;
  chunk->last_time_unix_ns = *times.second;
  chunk->minimum = *values.first;
  chunk->maximum = *values.second;
  for (const double value : column.value) chunk->sum += value;
}

}  // namespace

EncodedChunk EncodeChunk(const SampleColumn& column) {
  PARALLAX_CHECK(!column.value.empty() && column.value.size() <= kMaxChunkSamples &&
                 column.value.size() == column.time_unix_ns.size());
  EncodedChunk chunk;
  Summarize(column, &chunk);
  chunk.data.push_back(static_cast<char>(kChunkVersion));
  PutVarint(column.value.size(), &chunk.data);
  PutIntegers(column.time_unix_ns, &chunk.data);
  const size_t values_begin = chunk.data.size();
  PutValues(column.value, &chunk);
  chunk.value_bytes = chunk.data.size() - values_begin;
  PutQuality(column.quality, &chunk.data);
  chunk.checksum = XXH3_64bits(chunk.data.data(), chunk.data.size());
  return chunk;
}

absl::StatusOr<SampleColumn> DecodeChunk(std::string_view data) {
  SampleColumn column;
  ByteReader in(data);
  if (!ReadChunk(in, &column)) {
    return absl::DataLossError(absl::StrFormat(
        "%d bytes are not a chunk (stopped %d bytes before the end)", data.size(), in.remaining()));
  }
  return column;
}

}  // namespace parallax::store
