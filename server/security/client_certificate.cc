#include "server/security/client_certificate.h"

#include <openssl/err.h>

#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/signal/validate.h"
#include "server/security/openssl.h"

namespace parallax::server::security {
namespace {

/// OpenSSL's: 112 bits, so no RSA below 2048 bits and no SHA-1.
constexpr int kSecurityLevel = 2;
constexpr std::string_view kRigUriPrefix = "parallax://rig/";

/// URIs of the extension, with whatever bytes they hold. Empty where it stands there twice: which
/// of the two counts is nobody's guess.
std::vector<std::string> UrisOf(const X509& certificate) {
  std::vector<std::string> uris;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    if (kind != GEN_URI) continue;
    const auto* const text = static_cast<const ASN1_IA5STRING*>(value);
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<size_t>(ASN1_STRING_length(text)));
  }
  ERR_clear_error();  // TLS on this thread would take what is left for its own
  return uris;
}

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
  const absl::StatusOr<X509Ptr> certificate = ParseCertificate("certificate", pem);
  if (!certificate.ok()) return Unproven(certificate.status(), "");
  const absl::StatusOr<std::vector<X509Ptr>> chain = ParseCertificates("certificate", chain_pem);
  if (!chain.ok()) return Unproven(chain.status(), "");
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<X509Ptr> authorities,
                            ParseCertificates("client_ca", authorities_pem));
  const X509StorePtr store(X509_STORE_new());
  const X509StoreContextPtr context(X509_STORE_CTX_new());
  const X509StackPtr between(sk_X509_new_null());
  PARALLAX_CHECK(store != nullptr && context != nullptr && between != nullptr);
  for (const X509Ptr& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  for (const X509Ptr& each : *chain) sk_X509_push(between.get(), each.get());
  X509_STORE_CTX_init(context.get(), store.get(), certificate->get(), between.get());
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(now));
  const bool verified = X509_verify_cert(context.get()) == 1;
  const char* const problem =
      X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  ERR_clear_error();
  if (verified) return absl::OkStatus();
  return base::FieldStatus(absl::StatusCode::kUnauthenticated,
                           {.field = "certificate",
                            .value = problem,
                            .bound = "one for a TLS client that the client CA signed, in force now",
                            .next_step = "parallaxd certs issue makes one"});
}

absl::StatusOr<Identity> IdentityOfCertificate(std::string_view pem) {
  const absl::StatusOr<X509Ptr> certificate = ParseCertificate("certificate", pem);
  if (!certificate.ok()) return Unproven(certificate.status(), "");
  const std::vector<std::string> uris = UrisOf(**certificate);
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
