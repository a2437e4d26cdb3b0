#include "server/security/entropy.h"

#include <openssl/rand.h>

#include "core/base/openssl.h"

namespace parallax::server::security {

absl::Status SystemEntropy(std::span<unsigned char> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1) return absl::OkStatus();
  return base::OpenSslError("cannot draw random bytes");
}

}  // namespace parallax::server::security
