#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::base {

/// Frees an object of OpenSSL with the function that it comes with.
template <auto kFree>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

/// sk_X509_free, which is a macro.
inline void FreeX509Stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, OpenSslFree<BN_clear_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using X509StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;
/// A list of certificates that others own.
using X509StackPtr = std::unique_ptr<STACK_OF(X509), OpenSslFree<FreeX509Stack>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;

/// Bytes of the largest PEM file that is looked at: a certificate takes 1 kB, a chain some.
inline constexpr size_t kMaxPemBytes = 64 << 10;
inline constexpr size_t kMaxCertificates = 16;

/// A BIO that reads `bytes`, which must outlive it.
BioPtr ReadingBio(std::string_view bytes);
/// A BIO that collects what is written, and what it holds.
BioPtr WritingBio();
std::string ContentOf(BIO& bio);

/// `doing` and the reason that OpenSSL gives; empties its queue of errors, which is the thread's.
/// @param doing  "cannot sign the certificate"
absl::Status OpenSslError(std::string_view doing);

/// The one certificate in `pem`. Errors: InvalidArgument naming `field` where `pem` is longer than
/// kMaxPemBytes, holds none or several.
absl::StatusOr<X509Ptr> ParseCertificate(std::string_view field, std::string_view pem);
/// All certificates in `pem`, in order, 1 to kMaxCertificates. Errors: as above.
absl::StatusOr<std::vector<X509Ptr>> ParseCertificates(std::string_view field,
                                                       std::string_view pem);
/// The private key in `pem`, which has no password. Errors: InvalidArgument naming `field`, which
/// repeat nothing of `pem`.
absl::StatusOr<KeyPtr> ParseKey(std::string_view field, std::string_view pem);

}  // namespace parallax::base
