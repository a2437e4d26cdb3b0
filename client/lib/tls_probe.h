#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/credentials.h"
#include "client/lib/tcp_socket.h"

namespace parallax::client {

// What answers at a port, seen without gRPC, which says "Socket closed" to most of it.

enum class Wire {
  kSilent,  ///< nothing that is known here
  kHttp1,
  kHttp2,  ///< in plain text: what gRPC speaks
  kTls,
};

/// What a server speaks whose answer to HTTP/2's preface begins with these bytes.
Wire WireOf(std::string_view answer);

/// Sends HTTP/2's preface in plain text and looks at what comes back.
/// Errors: those of TcpSocket::Connect alone; a server that goes or stays silent is kSilent.
absl::StatusOr<Wire> ProbePlainText(const HostPort& address, absl::Duration timeout);

/// How far a TLS handshake came. Nothing of it is trusted: whoever answered, answered.
struct TlsSession {
  bool speaks_tls = false;  ///< what answered was TLS, be it an alert
  std::string version;      ///< "TLSv1.3"; empty before there is one
  std::string protocol;     ///< "h2" by ALPN; empty: none was agreed on
  std::string chain_pem;    ///< the server's own and what it sent beside it; empty: none was shown
  bool asked_for_certificate = false;  ///< whether it wants to see the client's
  std::string refusal;                 ///< why it ended; empty: it went on to HTTP/2
};

/// Shakes hands, shows the certificate in `credentials` if there is one, and waits for a first word
/// of HTTP/2, since TLS 1.3 refuses a client only after its handshake.
/// Errors: those of TcpSocket::Connect; Internal where OpenSSL fails on this side.
absl::StatusOr<TlsSession> ProbeTls(const HostPort& address, const Credentials& credentials,
                                    absl::Duration timeout);

}  // namespace parallax::client
