#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::base {

// Errors of whatever writes: ResourceExhausted where there is no room, else Unavailable with
// errno's text; those that have more say so.

/// Whole content of a file. Errors: NotFound; Unavailable with errno's text.
absl::StatusOr<std::string> ReadFile(const std::string& path);

/// Who may read a file that is written.
enum class Readers {
  kEverybody,  ///< mode 0644, less what the umask takes
  kOwner,      ///< mode 0600, from the first byte on: for keys and tokens
};

/// Writes a temporary file beside `path`, syncs it and renames it into place, so that a reader sees
/// the old content or the new, never a part.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content,
                                 Readers readers = Readers::kEverybody);

/// The same where there is no file yet: whatever has that name stays as it is.
/// Errors: AlreadyExists.
absl::Status WriteNewFile(const std::string& path, std::string_view content,
                          Readers readers = Readers::kEverybody);

/// A new file whose content comes part by part. Until Finish() it is called PATH.unfinished; where
/// it does not come to that, it is gone with the object. One owner at a time.
class NewFile {
 public:
  /// Errors: AlreadyExists (a file of the unfinished name); NotFound (no such folder).
  static absl::StatusOr<std::unique_ptr<NewFile>> Create(const std::string& path, Readers readers);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  absl::Status Append(std::string_view bytes);
  /// Syncs it and gives it its name, for which nothing is replaced. Errors: AlreadyExists. After
  /// any it is gone with the object, too.
  absl::Status Finish();
  const std::string& unfinished_path() const { return unfinished_path_; }

 private:
  NewFile(const std::string& path, int fd);

  const std::string path_;
  const std::string unfinished_path_;
  const int fd_;
  bool finished_ = false;
};

/// Makes a folder with those above it; one that is there must hold nothing.
/// Errors: AlreadyExists naming `field` where it holds something.
absl::Status MakeEmptyDirectory(const std::string& path, std::string_view field);

/// Whole content of a file that holds a secret, which nobody but its owner can read or write; the
/// owner must be root or who runs this process. A symbolic link is judged by what it leads to, and
/// the file that is read is the one that was judged.
/// Errors: FailedPrecondition with path and mode where group or others have any permission, where
/// it is another user's, no regular file or longer than `max_bytes`; those of ReadFile.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t max_bytes);

/// Renames a file that is synced already, so that the new name outlives a loss of power.
/// Errors: NotFound.
absl::Status RenameSynced(const std::string& from, const std::string& to);

}  // namespace parallax::base
