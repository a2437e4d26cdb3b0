#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/http/gateway.h"
#include "server/http/http_server.h"
#include "server/http/static_files.h"
#include "server/rpc_bridge.h"
#include "server/security/guard.h"

namespace parallax::server {

struct HttpOptions {
  http::HttpServerOptions server;    ///< an empty `listen` turns HTTP off
  std::string web;                   ///< the dashboard's files; empty: DefaultWebDirectory()
  std::vector<std::string> origins;  ///< of other sites whose pages may call
};

/// Errors: InvalidArgument.
absl::Status Validate(const HttpOptions& options);

/// ../share/parallax/web beside the folder of the running program, both where it is built and where
/// it is installed. Nothing need be there.
std::string DefaultWebDirectory();

/// What the HTTP port knows and the daemon tells in its metrics.
struct HttpCounts {
  uint64_t open_calls = 0;           ///< of pages
  uint64_t refused_connections = 0;  ///< since the start: too many were open
};

/// What the HTTP port needs of the daemon.
struct HttpFrontContext {
  grpc::Server& grpc;
  security::Guard& guard;
  security::CallBudget& calls;
  std::function<bool()> serving;
  /// http::MetricsSource, told what it cannot know.
  std::function<void(const HttpCounts& counts, std::function<void(absl::StatusOr<std::string>)>)>
      metrics;
};

/// The daemon's HTTP port, put together: server, gateway, files, and a bridge to the gRPC server on
/// a channel within the process.
class HttpFront {
 public:
  /// Errors: NotFound (a folder given as `web` holds no dashboard); Unavailable (the address).
  static absl::StatusOr<std::unique_ptr<HttpFront>> Start(const HttpOptions& options,
                                                          const HttpFrontContext& context);

  int port() const { return server_->port(); }
  /// http::HttpServer::Drain. To be called before the gRPC server ends.
  void Drain(absl::Duration grace) { server_->Drain(grace); }

 private:
  HttpFront(const HttpOptions& options, const HttpFrontContext& context, http::StaticFiles files);

  RpcBridge bridge_;
  const http::StaticFiles files_;
  http::Gateway gateway_;
  std::unique_ptr<http::HttpServer> server_;
};

}  // namespace parallax::server
