#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "server/security/token_table.h"

namespace parallax::server::security {

/// The tokens of a daemon as a file that other processes change: every call looks whether the file
/// is still the one that was read, by one stat, so that a token is refused from the moment on in
/// which the file that revokes it was renamed into place. Thread-safe.
class TokenFile {
 public:
  /// `clock` must outlive it. The file is read at the first call.
  TokenFile(std::string path, const base::Clock& clock);

  /// TokenTable::Verify of what the file holds now. A file that cannot be read lets nobody in.
  /// Errors: those of TokenTable::Verify; Unavailable, which does not tell strangers why.
  absl::StatusOr<Identity> Verify(std::string_view authorization);

  /// OK where the file can be read, else why not: for the log and at start.
  absl::Status Check();

 private:
  void ReloadIfChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const base::Clock& clock_;

  base::Mutex mutex_;
  struct stat read_ ABSL_GUARDED_BY(mutex_) = {};  // the file that `table_` was read from
  absl::StatusOr<TokenTable> table_ ABSL_GUARDED_BY(mutex_);
};

/// Makes a token and adds it to the file, which need not exist; the text is returned and kept
/// nowhere. One change at a time: a lock file "PATH.lock" stays beside it.
/// Errors: those of MakeToken, ReadPrivateFile and TokenTable; FailedPrecondition while another
/// process changes the file.
absl::StatusOr<NewToken> AddToken(const std::string& path, const TokenSpec& spec, absl::Time now,
                                  const Entropy& entropy);

/// Revokes a token in the file. Errors: NotFound; those of AddToken.
absl::Status RevokeToken(const std::string& path, std::string_view id, absl::Time now);

/// What the file holds. Errors: those of ReadPrivateFile and TokenTable::Parse, with the path.
absl::StatusOr<TokenTable> ReadTokens(const std::string& path);

}  // namespace parallax::server::security
