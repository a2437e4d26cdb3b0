#pragma once

#include <functional>
#include <span>

#include "absl/status/status.h"

namespace parallax::server::security {

/// Fills all of `bytes` with what nobody can guess. Injected, so that tests know the answer.
using Entropy = std::function<absl::Status(std::span<unsigned char> bytes)>;

/// OpenSSL's generator, seeded by the kernel. Errors: Internal where that cannot be had.
absl::Status SystemEntropy(std::span<unsigned char> bytes);

}  // namespace parallax::server::security
