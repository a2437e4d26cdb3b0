#include "server/security/token.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/signal/validate.h"

namespace parallax::server::security {
namespace {

constexpr std::string_view kPrefix = "parallax_";
constexpr std::string_view kScheme = "Bearer ";
constexpr size_t kIdBytes = 8;
constexpr size_t kSecretBytes = 32;
constexpr size_t kIdChars = 2 * kIdBytes;

absl::Status NoToken(std::string_view found) {
  return base::FieldStatus(
      absl::StatusCode::kUnauthenticated,
      {.field = "authorization",
       .value = std::string(found),
       .bound = "\"Bearer TOKEN\"",
       .next_step = "a token is the text that was printed when it was made, 69 characters"});
}

bool IsHexId(std::string_view id) {
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsSecret(std::string_view secret) {
  return std::all_of(secret.begin(), secret.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

std::string_view BytesOf(const unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// base64url without padding.
std::string SecretText(std::string_view bytes) {
  std::string text;
  absl::WebSafeBase64Escape(absl::string_view(bytes.data(), bytes.size()), &text);
  return text;
}

}  // namespace

absl::Status Validate(const TokenSpec& spec) {
  const bool printable = std::all_of(spec.label.begin(), spec.label.end(),
                                     [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (spec.label.empty() || spec.label.size() > kMaxTokenLabelBytes || !printable) {
    return base::InvalidField(
        {.field = "label",
         .value = spec.label,
         .bound = absl::StrFormat("1 to %u printable ASCII characters", kMaxTokenLabelBytes)});
  }
  if (spec.role == Role::kRig) {
    return base::InvalidField({.field = "role",
                               .value = "rig",
                               .bound = "viewer, operator or admin",
                               .next_step = "rigs have certificates: parallaxd certs issue"});
  }
  if (spec.rigs.size() > kMaxTokenRigs) {
    return base::InvalidField({.field = "rigs",
                               .value = absl::StrFormat("%u rigs", spec.rigs.size()),
                               .bound = absl::StrFormat("<= %u rigs", kMaxTokenRigs)});
  }
  for (size_t i = 0; i < spec.rigs.size(); ++i) {
    PARALLAX_RETURN_IF_ERROR(
        base::Within(signal::CheckId("token", absl::StrFormat("[%u]", i), spec.rigs[i]), "rigs"));
  }
  if (spec.lifetime <= absl::ZeroDuration()) {
    return base::InvalidField(
        {.field = "lifetime", .value = absl::FormatDuration(spec.lifetime), .bound = "> 0"});
  }
  return absl::OkStatus();
}

absl::StatusOr<NewToken> MakeToken(const TokenSpec& spec, absl::Time now, const Entropy& entropy) {
  PARALLAX_RETURN_IF_ERROR(Validate(spec));
  std::array<unsigned char, kIdBytes + kSecretBytes> drawn{};
  PARALLAX_RETURN_IF_ERROR(entropy(drawn));
  const std::string id =
      absl::BytesToHexString({reinterpret_cast<const char*>(drawn.data()), kIdBytes});
  const std::string secret = SecretText(BytesOf(drawn.data() + kIdBytes, kSecretBytes));
  OPENSSL_cleanse(drawn.data(), drawn.size());
  NewToken token;
  token.text = absl::StrFormat("%s%s_%s", kPrefix, id, secret);
  token.record = {.id = id,
                  .sha256 = base::Sha256Hex(token.text),
                  .label = spec.label,
                  .role = spec.role,
                  .rigs = spec.rigs,
                  .create_time = now,
                  .expire_time = now + spec.lifetime,
                  .revoke_time = std::nullopt};
  return token;
}

absl::StatusOr<ShownToken> ParseAuthorization(std::string_view header) {
  if (header.empty()) return NoToken("none");
  if (header.size() != kScheme.size() + kTokenChars) {
    return NoToken(absl::StrFormat("%u characters", header.size()));
  }
  // RFC 7235 leaves capitals of the scheme to the sender.
  const absl::string_view scheme(header.data(), kScheme.size());
  if (!absl::EqualsIgnoreCase(scheme, {kScheme.data(), kScheme.size()})) {
    return NoToken("another scheme");
  }
  const std::string_view text = header.substr(kScheme.size());
  const std::string_view id = text.substr(kPrefix.size(), kIdChars);
  const bool formed = text.starts_with(kPrefix) && IsHexId(id) &&
                      text[kPrefix.size() + kIdChars] == '_' &&
                      IsSecret(text.substr(kPrefix.size() + kIdChars + 1));
  if (!formed) return NoToken("another form");
  return ShownToken{.text = text, .id = id};
}

bool Matches(const TokenRecord& record, const ShownToken& shown) {
  const std::string digest = base::Sha256Hex(shown.text);
  return digest.size() == record.sha256.size() &&
         CRYPTO_memcmp(digest.data(), record.sha256.data(), digest.size()) == 0;
}

}  // namespace parallax::server::security
