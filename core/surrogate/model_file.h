#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/surrogate/bnn.h"

namespace parallax::surrogate {

/// A trained network as bytes, the same on every machine (model_bytes.h).
std::string EncodeBnn(const Bnn& model);

/// Back, to the last bit. Never reads beyond the bytes nor allocates more than they can fill.
/// Errors: DataLoss naming what is wrong: not such a file, another version, cut off, changed bytes
/// (SHA-256), or parts that do not fit each other.
absl::StatusOr<Bnn> DecodeBnn(std::string_view bytes);

}  // namespace parallax::surrogate
