#include "server/security/client_certificate.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/certificate.h"
#include "core/base/field_error.h"
#include "core/base/openssl.h"
#include "core/base/status_macros.h"
#include "core/signal/validate.h"

namespace parallax::server::security {
namespace {

constexpr std::string_view kRigUriPrefix = "parallax://rig/";

/// The same error as that of a caller who has not proven who it is.
absl::Status Unproven(const absl::Status& status, std::string_view path) {
  base::FieldError error = base::FieldErrorOf(status).value_or(base::FieldError{});
  if (!path.empty()) error.field = std::string(path);
  return base::FieldStatus(absl::StatusCode::kUnauthenticated, error);
}

}  // namespace

std::string RigUri(std::string_view rig) { return absl::StrFormat("%s%s", kRigUriPrefix, rig); }

absl::StatusOr<std::string> ParseRigUri(std::string_view uri) {
  const bool prefixed = uri.starts_with(kRigUriPrefix);
  const std::string_view rig = prefixed ? uri.substr(kRigUriPrefix.size()) : "";
  if (signal::CheckId("", "uri", rig).ok()) return std::string(rig);
  return base::InvalidField({.field = "uri",
                             .value = std::string(uri),
                             .bound = "parallax://rig/{rig}",
                             .next_step = "ids have 1 to 63 characters of [A-Za-z0-9_.-]"});
}

absl::Status VerifyClientCertificate(std::string_view pem, std::string_view chain_pem,
                                     std::string_view authorities_pem, absl::Time now) {
  const absl::StatusOr<base::X509Ptr> certificate = base::ParseCertificate("certificate", pem);
  if (!certificate.ok()) return Unproven(certificate.status(), "");
  std::vector<base::X509Ptr> chain;
  if (!chain_pem.empty()) {
    absl::StatusOr<std::vector<base::X509Ptr>> sent =
        base::ParseCertificates("certificate", chain_pem);
    if (!sent.ok()) return Unproven(sent.status(), "");
    chain = *std::move(sent);
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<base::X509Ptr> authorities,
                            base::ParseCertificates("client_ca", authorities_pem));
  const int problem = base::VerifyChain(**certificate, chain, *base::StoreOf(authorities),
                                        {.purpose = X509_PURPOSE_SSL_CLIENT, .now = now});
  if (problem == X509_V_OK) return absl::OkStatus();
  return base::FieldStatus(absl::StatusCode::kUnauthenticated,
                           {.field = "certificate",
                            .value = X509_verify_cert_error_string(problem),
                            .bound = "one for a TLS client that the client CA signed, in force now",
                            .next_step = "parallaxd certs issue makes one"});
}

absl::StatusOr<Identity> IdentityOfCertificate(std::string_view pem) {
  const absl::StatusOr<base::X509Ptr> certificate = base::ParseCertificate("certificate", pem);
  if (!certificate.ok()) return Unproven(certificate.status(), "");
  const std::vector<std::string> uris = base::UrisOf(**certificate);
  if (uris.size() != 1) {
    return base::FieldStatus(absl::StatusCode::kUnauthenticated,
                             {.field = "certificate.uri",
                              .value = absl::StrFormat("%u names", uris.size()),
                              .bound = "exactly one URI among the subject alternative names"});
  }
  absl::StatusOr<std::string> rig = ParseRigUri(uris.front());
  if (!rig.ok()) return Unproven(rig.status(), "certificate.uri");
  return Identity{.role = Role::kRig, .name = absl::StrFormat("rigs/%s", *rig), .rigs = {*rig}};
}

}  // namespace parallax::server::security
