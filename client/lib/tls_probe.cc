#include "client/lib/tls_probe.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "core/base/openssl.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, base::OpenSslFree<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, base::OpenSslFree<SSL_free>>;

constexpr absl::Duration kPatience =
    absl::Seconds(5);  // enough for a handshake; a port may be mute
constexpr std::string_view kClosed = "the connection was closed";
/// The preface of RFC 9113, 3.4: its fixed text and an empty SETTINGS frame.
constexpr std::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 24 + 9);
constexpr size_t kFrameHeaderBytes = 9;
constexpr char kSettingsFrame = 4;
constexpr std::array<unsigned char, 3> kOfferedProtocols = {2, 'h', '2'};

absl::Time DeadlineIn(absl::Duration timeout) { return absl::Now() + std::min(timeout, kPatience); }

/// A handshake over a socket; bytes pass through memory, so that no write raises SIGPIPE.
class Handshake {
 public:
  Handshake(SslPtr ssl, TcpSocket socket, absl::Time deadline)
      : ssl_(std::move(ssl)), socket_(std::move(socket)), deadline_(deadline) {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  /// Repeats `step` until it is done. Returns why it never will be; empty: it is.
  std::string Drive(const std::function<int(SSL*)>& step) {
    for (;;) {
      ERR_clear_error();
      const int done = step(ssl_.get());
      const bool waits = SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ;
      std::string reason = Reason();
      // An alert of ours goes out as well; that the peer may have gone is told by reading.
      (void)socket_.Send(base::ContentOf(*SSL_get_wbio(ssl_.get())), deadline_);
      (void)BIO_reset(SSL_get_wbio(ssl_.get()));
      if (done > 0) return "";
      if (!waits) return reason;
      const absl::StatusOr<std::string> bytes = socket_.Receive(deadline_);
      if (!bytes.ok()) return std::string(bytes.status().message());
      if (bytes->empty()) return std::string(kClosed);
      BIO_write(SSL_get_rbio(ssl_.get()), bytes->data(), static_cast<int>(bytes->size()));
    }
  }

  bool alerted() const { return alerted_; }
  SSL* ssl() const { return ssl_.get(); }

 private:
  /// OpenSSL's, and whether it is an alert of the peer's.
  std::string Reason() {
    const unsigned long code = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
    ERR_clear_error();
    alerted_ = alerted_ || ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
    const char* const text = ERR_reason_error_string(code);
    return std::string(text == nullptr ? kClosed : text);
  }

  SslPtr ssl_;
  TcpSocket socket_;
  const absl::Time deadline_;
  bool alerted_ = false;
};

/// Shows the certificate, with those that stand behind it.
absl::Status Show(const Credentials& credentials, SSL& ssl) {
  if (credentials.certificate_pem.empty()) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<base::X509Ptr> chain,
                            base::ParseCertificates("tls-cert", credentials.certificate_pem));
  PARALLAX_ASSIGN_OR_RETURN(const base::KeyPtr key, base::ParseKey("tls-key", credentials.key_pem));
  bool shown = SSL_use_certificate(&ssl, chain.front().get()) == 1 &&
               SSL_use_PrivateKey(&ssl, key.get()) == 1;
  for (size_t i = 1; i < chain.size(); ++i) {
    shown = shown && SSL_add1_chain_cert(&ssl, chain[i].get()) == 1;
  }
  return shown ? absl::OkStatus() : base::OpenSslError("cannot show the certificate");
}

int NoteThatItAsks(SSL* /*ssl*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 1;
}

absl::StatusOr<SslPtr> Prepare(const HostPort& address, const Credentials& credentials,
                               bool& asked) {
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return base::OpenSslError("cannot prepare TLS");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);  // what it shows is judged later
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SslPtr ssl(SSL_new(context.get()));
  if (ssl == nullptr) return base::OpenSslError("cannot prepare TLS");
  SSL_set_connect_state(ssl.get());
  SSL_set_alpn_protos(ssl.get(), kOfferedProtocols.data(), kOfferedProtocols.size());
  SSL_set_cert_cb(ssl.get(), NoteThatItAsks, &asked);
  SSL_set_tlsext_host_name(ssl.get(), address.host.c_str());
  PARALLAX_RETURN_IF_ERROR(Show(credentials, *ssl));
  return ssl;
}

std::string PemOf(const X509& certificate) {
  const base::BioPtr bio = base::WritingBio();
  PEM_write_bio_X509(bio.get(), &certificate);
  return base::ContentOf(*bio);
}

void Describe(SSL* ssl, TlsSession& session) {
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl);
  if (chain == nullptr) return;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    session.chain_pem += PemOf(*sk_X509_value(chain, i));
  }
  session.version = SSL_get_version(ssl);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  session.protocol.assign(reinterpret_cast<const char*>(protocol), size);
}

}  // namespace

Wire WireOf(std::string_view answer) {
  if (answer.starts_with("HTTP/1.")) return Wire::kHttp1;
  if (answer.starts_with("\x15\x03")) return Wire::kTls;  // an alert
  const bool settings = answer.size() >= kFrameHeaderBytes && answer[3] == kSettingsFrame;
  return settings ? Wire::kHttp2 : Wire::kSilent;
}

absl::StatusOr<Wire> ProbePlainText(const HostPort& address, absl::Duration timeout) {
  PARALLAX_ASSIGN_OR_RETURN(TcpSocket socket, TcpSocket::Connect(address, timeout));
  const absl::Time deadline = DeadlineIn(timeout);
  if (!socket.Send(kPreface, deadline).ok()) return Wire::kSilent;
  std::string answer;
  while (answer.size() < kFrameHeaderBytes) {
    const absl::StatusOr<std::string> bytes = socket.Receive(deadline);
    if (!bytes.ok() || bytes->empty()) break;
    answer += *bytes;
  }
  return WireOf(answer);
}

absl::StatusOr<TlsSession> ProbeTls(const HostPort& address, const Credentials& credentials,
                                    absl::Duration timeout) {
  TlsSession session;
  PARALLAX_ASSIGN_OR_RETURN(SslPtr ssl,
                            Prepare(address, credentials, session.asked_for_certificate));
  PARALLAX_ASSIGN_OR_RETURN(TcpSocket socket, TcpSocket::Connect(address, timeout));
  Handshake handshake(std::move(ssl), std::move(socket), DeadlineIn(timeout));
  session.refusal = handshake.Drive(SSL_do_handshake);
  Describe(handshake.ssl(), session);
  session.speaks_tls = !session.chain_pem.empty() || handshake.alerted();
  if (!session.refusal.empty() || session.protocol != "h2") return session;
  session.refusal = handshake.Drive([](SSL* wire) {
    return SSL_write(wire, kPreface.data(), static_cast<int>(kPreface.size()));
  });
  if (!session.refusal.empty()) return session;
  session.refusal = handshake.Drive([](SSL* wire) {
    std::array<char, kFrameHeaderBytes> header;
    return SSL_read(wire, header.data(), header.size());
  });
  return session;
}

}  // namespace parallax::client
