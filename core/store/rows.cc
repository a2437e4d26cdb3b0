#include "core/store/rows.h"

#include <charconv>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"

namespace parallax::store {
namespace {

constexpr int64_t kRequestLifeNs = int64_t{24} * 3600 * 1'000'000'000;

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, number);
  if (text.empty() || result.ec != std::errc() || result.ptr != end || number < 0) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<int64_t> ParseId(char prefix, std::string_view id) {
  if (id.empty() || id.front() != prefix) return std::nullopt;
  return ParseNumber(id.substr(1));
}

std::string MakeId(char prefix, int64_t number) { return absl::StrFormat("%c%d", prefix, number); }

absl::StatusOr<int64_t> PageStart(char prefix, const PageRequest& page) {
  if (page.after.empty()) return INT64_MAX;
  const std::optional<int64_t> number =
      prefix == '\0' ? ParseNumber(page.after) : ParseId(prefix, page.after);
  if (number) return *number;
  return BadPageKey(page);
}

absl::Status BadPageKey(const PageRequest& page) {
  return base::InvalidField({.field = "page_token",
                             .value = page.after,
                             .bound = "a row of this listing to go on after",
                             .next_step = "start again with an empty page_token"});
}

absl::StatusOr<std::optional<std::string>> FindRequest(Connection& connection,
                                                       const std::string& scope,
                                                       const std::string& request_id,
                                                       int64_t now_unix_ns) {
  Query query(connection,
              "SELECT answer FROM request WHERE scope = ? AND id = ? AND create_time > ?", scope,
              request_id, now_unix_ns - kRequestLifeNs);
  if (!query.Step()) return std::nullopt;
  return query.Text(0);
}

absl::Status RecordRequest(Connection& connection, const std::string& scope,
                           const std::string& request_id, const std::string& answer,
                           int64_t now_unix_ns) {
  Query(connection, "DELETE FROM request WHERE create_time <= ?", now_unix_ns - kRequestLifeNs)
      .Execute();
  Query(connection,
        "INSERT OR REPLACE INTO request(scope, id, answer, create_time) VALUES(?,?,?,?)", scope,
        request_id, Blob{answer}, now_unix_ns)
      .Execute();
  return absl::OkStatus();
}

absl::StatusOr<std::string> CheckedSha256(const std::string& what, const std::string& bytes,
                                          const std::string& claimed) {
  std::string sha256 = base::Sha256Hex(bytes);
  if (claimed.empty() || claimed == sha256) return sha256;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: sha256 = \"%s\", but its bytes have \"%s\"", what, claimed, sha256));
}

}  // namespace parallax::store
