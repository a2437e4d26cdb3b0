#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/security/entropy.h"
#include "server/security/identity.h"

namespace parallax::server::security {

// A token is the text "parallax_ID_SECRET": ID 16 hexadecimal digits, which are no secret and stand
// in files, logs and the audit chain; SECRET 256 random bits in base64url, 43 characters. Whoever
// has the text is whom the token is for, so it is printed once and stored nowhere: what is kept is
// its SHA-256. A slow hash as for passwords would add nothing, since 256 random bits cannot be
// tried, and would let strangers keep the processor busy.

/// Characters of a token; a text of any other length is none.
inline constexpr size_t kTokenChars = 9 + 16 + 1 + 43;
inline constexpr size_t kMaxTokenLabelBytes = 100;
inline constexpr size_t kMaxTokenRigs = 64;

/// What is known of a token; nothing of it is secret.
struct TokenRecord {
  std::string id;                 ///< 16 hexadecimal digits
  std::string sha256;             ///< of the token's text, 64 hexadecimal digits
  std::string label;              ///< whose it is, for people: "dashboard in room 3"
  Role role = Role::kViewer;      ///< never kRig: rigs hold certificates
  std::vector<std::string> rigs;  ///< ids of the only rigs that it reaches; empty: all
  absl::Time create_time;
  absl::Time expire_time;                 ///< from then on it is refused; may be InfiniteFuture()
  std::optional<absl::Time> revoke_time;  ///< refused whatever the clock says, where it is set
};

/// What is asked of a new token.
struct TokenSpec {
  std::string label;
  Role role = Role::kViewer;
  std::vector<std::string> rigs;
  absl::Duration lifetime = absl::Hours(24 * 365);
};

/// Errors: InvalidArgument with the field: a label that is empty, long or not printable ASCII, a
/// role that no token has, more than kMaxTokenRigs rigs or one that is no id, a lifetime <= 0.
absl::Status Validate(const TokenSpec& spec);

/// A token that has just been made: its text, to be shown once, and what is kept of it.
struct NewToken {
  std::string text;
  TokenRecord record;
};

/// Errors: those of Validate and of `entropy`.
absl::StatusOr<NewToken> MakeToken(const TokenSpec& spec, absl::Time now, const Entropy& entropy);

/// A token that somebody shows; both are parts of the text that was parsed.
struct ShownToken {
  std::string_view text;
  std::string_view id;
};

/// The token in an `authorization` header, "Bearer TOKEN". What is longer than a token can be is
/// refused by its length alone, and no error repeats any of it.
/// Errors: Unauthenticated naming field "authorization".
absl::StatusOr<ShownToken> ParseAuthorization(std::string_view header);

/// Whether `shown` is the token that `record` is of, in a time that does not depend on where they
/// differ. Says nothing of expiry and revocation.
bool Matches(const TokenRecord& record, const ShownToken& shown);

}  // namespace parallax::server::security
