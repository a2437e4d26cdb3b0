#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/byte_io.h"

namespace parallax::store {

/// Encodes integers by whichever of several ways is shortest: differences of order 0, 1 or 2, bit
/// packed, bit packed under zstd, or as byte planes under zstd. The grammar opens integer_codec.cc.
void PutIntegers(std::span<const int64_t> values, std::string* out);

/// Inverse of PutIntegers for `count` integers; false where the bytes are not such a coding.
/// Allocates in proportion to `count`, which the caller bounds.
bool ReadIntegers(ByteReader& in, size_t count, std::vector<int64_t>* values);

/// Bytes of `width`-byte elements regrouped so that first bytes come first; zstd finds more in it.
std::string SplitPlanes(std::string_view elements, size_t width);
std::string JoinPlanes(std::string_view planes, size_t width);

/// One zstd frame; `bytes` shorter than it are still framed.
std::string Compress(std::string_view bytes);
/// Expands a frame of at most `limit` bytes; false where it is not one.
bool Decompress(std::string_view frame, size_t limit, std::string* bytes);

}  // namespace parallax::store
