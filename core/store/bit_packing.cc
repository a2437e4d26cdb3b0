// Grammar
//   packing := head* block*                 a head for every order of differencing, then a block
//   for
//                                           every 128 differences, the last may be shorter
//   head    := zigzag-varint                the first integer of each pass
//   block   := minimum:zigzag-varint width:u8 bits
//   bits    := ceil(count * width / 8) bytes; difference i, less the minimum, takes `width` bits
//   from
//              bit i * width on, low bits first
// All arithmetic wraps modulo 2^64, so any input survives.
#include "core/store/bit_packing.h"

#include <algorithm>
#include <array>
#include <bit>

namespace parallax::store {
namespace {

constexpr size_t kBlock = 128;

void PackBits(std::span<const int64_t> block, uint64_t minimum, int width, std::string* out) {
  unsigned __int128 pending = 0;
  int pending_bits = 0;
  for (const int64_t value : block) {
    const uint64_t offset = static_cast<uint64_t>(value) - minimum;
    pending |= static_cast<unsigned __int128>(offset) << pending_bits;
    pending_bits += width;
    if (pending_bits >= 64) {
      PutFixed64(static_cast<uint64_t>(pending), out);
      pending >>= 64;
      pending_bits -= 64;
    }
  }
  for (; pending_bits > 0; pending_bits -= 8) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(pending)));
    pending >>= 8;
  }
}

void UnpackBits(std::string_view bytes, uint64_t minimum, int width, std::span<int64_t> block) {
  unsigned __int128 pending = 0;
  int pending_bits = 0;
  size_t next = 0;
  const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  for (int64_t& value : block) {
    while (pending_bits < width) {
      uint64_t word = 0;
      const size_t take = std::min<size_t>(8, bytes.size() - next);
      std::memcpy(&word, bytes.data() + next, take);
      next += take;
      pending |= static_cast<unsigned __int128>(word) << pending_bits;
      pending_bits += static_cast<int>(take) * 8;
    }
    value = static_cast<int64_t>((static_cast<uint64_t>(pending) & mask) + minimum);
    pending >>= width;
    pending_bits -= width;
  }
}

void PackBlock(std::span<const int64_t> block, std::string* out) {
  int64_t least = block[0];
  int64_t greatest = block[0];
  for (const int64_t value : block) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  const auto minimum = static_cast<uint64_t>(least);
  const auto width = static_cast<int>(std::bit_width(static_cast<uint64_t>(greatest) - minimum));
  PutVarint(ZigZag(least), out);
  out->push_back(static_cast<char>(width));
  if (width > 0) PackBits(block, minimum, width, out);
}

bool UnpackBlock(ByteReader& in, std::span<int64_t> block) {
  uint64_t minimum = 0;
  uint8_t width = 0;
  if (!in.ReadVarint(&minimum) || !in.ReadByte(&width) || width > 64) return false;
  const auto base = static_cast<uint64_t>(UnZigZag(minimum));
  if (width == 0) {
    std::fill(block.begin(), block.end(), static_cast<int64_t>(base));
    return true;
  }
  std::string_view bits;
  if (!in.ReadView((block.size() * width + 7) / 8, &bits)) return false;
  UnpackBits(bits, base, width, block);
  return true;
}

int64_t Difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

size_t DifferenceCount(std::span<const int64_t> values, int order) {
  return values.size() - std::min(static_cast<size_t>(order), values.size());
}

/// The first integer of each pass.
void PutHeads(std::span<const int64_t> values, int order, std::string* out) {
  if (order >= 1 && !values.empty()) PutVarint(ZigZag(values[0]), out);
  if (order == 2 && values.size() >= 2) {
    PutVarint(ZigZag(Difference(values[1], values[0])), out);
  }
}

/// The first differences of `values`, as many as `out` holds.
void FillDifferences(std::span<const int64_t> values, int order, std::span<int64_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    switch (order) {
      case 0:
        out[i] = values[i];
        break;
      case 1:
        out[i] = Difference(values[i + 1], values[i]);
        break;
      default:
        out[i] = Difference(Difference(values[i + 2], values[i + 1]),
                            Difference(values[i + 1], values[i]));
    }
  }
}

}  // namespace

std::vector<int64_t> TakeDifferences(std::span<const int64_t> values, int order, std::string* out) {
  PutHeads(values, order, out);
  std::vector<int64_t> differences(DifferenceCount(values, order));
  FillDifferences(values, order, differences);
  return differences;
}

bool ReadHeads(ByteReader& in, int order, size_t count, std::vector<int64_t>* heads) {
  heads->resize(std::min<size_t>(static_cast<size_t>(order), count));
  for (int64_t& head : *heads) {
    uint64_t code = 0;
    if (!in.ReadVarint(&code)) return false;
    head = UnZigZag(code);
  }
  return true;
}

void SumDifferences(std::span<const int64_t> heads, std::span<int64_t> values) {
  for (size_t pass = heads.size(); pass-- > 0;) {
    auto sum = static_cast<uint64_t>(heads[pass]);
    values[pass] = heads[pass];
    for (int64_t& value : values.subspan(pass + 1)) {
      sum += static_cast<uint64_t>(value);
      value = static_cast<int64_t>(sum);
    }
  }
}

void PackIntegers(std::span<const int64_t> values, int order, std::string* out) {
  PutHeads(values, order, out);
  std::array<int64_t, kBlock> block;
  const size_t count = DifferenceCount(values, order);
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const std::span<int64_t> differences(block.data(), std::min(kBlock, count - begin));
    FillDifferences(values.subspan(begin), order, differences);
    PackBlock(differences, out);
  }
}

bool UnpackIntegers(ByteReader& in, int order, size_t count, std::vector<int64_t>* values) {
  std::vector<int64_t> heads;
  if (!ReadHeads(in, order, count, &heads)) return false;
  // Two bytes a block at least: refuses counts that the input cannot hold before allocating.
  const size_t packed = count - heads.size();
  if ((packed + kBlock - 1) / kBlock * 2 > in.remaining()) return false;
  values->resize(count);
  const std::span<int64_t> rest = std::span<int64_t>(*values).subspan(heads.size());
  for (size_t begin = 0; begin < rest.size(); begin += kBlock) {
    if (!UnpackBlock(in, rest.subspan(begin, std::min(kBlock, rest.size() - begin)))) return false;
  }
  SumDifferences(heads, *values);
  return true;
}

}  // namespace parallax::store
