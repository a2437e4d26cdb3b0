#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/store/byte_io.h"

namespace parallax::store {

/// Packs integers losslessly after differencing them `order` times (0, 1 or 2), in blocks of 128
/// with a minimum and a bit width of their own. The grammar opens bit_packing.cc.
void PackIntegers(std::span<const int64_t> values, int order, std::string* out);

/// Inverse of PackIntegers for `count` integers. Returns false where the bytes are not such a
/// packing. Never reads beyond the input; allocates `count` integers, which the caller bounds.
bool UnpackIntegers(ByteReader& in, int order, size_t count, std::vector<int64_t>* values);

/// The pieces that packings are made of: differences taken `order` times (0, 1 or 2), with the
/// first integer of each pass written to `out` as a varint so that it does not widen what follows …
std::vector<int64_t> TakeDifferences(std::span<const int64_t> values, int order, std::string* out);
/// … and put back: `values` holds the differences after `heads`, the first integers.
bool ReadHeads(ByteReader& in, int order, size_t count, std::vector<int64_t>* heads);
void SumDifferences(std::span<const int64_t> heads, std::span<int64_t> values);

}  // namespace parallax::store
