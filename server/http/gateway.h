#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/http/access.h"
#include "server/http/exchange.h"
#include "server/http/rpc_backend.h"
#include "server/http/static_files.h"
#include "server/security/call_budget.h"
#include "server/security/guard.h"

namespace parallax::server::http {

/// Hands the text of /metrics to its argument, on any thread; must not block.
using MetricsSource = std::function<void(std::function<void(absl::StatusOr<std::string>)>)>;

/// What the gateway stands on; all of it outlives the gateway.
struct GatewayContext {
  RpcBackend& rpc;
  const StaticFiles& files;
  AccessPolicy access;
  security::Guard& guard;
  security::CallBudget& calls;
  size_t max_body_bytes = 0;      ///< of one request
  std::function<bool()> serving;  ///< false: calls go elsewhere
  MetricsSource metrics;
};

/// Every page of the daemon's HTTP port:
///
///   POST /package.Service/Method   the RPC, in gRPC-Web or JSON
///   GET  /healthz                  200 {"status":"SERVING"}, 503 {"status":"NOT_SERVING"}; anybody
///   GET  /metrics                  for Prometheus; whom the guard lets
///   GET  anything else             the dashboard's files; anybody
///
/// Who calls is judged by the `authorization` that the client sent, by its head alone, before a
/// body is read; then once more where every RPC is (server/admission.h), since that header is all
/// that is passed on. Who may call is held to what calls may hold in memory, body included, before
/// that is read. The audit log is told of what is turned away for where it comes from or what
/// it asks for.
class Gateway final : public Handler {
 public:
  explicit Gateway(GatewayContext context) : context_(std::move(context)) {}

  std::optional<Response> Refuse(Request* request) override;
  Reply Handle(Request request, const Post& post) override;
  void OnTooManyConnections() override { ++refused_connections_; }
  Response Unreadable(unsigned status, const absl::Status& why, const Request& head) override;

  /// Connections that were closed since too many were open. From any thread.
  uint64_t refused_connections() const { return refused_connections_; }

 private:
  Reply Call(const Request& request, Headers cors, const Post& post);
  Response Health() const;
  std::optional<Response> RefuseStranger(Request* request);
  absl::Status MakeRoom(const security::Call& call, const security::Identity& caller,
                        Request* head);
  std::optional<Response> TurnAway(const Request& head, unsigned status, const absl::Status& why);

  const GatewayContext context_;
  std::atomic<uint64_t> refused_connections_{0};
};

}  // namespace parallax::server::http
