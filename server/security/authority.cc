#include "server/security/authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/certificate.h"
#include "core/base/check.h"
#include "core/base/field_error.h"
#include "core/base/openssl.h"
#include "core/base/status_macros.h"
#include "core/signal/validate.h"
#include "server/security/client_certificate.h"
#include "server/security/entropy.h"

namespace parallax::server::security {
namespace {

constexpr size_t kMaxAuthorityNameBytes = 64;  // RFC 5280, ub-common-name
constexpr size_t kMaxHosts = 64;

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, base::OpenSslFree<X509_EXTENSION_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, base::OpenSslFree<ASN1_TIME_free>>;

/// Who signs; of an authority that is being made, itself.
struct Signer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

/// One extension in the words of openssl-x509v3_config(5). Values are constants of this file:
/// what a caller says never comes into that language.
struct Extension {
  int nid = 0;
  const char* value = nullptr;
};

/// What one certificate says.
struct Content {
  std::string common_name;
  absl::Time not_before;
  absl::Time not_after;
  std::vector<Extension> extensions;
  base::GeneralNamesPtr names;  // null: none
};

absl::Status Check(int succeeded, std::string_view doing) {
  return succeeded > 0 ? absl::OkStatus() : base::OpenSslError(doing);
}

absl::Status CheckLifetime(absl::Duration lifetime) {
  if (lifetime > absl::ZeroDuration() && lifetime <= kMaxLifetime) return absl::OkStatus();
  return base::InvalidField(
      {.field = "lifetime",
       .value = absl::FormatDuration(lifetime),
       .bound = absl::StrFormat("> 0 and <= %s", absl::FormatDuration(kMaxLifetime))});
}

absl::Status SetSerial(X509& certificate) {
  std::array<unsigned char, 20> bytes{};
  PARALLAX_RETURN_IF_ERROR(SystemEntropy(bytes));
  bytes[0] &= 0x7f;  // positive within 20 octets, RFC 5280, 4.1.2.2
  const base::BignumPtr number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  const bool set = number != nullptr &&
                   BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
  return Check(set ? 1 : 0, "cannot set the serial number");
}

absl::Status SetValidity(X509& certificate, const Content& content) {
  const TimePtr begin(ASN1_TIME_set(nullptr, absl::ToTimeT(content.not_before)));
  const TimePtr end(ASN1_TIME_set(nullptr, absl::ToTimeT(content.not_after)));
  const bool set = begin != nullptr && end != nullptr &&
                   X509_set1_notBefore(&certificate, begin.get()) == 1 &&
                   X509_set1_notAfter(&certificate, end.get()) == 1;
  return Check(set ? 1 : 0, "cannot set the dates");
}

absl::Status SetSubject(X509& certificate, const std::string& common_name) {
  return Check(
      X509_NAME_add_entry_by_NID(X509_get_subject_name(&certificate), NID_commonName, MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0),
      "cannot set the subject");
}

absl::Status AddExtensions(X509& certificate, X509& issuer, const Content& content) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  for (const Extension& extension : content.extensions) {
    const ExtensionPtr made(
        X509V3_EXT_nconf_nid(nullptr, &context, extension.nid, extension.value));
    if (made == nullptr) return base::OpenSslError("cannot make an extension");
    PARALLAX_RETURN_IF_ERROR(
        Check(X509_add_ext(&certificate, made.get(), -1), "cannot add an extension"));
  }
  if (content.names == nullptr) return absl::OkStatus();
  return Check(X509_add1_ext_i2d(&certificate, NID_subject_alt_name, content.names.get(), 0,
                                 X509V3_ADD_DEFAULT),
               "cannot add the alternative names");
}

absl::StatusOr<KeyPair> Export(X509& certificate, EVP_PKEY& key) {
  const base::BioPtr certificate_bio = base::WritingBio();
  PARALLAX_RETURN_IF_ERROR(
      Check(PEM_write_bio_X509(certificate_bio.get(), &certificate), "cannot write PEM"));
  const base::BioPtr key_bio = base::WritingBio();
  PARALLAX_RETURN_IF_ERROR(
      Check(PEM_write_bio_PrivateKey(key_bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr),
            "cannot write PEM"));
  return KeyPair{.certificate_pem = base::ContentOf(*certificate_bio),
                 .key_pem = base::ContentOf(*key_bio)};
}

/// Makes a key and signs a certificate of it, by `signer` or, where there is none, by itself.
absl::StatusOr<KeyPair> Sign(const Content& content, std::optional<Signer> signer) {
  const base::KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return base::OpenSslError("cannot make a key");
  const base::X509Ptr certificate(X509_new());
  if (certificate == nullptr) return base::OpenSslError("cannot make a certificate");
  const Signer by = signer.value_or(Signer{.certificate = certificate.get(), .key = key.get()});
  PARALLAX_RETURN_IF_ERROR(
      Check(X509_set_version(certificate.get(), X509_VERSION_3), "cannot set the version"));
  PARALLAX_RETURN_IF_ERROR(SetSerial(*certificate));
  PARALLAX_RETURN_IF_ERROR(SetValidity(*certificate, content));
  PARALLAX_RETURN_IF_ERROR(SetSubject(*certificate, content.common_name));
  PARALLAX_RETURN_IF_ERROR(
      Check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(by.certificate)),
            "cannot set the issuer"));
  PARALLAX_RETURN_IF_ERROR(
      Check(X509_set_pubkey(certificate.get(), key.get()), "cannot set the key"));
  PARALLAX_RETURN_IF_ERROR(AddExtensions(*certificate, *by.certificate, content));
  PARALLAX_RETURN_IF_ERROR(
      Check(X509_sign(certificate.get(), by.key, EVP_sha256()), "cannot sign the certificate"));
  return Export(*certificate, *key);
}

