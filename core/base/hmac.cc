#include "core/base/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "core/base/check.h"

namespace parallax::base {

std::string HmacSha256Hex(std::string_view key, std::string_view message) {
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  PARALLAX_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                      reinterpret_cast<const unsigned char*>(message.data()), message.size(), code,
                      &size) != nullptr);
  return absl::BytesToHexString({reinterpret_cast<const char*>(code), size});
}

}  // namespace parallax::base
