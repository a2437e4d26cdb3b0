#include "client/lib/credentials.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/key_pair.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr size_t kMaxKeyBytes = 64 << 10;
constexpr size_t kMaxTokenBytes = 256;
constexpr int kPairTries = 10;
constexpr absl::Duration kPairPause = absl::Milliseconds(50);

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

/// The certificate and its key, which are two files: while they are renewed one may be the former
/// and one the new.
absl::Status ReadPair(const CredentialPaths& paths, Credentials* credentials) {
  for (int tries = 0; tries < kPairTries; ++tries) {
    if (tries > 0) absl::SleepFor(kPairPause);
    PARALLAX_ASSIGN_OR_RETURN(credentials->certificate_pem, base::ReadFile(paths.tls_cert));
    PARALLAX_ASSIGN_OR_RETURN(credentials->key_pem,
                              base::ReadPrivateFile(paths.tls_key, kMaxKeyBytes));
    if (base::IsKeyOf(credentials->key_pem, credentials->certificate_pem)) {
      return absl::OkStatus();
    }
  }
  return base::InvalidField({.field = "tls-key",
                             .value = paths.tls_key,
                             .bound = "the key, without password, of " + paths.tls_cert});
}

}  // namespace

Transport TransportOf(const CredentialPaths& paths) {
  const bool named = !paths.tls_ca.empty() || !paths.tls_cert.empty() || !paths.tls_key.empty();
  return named && paths.plain_text == PlainText::kLoopbackOnly ? Transport::kTls
                                                               : Transport::kPlainText;
}

absl::StatusOr<Credentials> ReadCredentials(const CredentialPaths& paths,
                                            const std::string& server) {
  Credentials credentials;
  if (paths.tls_cert.empty() != paths.tls_key.empty()) {
    return base::InvalidField({.field = paths.tls_key.empty() ? "tls-key" : "tls-cert",
                               .value = "",
                               .bound = "given where the other of certificate and key is"});
  }
  credentials.transport = TransportOf(paths);
  if (credentials.transport == Transport::kTls) {
    if (!paths.tls_ca.empty()) {
      PARALLAX_ASSIGN_OR_RETURN(credentials.ca_pem, base::ReadFile(paths.tls_ca));
    }
    if (!paths.tls_cert.empty()) PARALLAX_RETURN_IF_ERROR(ReadPair(paths, &credentials));
  }
  if (paths.token_file.empty()) return credentials;
  if (credentials.transport == Transport::kPlainText &&
      paths.plain_text == PlainText::kLoopbackOnly && !IsLoopback(server)) {
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
