#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/signal/quality.h"
#include "core/store/byte_io.h"

namespace parallax::store {

/// Quality flags as runs: (length:varint flag:u8)*, lengths summing to the count; one zero byte
/// where all are good (or none are given).
void PutQuality(std::span<const signal::Quality> quality, std::string* out);

/// Inverse of PutQuality for `count` flags: `quality` is empty where all are good. Returns false
/// where the bytes are not such runs. Allocates `count` flags, which the caller bounds.
bool ReadQuality(ByteReader& in, size_t count, std::vector<signal::Quality>* quality);

}  // namespace parallax::store
