#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/security/token.h"

namespace parallax::server::security {

inline constexpr size_t kMaxTokens = 1024;
inline constexpr size_t kMaxTokenFileBytes = 4 << 20;

/// The tokens of a daemon, as its token file holds them. A value; thread-compatible.
class TokenTable {
 public:
  /// Reads the JSON that Encode writes, {"tokens": [{"id": …, "sha256": …, "label": …, "role":
  /// "viewer", "rigs": ["7"], "create_time_unix_ns": …, "expire_time_unix_ns": …,
  /// "revoke_time_unix_ns": …}]}; the last two may be missing. Whoever edits it by hand is told.
  /// Errors: InvalidArgument naming the field, "tokens[2].role": another key, type, id or digest, a
  /// second token of an id, more than kMaxTokens or kMaxTokenFileBytes, text that is no JSON.
  static absl::StatusOr<TokenTable> Parse(std::string_view json);
  std::string Encode() const;

  /// Errors: AlreadyExists for an id that is there; ResourceExhausted beyond kMaxTokens.
  absl::Status Add(TokenRecord record);
  /// From now on the token is refused; a second time changes nothing. Errors: NotFound.
  absl::Status Revoke(std::string_view id, absl::Time now);

  /// Who shows `authorization` (ParseAuthorization), at `now`.
  /// Errors: Unauthenticated: no token, one that is not in the table, and, told only to who has the
  /// right secret, expired or revoked.
  absl::StatusOr<Identity> Verify(std::string_view authorization, absl::Time now) const;

  const std::vector<TokenRecord>& records() const { return records_; }

 private:
  const TokenRecord* Find(std::string_view id) const;

  std::vector<TokenRecord> records_;  // in the order they were added
};

}  // namespace parallax::server::security
