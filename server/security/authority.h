#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parallax::server::security {

// The certificates of a lab: an authority of its own, which signs one certificate for the daemon
// and one for every rig. Keys are EC P-256, signatures ECDSA with SHA-256, serial numbers 159
// random bits. The form is that of RFC 5280: an authority that signs no other authority, leaves
// for one use each, server or client. Certificates are valid from kBackdated before they are made,
// so that a rig whose clock is slow can use its own at once.

inline constexpr absl::Duration kBackdated = absl::Minutes(5);
inline constexpr absl::Duration kMaxLifetime = absl::Hours(24 * 365 * 50);

/// A certificate and its private key, both in PEM. The key is a secret.
struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

struct AuthoritySpec {
  std::string name = "parallax lab CA";  ///< 1 to 64 printable ASCII characters
  absl::Duration lifetime = absl::Hours(24 * 365 * 10);
};

struct ServerSpec {
  std::vector<std::string> hosts;  ///< names and IP addresses that clients call it by; 1 to 64
  absl::Duration lifetime = absl::Hours(24 * 365);
};

struct RigSpec {
  std::string rig;  ///< its id; stands in the certificate as RigUri
  absl::Duration lifetime = absl::Hours(24 * 365);
};

/// Errors of all three: InvalidArgument naming the field: a name, host or rig of another form, a
/// lifetime outside (0, kMaxLifetime] or beyond the authority's, an `authority` whose key is not
/// that of its certificate or that may not sign; Internal where OpenSSL fails.
absl::StatusOr<KeyPair> MakeAuthority(const AuthoritySpec& spec, absl::Time now);
absl::StatusOr<KeyPair> IssueServer(const KeyPair& authority, const ServerSpec& spec,
                                    absl::Time now);
absl::StatusOr<KeyPair> IssueRig(const KeyPair& authority, const RigSpec& spec, absl::Time now);

}  // namespace parallax::server::security
