#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/finding.h"
#include "client/lib/credentials.h"
#include "client/lib/tls_probe.h"

namespace parallax::client {

// What `parallax doctor` makes of what answered at the daemon's port, and of what the daemon says
// to who calls. No network in here.

/// What the port answered: the session where TLS was tried, the wire where plain text was.
struct PortAnswer {
  Wire wire = Wire::kSilent;
  TlsSession tls;
};

/// How a client was told to talk.
struct ClientTransport {
  Transport transport = Transport::kPlainText;
  PlainText plain_text = PlainText::kLoopbackOnly;  ///< kAccepted: --plaintext was said
};

/// Whether the server speaks what the client is set to: "transport".
Finding JudgeTransport(const ClientTransport& wanted, const PortAnswer& answer);

/// Whom a client takes for the daemon.
struct ServerTrust {
  std::string host;     ///< what it is called by: a name or an IP address
  std::string ca_pem;   ///< empty: the system's authorities
  std::string ca_path;  ///< for texts
};

/// Whether the certificate that the server shows is one that gRPC takes: of an authority that is
/// trusted, for this host, in force at `now`: "server_certificate".
Finding JudgeServerCertificate(const TlsSession& session, const ServerTrust& trust, absl::Time now);

/// What is shown to the daemon, to prove who calls.
struct ShownProof {
  std::string certificate;  ///< path; empty: none
  std::string token;        ///< as TokenName; empty: none
};

/// Whether the server went on after it had seen the client's certificate, or none: "handshake".
Finding JudgeHandshake(const TlsSession& session, const ShownProof& proof);

/// Whether the daemon answers a call with that proof; `status` is that of one that every role may
/// make: "access". Nothing for an error that is not about who calls.
std::optional<Finding> JudgeAccess(const absl::Status& status, const ShownProof& proof);

}  // namespace parallax::client
