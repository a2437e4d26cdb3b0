#include "core/base/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/field_error.h"

namespace parallax::base {
namespace {

/// A PEM without password; without this OpenSSL would ask for one on the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

constexpr std::string_view kOneCertificate = "one X.509 certificate in PEM";

absl::Status NotCertificates(std::string_view field, std::string_view found,
                             std::string_view bound) {
  return InvalidField(
      {.field = std::string(field), .value = std::string(found), .bound = std::string(bound)});
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
  absl::StatusOr<std::vector<X509Ptr>> certificates = ParseCertificates(field, pem);
  if (!certificates.ok()) return certificates.status();
  if (certificates->size() > 1) return NotCertificates(field, "several", kOneCertificate);
  return std::move(certificates->front());
}

absl::StatusOr<std::vector<X509Ptr>> ParseCertificates(std::string_view field,
                                                       std::string_view pem) {
  if (pem.size() > kMaxPemBytes) {
    return NotCertificates(field, absl::StrFormat("%u bytes", pem.size()), kOneCertificate);
  }
  ERR_clear_error();  // the last error is looked at below
  const BioPtr bio = ReadingBio(pem);
  std::vector<X509Ptr> certificates;
  while (certificates.size() <= kMaxCertificates) {
    X509Ptr next(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (next == nullptr) break;
    certificates.push_back(std::move(next));
  }
  // Text behind the last certificate is none; a certificate that cannot be read is no text.
  const unsigned long error = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  const bool ended = error == 0 || ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty()) return NotCertificates(field, "none", kOneCertificate);
  if (certificates.size() > kMaxCertificates || !ended) {
    return NotCertificates(field, ended ? "more" : "a broken one",
                           absl::StrFormat("1 to %u X.509 certificates in PEM", kMaxCertificates));
  }
  return certificates;
}

absl::StatusOr<KeyPtr> ParseKey(std::string_view field, std::string_view pem) {
  if (pem.size() <= kMaxPemBytes) {
    const BioPtr bio = ReadingBio(pem);
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
    ERR_clear_error();
    if (key != nullptr) return key;
  }
  return InvalidField({.field = std::string(field),
                       .value = absl::StrFormat("%u bytes of something else", pem.size()),
                       .bound = "a private key in PEM, without password"});
}

}  // namespace parallax::base
