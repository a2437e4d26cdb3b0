// Grammar
//   integers := form:u8 size:varint bytes           form = way * 16 + order of differencing
//   way 0    := packing (bit_packing.cc)
//   way 1    := zstd frame of a packing
//   way 2    := head* width:u8 zstd frame           the differences as zigzag codes of `width`
//   bytes,
//                                                   in byte planes, lowest first
#include "core/store/integer_codec.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "core/store/bit_packing.h"

namespace parallax::store {
namespace {

constexpr int kWayPacked = 0;
constexpr int kWayPackedZstd = 1;
constexpr int kWayPlanesZstd = 2;
constexpr int kMaxOrder = 2;
constexpr int kZstdLevel = 3;

std::string Planes(std::span<const int64_t> values, int order) {
  std::string out;
  const std::vector<int64_t> differences = TakeDifferences(values, order, &out);
  uint64_t all_bits = 0;
  for (const int64_t difference : differences) all_bits |= ZigZag(difference);
  const auto width = static_cast<size_t>(std::bit_width(all_bits) + 7) / 8;
  std::string planes(width * differences.size(), '\0');
  for (size_t i = 0; i < differences.size(); ++i) {
    uint64_t code = ZigZag(differences[i]);
    for (size_t plane = 0; plane < width; ++plane, code >>= 8) {
      planes[plane * differences.size() + i] = static_cast<char>(code);
    }
  }
  out.push_back(static_cast<char>(width));
  return out + Compress(planes);
}

bool ReadPlanes(ByteReader& in, int order, size_t count, std::vector<int64_t>* values) {
  std::vector<int64_t> heads;
  uint8_t width = 0;
  if (!ReadHeads(in, order, count, &heads) || !in.ReadByte(&width) || width > 8) return false;
  const size_t rest = count - heads.size();
  std::string_view frame;
  std::string planes;
  if (!in.ReadView(in.remaining(), &frame) || !Decompress(frame, width * rest, &planes) ||
      planes.size() != width * rest) {
    return false;
  }
  values->assign(count, 0);
  for (size_t i = 0; i < rest; ++i) {
    uint64_t code = 0;
    for (size_t plane = width; plane-- > 0;) {
      code = (code << 8) | static_cast<uint8_t>(planes[plane * rest + i]);
    }
    (*values)[heads.size() + i] = UnZigZag(code);
  }
  SumDifferences(heads, *values);
  return true;
}

bool ReadPacked(ByteReader& in, int order, size_t count, std::vector<int64_t>* values) {
  return UnpackIntegers(in, order, count, values) && in.remaining() == 0;
}

}  // namespace

std::string SplitPlanes(std::string_view elements, size_t width) {
  const size_t count = elements.size() / width;
  std::string planes(elements.size(), '\0');
  for (size_t i = 0; i < count; ++i) {
    for (size_t plane = 0; plane < width; ++plane) {
      planes[plane * count + i] = elements[i * width + plane];
    }
  }
  return planes;
}

std::string JoinPlanes(std::string_view planes, size_t width) {
  const size_t count = planes.size() / width;
  std::string elements(planes.size(), '\0');
  for (size_t i = 0; i < count; ++i) {
    for (size_t plane = 0; plane < width; ++plane) {
      elements[i * width + plane] = planes[plane * count + i];
    }
  }
  return elements;
}

std::string Compress(std::string_view bytes) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size =
      ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), kZstdLevel);
  frame.resize(size);  // cannot fail: the room is ZSTD_compressBound
  return frame;
}

bool Decompress(std::string_view frame, size_t limit, std::string* bytes) {
  const uint64_t size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > limit) {
    return false;
  }
  bytes->resize(size);
  const size_t got = ZSTD_decompress(bytes->data(), bytes->size(), frame.data(), frame.size());
  return ZSTD_isError(got) == 0 && got == size;
}

void PutIntegers(std::span<const int64_t> values, std::string* out) {
  std::string best;
  int best_form = -1;
  const auto consider = [&](std::string bytes, int way, int order) {
    if (best_form >= 0 && bytes.size() >= best.size()) return;
    best = std::move(bytes);
    best_form = way * 16 + order;
  };
  for (int order = 0; order <= kMaxOrder; ++order) {
    std::string packed;
    PackIntegers(values, order, &packed);
    consider(Compress(packed), kWayPackedZstd, order);
    consider(std::move(packed), kWayPacked, order);
    consider(Planes(values, order), kWayPlanesZstd, order);
  }
  out->push_back(static_cast<char>(best_form));
  PutVarint(best.size(), out);
  out->append(best);
}

bool ReadIntegers(ByteReader& in, size_t count, std::vector<int64_t>* values) {
  uint8_t form = 0;
  uint64_t size = 0;
  std::string_view bytes;
  if (!in.ReadByte(&form) || !in.ReadVarint(&size) || !in.ReadView(size, &bytes)) return false;
  const int order = form & 0x0f;
  if (order > kMaxOrder) return false;
  ByteReader body(bytes);
  switch (form >> 4) {
    case kWayPacked:
      return ReadPacked(body, order, count, values);
    case kWayPackedZstd: {
      std::string packed;
      // A block of one integer takes up to 19 bytes; heads take 10 each.
      if (!Decompress(bytes, 19 * (count + 2), &packed)) return false;
      ByteReader unpacked(packed);
      return ReadPacked(unpacked, order, count, values);
    }
    case kWayPlanesZstd:
      return ReadPlanes(body, order, count, values);
    default:
      return false;
  }
}

}  // namespace parallax::store
