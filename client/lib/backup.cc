#include "client/lib/backup.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

namespace fs = std::filesystem;

/// Paths of what a copy has made, which end with it; null while there is nothing.
std::atomic<const char*> unfinished_file{nullptr};
std::atomic<const char*> unfinished_folder{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free, "read by a signal handler");

/// Has `path` removed if the process is interrupted while this lives.
class Unfinished {
 public:
  Unfinished(std::atomic<const char*>& slot, const std::string& path) : slot_(slot) {
    slot_ = path.c_str();
  }
  ~Unfinished() { slot_ = nullptr; }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

 private:
  std::atomic<const char*>& slot_;
};

/// Puts a copy together from its parts.
class BackupReceiver {
 public:
  BackupReceiver(std::string folder, std::unique_ptr<base::NewFile> file)
      : folder_(std::move(folder)), file_(std::move(file)) {}

  absl::Status Take(const v1::BackupResponse& part) {
    if (part.has_total_bytes()) return Begin(part.total_bytes());
    if (part.has_sha256()) {
      told_sha256_ = part.sha256();
      return absl::OkStatus();
    }
    progress_.bytes += part.data().size();
    if (progress_.bytes > progress_.total_bytes) return Differs("bytes", "more");
    digest_.Update(part.data());
    return file_->Append(part.data());
  }

  /// The file, once it has its name. Errors: DataLoss where it is not the one that was sent.
  absl::StatusOr<TakenBackup> Finish() {
    TakenBackup taken{.bytes = progress_.bytes, .sha256 = digest_.FinishHex()};
    if (taken.sha256 != told_sha256_) return Differs("sha256", taken.sha256);
    PARALLAX_RETURN_IF_ERROR(file_->Finish());
    return taken;
  }

  const BackupProgress& progress() const { return progress_; }

 private:
  absl::Status Begin(uint64_t total_bytes) {
    progress_.total_bytes = total_bytes;
    std::error_code error;
    const fs::space_info space = fs::space(folder_, error);
    if (error || space.available >= total_bytes) return absl::OkStatus();
    return base::FieldStatus(absl::StatusCode::kResourceExhausted,
                             {.field = "free space",
                              .value = absl::StrFormat("%u bytes", space.available),
                              .bound = absl::StrFormat(">= %u bytes", total_bytes),
                              .next_step = "name a folder on another disk"},
                             absl::StrFormat("free space in %s", folder_));
  }

  absl::Status Differs(const std::string& field, const std::string& found) const {
    const std::string bound = field == "bytes"       ? absl::StrFormat("%u", progress_.total_bytes)
                              : told_sha256_.empty() ? "told by the daemon at the end"
                                                     : told_sha256_;
    return base::FieldStatus(
        absl::StatusCode::kDataLoss,
        {.field = field, .value = found, .bound = bound, .next_step = "take it once more"},
        absl::StrFormat("%s of the copy", field));
  }

  const std::string folder_;
  const std::unique_ptr<base::NewFile> file_;
  const Unfinished unfinished_{unfinished_file, file_->unfinished_path()};
  BackupProgress progress_;
  base::Sha256 digest_;
  std::string told_sha256_;
};

absl::StatusOr<TakenBackup> Receive(Client& client, const std::string& folder,
                                    const std::function<void(const BackupProgress&)>& on_progress) {
  // It holds the secrets of webhooks.
  PARALLAX_ASSIGN_OR_RETURN(std::unique_ptr<base::NewFile> file,
                            base::NewFile::Create(folder + "/parallax.db", base::Readers::kOwner));
  BackupReceiver receiver(folder, std::move(file));
  PARALLAX_RETURN_IF_ERROR(client.Backup([&](const v1::BackupResponse& part) {
    absl::Status taken = receiver.Take(part);
    if (on_progress) on_progress(receiver.progress());
    return taken;
  }));
  return receiver.Finish();
}

}  // namespace

absl::StatusOr<TakenBackup> TakeBackup(
    Client& client, const std::string& folder,
    const std::function<void(const BackupProgress&)>& on_progress) {
  std::error_code unknown;
  const bool was_there = fs::exists(folder, unknown);
  std::optional<Unfinished> made;
  if (!was_there) made.emplace(unfinished_folder, folder);
  PARALLAX_RETURN_IF_ERROR(base::MakeEmptyDirectory(folder, "TARGET"));
  absl::StatusOr<TakenBackup> taken = Receive(client, folder, on_progress);
  if (!taken.ok() && !was_there) {
    std::error_code ignored;
    fs::remove(folder, ignored);
  }
  return taken;
}

void RemoveUnfinishedBackup() {
  if (const char* const file = unfinished_file) unlink(file);
  if (const char* const folder = unfinished_folder) rmdir(folder);
}

}  // namespace parallax::client