absl::Status Unfit(std::string_view what, std::string_view bound) {
  return base::InvalidField(
      {.field = "authority", .value = std::string(what), .bound = std::string(bound)});
}

absl::StatusOr<KeyPair> SignLeaf(const KeyPair& authority, absl::Duration lifetime, absl::Time now,
                                 Content content) {
  PARALLAX_RETURN_IF_ERROR(CheckLifetime(lifetime));
  PARALLAX_ASSIGN_OR_RETURN(const base::X509Ptr certificate,
                            base::ParseCertificate("authority", authority.certificate_pem));
  PARALLAX_ASSIGN_OR_RETURN(const base::KeyPtr key, base::ParseKey("authority", authority.key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return Unfit("a key of another certificate", "a certificate and its own key");
  }
  if (X509_check_ca(certificate.get()) != 1) {
    return Unfit("a certificate of no authority", "one that may sign others");
  }
  PARALLAX_ASSIGN_OR_RETURN(const base::Validity validity, base::ValidityOf(*certificate));
  content.not_before = now - kBackdated;
  content.not_after = now + lifetime;
  if (content.not_after > validity.end) {
    return base::InvalidField({.field = "lifetime",
                               .value = absl::FormatDuration(lifetime),
                               .bound = absl::StrFormat("<= %s, what the authority has left",
                                                        absl::FormatDuration(validity.end - now))});
  }
  return Sign(content, Signer{.certificate = certificate.get(), .key = key.get()});
}

std::vector<Extension> LeafExtensions(const char* use) {
  return {{NID_basic_constraints, "critical,CA:FALSE"},
          {NID_key_usage, "critical,digitalSignature"},
          {NID_ext_key_usage, use},
          {NID_subject_key_identifier, "hash"},
          {NID_authority_key_identifier, "keyid:always"}};
}

/// Takes `value` over.
void Push(GENERAL_NAMES& names, int kind, ASN1_STRING* value) {
  GENERAL_NAME* const name = GENERAL_NAME_new();
  PARALLAX_CHECK(name != nullptr && value != nullptr);
  GENERAL_NAME_set0_value(name, kind, value);
  PARALLAX_CHECK(sk_GENERAL_NAME_push(&names, name) > 0);
}

ASN1_STRING* Ia5(std::string_view text) {
  ASN1_STRING* const value = ASN1_STRING_type_new(V_ASN1_IA5STRING);
  PARALLAX_CHECK(ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) == 1);
  return value;
}

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
         });
}

