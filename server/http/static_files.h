#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "server/http/message.h"

namespace parallax::server::http {

/// The files of the dashboard, read once: a path is looked up among them and never reaches the file
/// system. Constant after loading, so thread-safe.
class StaticFiles {
 public:
  /// No files: every path is answered with where a dashboard is looked for.
  explicit StaticFiles(std::string directory) : directory_(std::move(directory)) {}

  /// Reads every regular file below `directory`; symbolic links and names beginning with a dot are
  /// left out. Errors: NotFound (no directory, or no index.html in it); ResourceExhausted (more
  /// than 64 MiB).
  static absl::StatusOr<StaticFiles> Load(const std::string& directory);

  /// Answers GET and HEAD. "/" is index.html; any other path is the file of that name or 404. Files
  /// below /assets/, whose names change with their content, may be kept for a year, all others are
  /// asked for again with their ETag.
  Response Answer(const Request& request) const;

 private:
  struct File {
    std::string bytes;
    std::string gzipped;  ///< empty where it would not be smaller
    std::string content_type;
    std::string etag;  ///< without quotes: of SHA-256
  };

  std::string directory_;
  std::map<std::string, File> files_;  ///< by path: "/assets/index-1a2b.js"
};

}  // namespace parallax::server::http
