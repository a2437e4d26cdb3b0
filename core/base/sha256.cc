#include "core/base/sha256.h"

#include <openssl/evp.h>

#include "core/base/check.h"

namespace parallax::base {
namespace {

EVP_MD_CTX* AsContext(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.FinishHex();
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  PARALLAX_CHECK(context_ != nullptr);
  PARALLAX_CHECK(EVP_DigestInit_ex(AsContext(context_), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(AsContext(context_)); }

void Sha256::Update(std::string_view bytes) {
  PARALLAX_CHECK(EVP_DigestUpdate(AsContext(context_), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::FinishHex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  PARALLAX_CHECK(EVP_DigestFinal_ex(AsContext(context_), digest, &size) == 1);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(size_t{2} * size);
  for (unsigned int i = 0; i < size; ++i) {
    hex.push_back(kDigits[digest[i] >> 4]);
    hex.push_back(kDigits[digest[i] & 0x0f]);
  }
  return hex;
}

}  // namespace parallax::base
