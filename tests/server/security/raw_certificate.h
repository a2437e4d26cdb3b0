#pragma once

#include <openssl/x509v3.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/openssl.h"

namespace parallax::server::security {

/// One subject alternative name, with whatever bytes.
struct RawName {
  int kind = GEN_URI;  ///< GEN_URI, GEN_DNS or GEN_EMAIL
  std::string text;
};

/// A certificate that no authority would sign, in PEM, signed by its own key: each element of
/// `extensions` becomes one subjectAltName extension.
std::string RawCertificate(const std::vector<std::vector<RawName>>& extensions);

}  // namespace parallax::server::security
