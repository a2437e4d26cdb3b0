#include "core/base/key_pair.h"

#include <openssl/err.h>

#include <vector>

#include "core/base/openssl.h"

namespace parallax::base {

bool IsKeyOf(std::string_view key_pem, std::string_view certificate_pem) {
  const absl::StatusOr<KeyPtr> key = ParseKey("key", key_pem);
  const absl::StatusOr<std::vector<X509Ptr>> certificates =
      ParseCertificates("certificate", certificate_pem);
  if (!key.ok() || !certificates.ok()) return false;
  const bool fits = X509_check_private_key(certificates->front().get(), key->get()) == 1;
  ERR_clear_error();  // the thread's, which others read
  return fits;
}

}  // namespace parallax::base
