#include "core/base/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <functional>
#include <string>

#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace parallax::base {
namespace {

constexpr int kSecurityLevel = 2;  // OpenSSL's: 112 bits

absl::StatusOr<absl::Time> TimeOf(const ASN1_TIME* time) {
  tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return OpenSslError("cannot read a date");
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string BytesOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

/// "10.0.0.7" of its four bytes, "::1" of sixteen; empty for what is no address.
std::string AddressText(const std::string& bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() == sizeof(in_addr)) inet_ntop(AF_INET, bytes.data(), text, sizeof(text));
  if (bytes.size() == sizeof(in6_addr)) inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  return text;
}

std::string TextOf(const X509_NAME* name) {
  const BioPtr bio = WritingBio();
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return ContentOf(*bio);
}

/// Those kinds whose value is a string of bytes: URIs, host names and addresses.
void ForEachAlternativeName(const X509& certificate,
                            const std::function<void(int kind, const std::string& bytes)>& visit) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();  // TLS on this thread would take what is left for its own
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    if (kind != GEN_URI && kind != GEN_DNS && kind != GEN_IPADD) continue;
    visit(kind, BytesOf(static_cast<const ASN1_STRING*>(value)));
  }
}

}  // namespace

absl::StatusOr<Validity> ValidityOf(const X509& certificate) {
  Validity validity;
  PARALLAX_ASSIGN_OR_RETURN(validity.begin, TimeOf(X509_get0_notBefore(&certificate)));
  PARALLAX_ASSIGN_OR_RETURN(validity.end, TimeOf(X509_get0_notAfter(&certificate)));
  return validity;
}

std::string SubjectOf(const X509& certificate) {
  return TextOf(X509_get_subject_name(&certificate));
}

std::string IssuerOf(const X509& certificate) { return TextOf(X509_get_issuer_name(&certificate)); }

std::vector<std::string> UrisOf(const X509& certificate) {
  std::vector<std::string> uris;
  ForEachAlternativeName(certificate, [&uris](int kind, const std::string& bytes) {
    if (kind == GEN_URI) uris.push_back(bytes);
  });
  return uris;
}

std::vector<std::string> HostsOf(const X509& certificate) {
  std::vector<std::string> hosts;
  ForEachAlternativeName(certificate, [&hosts](int kind, const std::string& bytes) {
    if (kind == GEN_DNS) hosts.push_back(bytes);
    if (kind == GEN_IPADD) hosts.push_back(AddressText(bytes));
  });
  return hosts;
}

int VerifyChain(X509& leaf, const std::vector<X509Ptr>& between, X509_STORE& trusted,
                const ChainQuestion& question) {
  const X509StoreContextPtr context(X509_STORE_CTX_new());
  const X509StackPtr stack(sk_X509_new_null());
  PARALLAX_CHECK(context != nullptr && stack != nullptr);
  for (const X509Ptr& each : between) sk_X509_push(stack.get(), each.get());
  X509_STORE_CTX_init(context.get(), &trusted, &leaf, stack.get());
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(parameters, question.purpose);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  X509_VERIFY_PARAM_set_flags(parameters, question.flags);
  if (question.now.has_value()) {
    X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(*question.now));
  } else {
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_NO_CHECK_TIME);
  }
  const bool verified = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return verified ? X509_V_OK : X509_STORE_CTX_get_error(context.get());
}

X509StorePtr StoreOf(const std::vector<X509Ptr>& authorities) {
  X509StorePtr store(X509_STORE_new());
  PARALLAX_CHECK(store != nullptr);
  for (const X509Ptr& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  return store;
}

}  // namespace parallax::base
