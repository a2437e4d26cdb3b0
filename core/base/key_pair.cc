#include "core/base/key_pair.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/cleanup/cleanup.h"

namespace parallax::base {
namespace {

/// Else OpenSSL asks at the terminal.
int RefusePassword(char*, int, int, void*) { return -1; }

/// What `read` finds in `pem`, for its caller to free; null where it finds none.
template <typename T>
T* ReadPem(std::string_view pem, T* (*read)(BIO*, T**, pem_password_cb*, void*)) {
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  const absl::Cleanup free_bio = [bio] { BIO_free(bio); };
  return read(bio, nullptr, RefusePassword, nullptr);
}

}  // namespace

bool IsKeyOf(std::string_view key_pem, std::string_view certificate_pem) {
  EVP_PKEY* const key = ReadPem(key_pem, PEM_read_bio_PrivateKey);
  X509* const certificate = ReadPem(certificate_pem, PEM_read_bio_X509);
  const absl::Cleanup clean_up = [key, certificate] {
    EVP_PKEY_free(key);
    X509_free(certificate);
    ERR_clear_error();  // the thread's, which others read
  };
  return key != nullptr && certificate != nullptr && X509_check_private_key(certificate, key) == 1;
}

}  // namespace parallax::base
