#include "client/lib/credentials.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr size_t kMaxKeyBytes = 64 << 10;
constexpr size_t kMaxTokenBytes = 256;

bool IsLoopback(const std::string& server) {
  const std::string host = server.substr(0, server.rfind(':'));
  const bool numbers = std::all_of(host.begin(), host.end(),
                                   [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return host == "localhost" || host == "[::1]" || (numbers && host.starts_with("127."));
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  PARALLAX_ASSIGN_OR_RETURN(std::string token, base::ReadPrivateFile(path, kMaxTokenBytes));
  absl::StripAsciiWhitespace(&token);
  const bool formed = !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (formed) return token;
  // Nothing of it is repeated: it may be a secret all the same.
  return base::InvalidField({.field = "token-file",
                             .value = path,
                             .bound = "a file that holds one token and nothing else"});
}

}  // namespace

absl::StatusOr<Credentials> ReadCredentials(const CredentialPaths& paths,
                                            const std::string& server) {
  Credentials credentials;
  const bool accepted = paths.plain_text == PlainText::kAccepted;
  const bool tls = !paths.tls_ca.empty() || !paths.tls_cert.empty() || !paths.tls_key.empty();
  if (paths.tls_cert.empty() != paths.tls_key.empty()) {
    return base::InvalidField({.field = paths.tls_key.empty() ? "tls-key" : "tls-cert",
                               .value = "",
                               .bound = "given where the other of certificate and key is"});
  }
  if (tls && !accepted) {
    credentials.transport = Transport::kTls;
    if (!paths.tls_ca.empty()) {
      PARALLAX_ASSIGN_OR_RETURN(credentials.ca_pem, base::ReadFile(paths.tls_ca));
    }
    if (!paths.tls_cert.empty()) {
      PARALLAX_ASSIGN_OR_RETURN(credentials.certificate_pem, base::ReadFile(paths.tls_cert));
      PARALLAX_ASSIGN_OR_RETURN(credentials.key_pem,
                                base::ReadPrivateFile(paths.tls_key, kMaxKeyBytes));
    }
  }
  if (paths.token_file.empty()) return credentials;
  if (credentials.transport == Transport::kPlainText && !accepted && !IsLoopback(server)) {
    return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                             {.field = "server",
                              .value = server,
                              .bound = "reached by TLS, since others could read the token",
                              .next_step = "give --tls-ca, or say --plaintext to accept it"});
  }
  PARALLAX_ASSIGN_OR_RETURN(credentials.token, ReadToken(paths.token_file));
  return credentials;
}

}  // namespace parallax::client
