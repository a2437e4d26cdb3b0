#include "tests/server/security/raw_certificate.h"

#include <openssl/pem.h>

#include "core/base/check.h"

namespace parallax::server::security {
namespace {

base::GeneralNamesPtr NamesOf(const std::vector<RawName>& names) {
  base::GeneralNamesPtr all(GENERAL_NAMES_new());
  for (const RawName& name : names) {
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    PARALLAX_CHECK(ASN1_STRING_set(text, name.text.data(), static_cast<int>(name.text.size())) ==
                   1);
    GENERAL_NAME* const entry = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(entry, name.kind, text);
    PARALLAX_CHECK(sk_GENERAL_NAME_push(all.get(), entry) > 0);
  }
  return all;
}

}  // namespace

std::string RawCertificate(const std::vector<std::vector<RawName>>& extensions) {
  const base::KeyPtr key(EVP_EC_gen("P-256"));
  const base::X509Ptr certificate(X509_new());
  PARALLAX_CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  PARALLAX_CHECK(X509_set_pubkey(certificate.get(), key.get()) == 1);
  for (const std::vector<RawName>& names : extensions) {
    PARALLAX_CHECK(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, NamesOf(names).get(),
                                     0, X509V3_ADD_APPEND) == 1);
  }
  PARALLAX_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  const base::BioPtr bio = base::WritingBio();
  PARALLAX_CHECK(PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
  return base::ContentOf(*bio);
}

}  // namespace parallax::server::security
