#include "server/security/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/field_error.h"

namespace parallax::server::security {
namespace {

/// A PEM without password; without this OpenSSL would ask for one on the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

absl::Status NotOneCertificate(std::string_view field, std::string_view found) {
  return base::InvalidField({.field = std::string(field),
                             .value = std::string(found),
                             .bound = "one X.509 certificate in PEM"});
}

}  // namespace

BioPtr ReadingBio(std::string_view bytes) {
  BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  PARALLAX_CHECK(bio != nullptr);
  return bio;
}

BioPtr WritingBio() {
  BioPtr bio(BIO_new(BIO_s_mem()));
  PARALLAX_CHECK(bio != nullptr);
  return bio;
}

std::string ContentOf(BIO& bio) {
  char* data = nullptr;
  const int64_t size = BIO_get_mem_data(&bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

absl::Status OpenSslError(std::string_view doing) {
  const unsigned long code = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  const char* const reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return absl::InternalError(
      absl::StrFormat("%s: %s", doing, reason == nullptr ? "no reason given" : reason));
}

absl::StatusOr<X509Ptr> ParseCertificate(std::string_view field, std::string_view pem) {
  if (pem.size() > kMaxPemBytes) {
    return NotOneCertificate(field, absl::StrFormat("%u bytes", pem.size()));
  }
  const BioPtr bio = ReadingBio(pem);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
  const X509Ptr second(certificate == nullptr
                           ? nullptr
                           : PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return NotOneCertificate(field, "none");
  if (second != nullptr) return NotOneCertificate(field, "several");
  return certificate;
}

absl::StatusOr<KeyPtr> ParseKey(std::string_view field, std::string_view pem) {
  if (pem.size() <= kMaxPemBytes) {
    const BioPtr bio = ReadingBio(pem);
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
    ERR_clear_error();
    if (key != nullptr) return key;
  }
  return base::InvalidField({.field = std::string(field),
                             .value = absl::StrFormat("%u bytes of something else", pem.size()),
                             .bound = "a private key in PEM, without password"});
}

}  // namespace parallax::server::security
