#pragma once

#include <openssl/x509.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/openssl.h"

namespace parallax::base {

/// From when until when a certificate says that it is valid.
struct Validity {
  absl::Time begin;
  absl::Time end;
};
/// Errors: Internal where a date cannot be read.
absl::StatusOr<Validity> ValidityOf(const X509& certificate);

/// Whose it is and who signed it, as it says: "CN=parallax lab CA". Printable.
std::string SubjectOf(const X509& certificate);
std::string IssuerOf(const X509& certificate);

/// Its subject alternative names of kind URI, with whatever bytes they hold. Empty where that
/// extension stands there twice: which of the two counts is nobody's guess.
std::vector<std::string> UrisOf(const X509& certificate);
/// Those of kind DNS, with whatever bytes, and those that are IP addresses, as text.
std::vector<std::string> HostsOf(const X509& certificate);

/// What a chain is verified for.
struct ChainQuestion {
  int purpose = X509_PURPOSE_SSL_CLIENT;
  unsigned flags = 0;             ///< X509_V_FLAG_…
  std::optional<absl::Time> now;  ///< nothing: dates are not looked at
};

/// Whether `trusted` vouches for `leaf`, directly or through `between`, with signatures of at least
/// 112 bits: no RSA below 2048 bits and no SHA-1.
/// @return  X509_V_OK, or OpenSSL's code of what is wrong.
int VerifyChain(X509& leaf, const std::vector<X509Ptr>& between, X509_STORE& trusted,
                const ChainQuestion& question);

/// A store that trusts these.
X509StorePtr StoreOf(const std::vector<X509Ptr>& authorities);

}  // namespace parallax::base
