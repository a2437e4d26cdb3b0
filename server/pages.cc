#include "server/pages.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "server/status.h"

namespace parallax::server {
namespace {
constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;
constexpr size_t kMaxTokenBytes = 1024;
}  // namespace

absl::StatusOr<store::PageRequest> ParsePage(std::string_view scope, int32_t page_size,
                                             std::string_view page_token) {
  if (page_size < 0 || page_size > kMaxPageSize) {
    return InvalidField("page_size", absl::StrFormat("%d", page_size), "in [0, 1000]");
  }
  store::PageRequest request;
  request.limit = static_cast<size_t>(page_size == 0 ? kDefaultPageSize : page_size) + 1;
  if (page_token.empty()) return request;
  std::string decoded;
  const std::string prefix = absl::StrFormat("%s\n", scope);
  if (page_token.size() > kMaxTokenBytes ||
      !absl::WebSafeBase64Unescape(std::string(page_token), &decoded) ||
      decoded.compare(0, prefix.size(), prefix) != 0) {
    return InvalidField("page_token", page_token, "a next_page_token of this listing",
                        "start again with an empty page_token");
  }
  request.after = decoded.substr(prefix.size());
  return request;
}

std::string PageToken(std::string_view scope, std::string_view after) {
  return absl::WebSafeBase64Escape(absl::StrFormat("%s\n%s", scope, after));
}

}  // namespace parallax::server