/// RFC 1123, without wildcards: a certificate is for the hosts that were meant. A last label of
/// digits is a misspelt address.
bool IsHostName(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  const std::vector<std::string> labels =
      absl::StrSplit(absl::string_view(host.data(), host.size()), '.');
  return std::all_of(labels.begin(), labels.end(), IsLabel) &&
         labels.back().find_first_not_of("0123456789") != std::string::npos;
}

absl::Status PushHost(GENERAL_NAMES& names, const std::string& host, size_t index) {
  // A C string below: what stands behind a null byte would be left out.
  const bool whole = host.find('\0') == std::string::npos;
  if (ASN1_OCTET_STRING* const address = whole ? a2i_IPADDRESS(host.c_str()) : nullptr) {
    Push(names, GEN_IPADD, address);
    return absl::OkStatus();
  }
  ERR_clear_error();
  if (IsHostName(host)) {
    Push(names, GEN_DNS, Ia5(host));
    return absl::OkStatus();
  }
  return base::InvalidField({.field = absl::StrFormat("hosts[%u]", index),
                             .value = host,
                             .bound = "a host name or an IP address"});
}

}  // namespace

absl::StatusOr<KeyPair> MakeAuthority(const AuthoritySpec& spec, absl::Time now) {
  PARALLAX_RETURN_IF_ERROR(CheckLifetime(spec.lifetime));
  const bool printable = std::all_of(spec.name.begin(), spec.name.end(),
                                     [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (spec.name.empty() || spec.name.size() > kMaxAuthorityNameBytes || !printable) {
    return base::InvalidField(
        {.field = "name",
         .value = spec.name,
         .bound = absl::StrFormat("1 to %u printable ASCII characters", kMaxAuthorityNameBytes)});
  }
  return Sign({.common_name = spec.name,
               .not_before = now - kBackdated,
               .not_after = now + spec.lifetime,
               .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                              {NID_key_usage, "critical,keyCertSign,cRLSign"},
                              {NID_subject_key_identifier, "hash"}},
               .names = nullptr},
              std::nullopt);
}

absl::StatusOr<KeyPair> IssueServer(const KeyPair& authority, const ServerSpec& spec,
                                    absl::Time now) {
  if (spec.hosts.empty() || spec.hosts.size() > kMaxHosts) {
    return base::InvalidField({.field = "hosts",
                               .value = absl::StrFormat("%u hosts", spec.hosts.size()),
                               .bound = absl::StrFormat("1 to %u hosts", kMaxHosts)});
  }
  base::GeneralNamesPtr names(GENERAL_NAMES_new());
  for (size_t i = 0; i < spec.hosts.size(); ++i) {
    PARALLAX_RETURN_IF_ERROR(PushHost(*names, spec.hosts[i], i));
  }
  return SignLeaf(authority, spec.lifetime, now,
                  {.common_name = "parallaxd",
                   .extensions = LeafExtensions("serverAuth"),
                   .names = std::move(names)});
}

absl::StatusOr<KeyPair> IssueRig(const KeyPair& authority, const RigSpec& spec, absl::Time now) {
  PARALLAX_RETURN_IF_ERROR(signal::CheckId("certificate", "rig", spec.rig));
  base::GeneralNamesPtr names(GENERAL_NAMES_new());
  Push(*names, GEN_URI, Ia5(RigUri(spec.rig)));
  return SignLeaf(authority, spec.lifetime, now,
                  {.common_name = spec.rig,
                   .extensions = LeafExtensions("clientAuth"),
                   .names = std::move(names)});
}

}  // namespace parallax::server::security
