#include "server/http/static_files.h"

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "server/http/error_answer.h"
#include "server/http/gzip.h"

namespace parallax::server::http {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxBytes = size_t{64} * 1024 * 1024;
constexpr size_t kEtagDigits = 32;

// The page loads nothing from elsewhere, and nobody may frame it. Charts set styles of elements.
constexpr char kContentSecurityPolicy[] =
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kContentTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".webp", "image/webp"},
}};

std::string ContentTypeOf(const fs::path& path) {
  for (const auto& [ending, type] : kContentTypes) {
    if (path.extension() == ending) return std::string(type);
  }
  return "application/octet-stream";
}

bool ListsTag(std::string_view header, std::string_view etag) {
  return header == "*" || header.find(absl::StrFormat("\"%s\"", etag)) != std::string_view::npos;
}

/// Whether gzip stands in the list, and not with the weight 0.
bool AcceptsGzip(std::string_view header) {
  const size_t at = header.find("gzip");
  if (at == std::string_view::npos) return false;
  const std::string_view item = header.substr(at, header.find(',', at) - at);
  return item.find("q=0") == std::string_view::npos || item.find("q=0.") != std::string_view::npos;
}

}  // namespace

absl::StatusOr<StaticFiles> StaticFiles::Load(const std::string& directory) {
  StaticFiles files(directory);
  std::error_code error;
  size_t total = 0;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().filename().string().starts_with(".")) {
      it.disable_recursion_pending();
      continue;
    }
    if (it->is_symlink() || !it->is_regular_file()) continue;
    File file{.content_type = ContentTypeOf(it->path())};
    PARALLAX_ASSIGN_OR_RETURN(file.bytes, base::ReadFile(it->path().string()));
    total += file.bytes.size();
    if (total > kMaxBytes) {
      return absl::ResourceExhaustedError(absl::StrFormat(
          "%s holds more than %u bytes, which is no dashboard", directory, kMaxBytes));
    }
    file.gzipped = Gzip(file.bytes);
    if (file.gzipped.size() >= file.bytes.size()) file.gzipped.clear();
    file.etag = base::Sha256Hex(file.bytes).substr(0, kEtagDigits);
    files.files_["/" + it->path().lexically_relative(directory).generic_string()] = std::move(file);
  }
  if (error || !files.files_.contains("/index.html")) {
    return absl::NotFoundError(absl::StrFormat(
        "%s holds no index.html; build the dashboard, or name its folder with --web", directory));
  }
  return files;
}

Response StaticFiles::Answer(const Request& request) const {
  const std::string path(request.Path());
  const auto found = files_.find(path == "/" ? "/index.html" : path);
  if (found == files_.end()) {
    const std::string text =
        files_.empty()
            ? absl::StrFormat("no dashboard is installed in %s; name its folder with --web",
                              directory_)
            : "there is no such page";
    return ErrorAnswer(404, absl::NotFoundError(text), request);
  }
  const File& file = found->second;
  const bool gzip = !file.gzipped.empty() && AcceptsGzip(request.Header("accept-encoding"));
  const std::string etag = gzip ? file.etag + "-gzip" : file.etag;
  Response response{.headers = {{"content-type", file.content_type},
                                {"etag", absl::StrFormat("\"%s\"", etag)},
                                {"cache-control", path.starts_with("/assets/")
                                                      ? "public, max-age=31536000, immutable"
                                                      : "no-cache"},
                                {"vary", "Accept-Encoding"},
                                {"x-content-type-options", "nosniff"},
                                {"referrer-policy", "no-referrer"},
                                {"content-security-policy", kContentSecurityPolicy}}};
  if (ListsTag(request.Header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  if (gzip) response.headers.emplace_back("content-encoding", "gzip");
  response.body = gzip ? file.gzipped : file.bytes;
  return response;
}

}  // namespace parallax::server::http
