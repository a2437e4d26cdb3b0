#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace parallax::client {

/// Whether a token may go over the wire as plain text to another machine.
enum class PlainText { kLoopbackOnly, kAccepted };

/// Where what a client shows a daemon stands, and what it believes one by; all may be empty.
struct CredentialPaths {
  std::string tls_ca;      ///< PEM: authorities of the daemon's certificate; empty: the system's
  std::string tls_cert;    ///< PEM of a certificate to show, with the key
  std::string tls_key;     ///< mode 0600
  std::string token_file;  ///< holds one token; mode 0600
  PlainText plain_text = PlainText::kLoopbackOnly;  ///< kAccepted: no TLS, whatever is named
};

enum class Transport { kPlainText, kTls };

/// What a channel needs of them, read. Key and token are secrets.
struct Credentials {
  Transport transport = Transport::kPlainText;
  std::string ca_pem;           ///< empty: the system's authorities
  std::string certificate_pem;  ///< empty: none is shown
  std::string key_pem;
  std::string token;  ///< empty: none is shown
};

/// There is TLS where any file of it is named, and plain text is not what is accepted.
Transport TransportOf(const CredentialPaths& paths);

/// Reads what `paths` names, for a channel to `server`, "host:port", with TransportOf(paths).
/// Waits half a second for a certificate and key that fit, since they may be renewed.
/// Errors: InvalidArgument (one of certificate and key without the other; a key of another
/// certificate; a token that is none);
/// FailedPrecondition (a key or token that others may read; a token that would go to another
/// machine as plain text); NotFound; Unavailable.
absl::StatusOr<Credentials> ReadCredentials(const CredentialPaths& paths,
                                            const std::string& server);

}  // namespace parallax::client
