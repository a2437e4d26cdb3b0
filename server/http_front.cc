#include "server/http_front.h"

#include <grpcpp/support/channel_arguments.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::server {
namespace {

std::string HostOf(const std::string& listen) { return listen.substr(0, listen.rfind(':')); }

http::AccessPolicy PolicyOf(const HttpOptions& options) {
  return {.hosts = http::IsLoopbackHost(HostOf(options.server.listen))
                       ? http::HostRule::kLoopbackOnly
                       : http::HostRule::kAny,
          .origins = options.origins};
}

std::shared_ptr<grpc::Channel> ChannelWithin(grpc::Server& server) {
  grpc::ChannelArguments arguments;
  // An answer is as large as its method makes it, here as on the gRPC port.
  arguments.SetMaxReceiveMessageSize(-1);
  return server.InProcessChannel(arguments);
}

/// A folder that is named must hold a dashboard; the usual one may be empty.
absl::StatusOr<http::StaticFiles> LoadWeb(const std::string& web) {
  if (!web.empty()) return http::StaticFiles::Load(web);
  absl::StatusOr<http::StaticFiles> files = http::StaticFiles::Load(DefaultWebDirectory());
  if (absl::IsNotFound(files.status())) return http::StaticFiles(DefaultWebDirectory());
  return files;
}

}  // namespace

absl::Status Validate(const HttpOptions& options) {
  for (const std::string& origin : options.origins) {
    PARALLAX_RETURN_IF_ERROR(http::ValidateOrigin(origin));
  }
  if (options.server.max_connections >= 1 && options.server.idle_timeout > absl::ZeroDuration()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "http.max_connections = %u, must be >= 1; http.idle_timeout = %s, must be > 0",
      options.server.max_connections, absl::FormatDuration(options.server.idle_timeout)));
}

std::string DefaultWebDirectory() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share/parallax/web").string();
}

absl::StatusOr<std::unique_ptr<HttpFront>> HttpFront::Start(const HttpOptions& options,
                                                            const HttpFrontContext& context) {
  PARALLAX_ASSIGN_OR_RETURN(http::StaticFiles files, LoadWeb(options.web));
  std::unique_ptr<HttpFront> front(new HttpFront(options, context, std::move(files)));
  PARALLAX_ASSIGN_OR_RETURN(front->server_, http::HttpServer::Start(options.server, front->gateway_,
                                                                    context.guard.tls()));
  return front;
}

HttpFront::HttpFront(const HttpOptions& options, const HttpFrontContext& context,
                     http::StaticFiles files)
    : bridge_(ChannelWithin(context.grpc)),
      files_(std::move(files)),
      gateway_({.rpc = bridge_,
                .files = files_,
                .access = PolicyOf(options),
                .guard = context.guard,
                .calls = context.calls,
                .max_body_bytes = options.server.max_body_bytes,
                .serving = context.serving,
                .metrics = [this, source = context.metrics](auto done) {
                  source({.open_calls = bridge_.open_calls(),
                          .refused_connections = gateway_.refused_connections()},
                         std::move(done));
                }}) {}

}  // namespace parallax::server
