#include "server/security/audit_head.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace parallax::server::security {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxHeadBytes = 1024;

std::string HeadPath(const std::string& path) { return path + ".head"; }

absl::Status NoHead(const std::string& path, std::string_view found) {
  return base::FieldStatus(absl::StatusCode::kDataLoss,
                           {.field = "head",
                            .value = std::string(found),
                            .bound = "JSON with count, hash and bytes of the last record"},
                           absl::StrFormat("head of the audit log %s", path));
}

/// Reads lines one by one from a place on, a buffer at a time.
class LineReader {
 public:
  LineReader(int fd, uint64_t offset) : fd_(fd), offset_(offset) {}

  /// The next line with its newline; empty at the end or where the last line has none. A line
  /// longer than a record can be comes cut, without its newline. Valid until the next call.
  absl::StatusOr<std::string_view> Next() {
    buffer_.erase(0, used_);
    used_ = 0;
    size_t end = buffer_.find('\n');
    while (end == std::string::npos && buffer_.size() <= kMaxAuditLineBytes) {
      const size_t before = buffer_.size();
      PARALLAX_RETURN_IF_ERROR(Fill());
      if (buffer_.size() == before) return std::string_view();
      end = buffer_.find('\n', before);
    }
    used_ = end == std::string::npos ? buffer_.size() : end + 1;
    return std::string_view(buffer_).substr(0, used_);
  }

 private:
  absl::Status Fill() {
    char bytes[16384];
    ssize_t count = -1;
    do {
      count = pread(fd_, bytes, sizeof bytes, static_cast<off_t>(offset_));
    } while (count < 0 && errno == EINTR);
    if (count < 0) return absl::UnavailableError(std::strerror(errno));
    buffer_.append(bytes, static_cast<size_t>(count));
    offset_ += static_cast<uint64_t>(count);
    return absl::OkStatus();
  }

  const int fd_;
  uint64_t offset_;  // of what is read next
  std::string buffer_;
  size_t used_ = 0;  // bytes of the buffer that the last line took
};

}  // namespace

absl::StatusOr<AuditMark> ReadAuditMark(const std::string& path) {
  const absl::StatusOr<std::string> text = base::ReadPrivateFile(HeadPath(path), kMaxHeadBytes);
  if (absl::IsNotFound(text.status())) return NoHead(path, "none");
  PARALLAX_RETURN_IF_ERROR(text.status());
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const bool formed = json.is_object() && json.contains("count") &&
                      json["count"].is_number_unsigned() && json.contains("bytes") &&
                      json["bytes"].is_number_unsigned() && json.contains("hash") &&
                      json["hash"].is_string();
  if (!formed) return NoHead(path, *text);
  return AuditMark{
      .head = {.count = json["count"].get<uint64_t>(), .hash = json["hash"].get<std::string>()},
      .bytes = json["bytes"].get<uint64_t>()};
}

absl::Status WriteAuditMark(const std::string& path, const AuditMark& mark) {
  const Json json = {{"count", mark.head.count}, {"hash", mark.head.hash}, {"bytes", mark.bytes}};
  return base::WriteFileAtomically(HeadPath(path), json.dump() + "\n", base::Readers::kOwner);
}

absl::Status ScanAuditRecords(int fd, const std::string& path, AuditMark& mark,
                              const std::function<void(const AuditHead&)>& visit) {
  LineReader lines(fd, mark.bytes);
  while (true) {
    const absl::StatusOr<std::string_view> line = lines.Next();
    if (!line.ok()) {
      return base::Annotate(line.status(), absl::StrFormat("cannot read audit log %s", path));
    }
    if (line->empty()) return absl::OkStatus();
    PARALLAX_RETURN_IF_ERROR(base::Annotate(DecodeAuditRecord(*line, mark.head).status(), path));
    mark.bytes += line->size();
    visit(mark.head);
  }
}

}  // namespace parallax::server::security
