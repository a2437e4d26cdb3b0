#include "server/security/token_file.h"

#include <utility>

#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/file_lock.h"
#include "core/base/status_macros.h"
#include "server/security/file_stamp.h"

namespace parallax::server::security {
namespace {

absl::Status Write(const std::string& path, const TokenTable& table) {
  return base::WriteFileAtomically(path, table.Encode(), base::Readers::kOwner);
}

}  // namespace

TokenFile::TokenFile(std::string path, const base::Clock& clock)
    : path_(std::move(path)), clock_(clock), table_(absl::UnavailableError("not read yet")) {}

absl::StatusOr<Identity> TokenFile::Verify(std::string_view authorization) {
  const base::MutexLock lock(mutex_);
  ReloadIfChanged();
  if (!table_.ok()) {
    return absl::UnavailableError("tokens cannot be checked; the daemon's log says why");
  }
  return table_->Verify(authorization, clock_.Now());
}

absl::Status TokenFile::Check() {
  const base::MutexLock lock(mutex_);
  ReloadIfChanged();
  return table_.status();
}

void TokenFile::ReloadIfChanged() {
  const struct stat now = StampOf(path_);
  if (table_.ok() && SameFile(now, read_)) return;
  // Taken before the file is read: one that is replaced in between is read again by the next call.
  read_ = now;
  table_ = ReadTokens(path_);
}

absl::StatusOr<NewToken> AddToken(const std::string& path, const TokenSpec& spec, absl::Time now,
                                  const Entropy& entropy) {
  PARALLAX_ASSIGN_OR_RETURN(const base::FileLock lock, base::FileLock::Acquire(path + ".lock"));
  absl::StatusOr<TokenTable> table = ReadTokens(path);
  if (absl::IsNotFound(table.status())) table = TokenTable();
  PARALLAX_RETURN_IF_ERROR(table.status());
  PARALLAX_ASSIGN_OR_RETURN(NewToken token, MakeToken(spec, now, entropy));
  PARALLAX_RETURN_IF_ERROR(table->Add(token.record));
  PARALLAX_RETURN_IF_ERROR(Write(path, *table));
  return token;
}

absl::Status RevokeToken(const std::string& path, std::string_view id, absl::Time now) {
  PARALLAX_ASSIGN_OR_RETURN(const base::FileLock lock, base::FileLock::Acquire(path + ".lock"));
  PARALLAX_ASSIGN_OR_RETURN(TokenTable table, ReadTokens(path));
  PARALLAX_RETURN_IF_ERROR(table.Revoke(id, now));
  return Write(path, table);
}

absl::StatusOr<TokenTable> ReadTokens(const std::string& path) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string json,
                            base::ReadPrivateFile(path, kMaxTokenFileBytes));
  absl::StatusOr<TokenTable> table = TokenTable::Parse(json);
  if (!table.ok()) return base::Annotate(table.status(), path);
  return table;
}

}  // namespace parallax::server::security
