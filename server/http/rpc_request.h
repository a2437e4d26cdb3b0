#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/http/message.h"
#include "server/http/rpc_backend.h"

namespace parallax::server::http {

/// How the message of a call is written.
enum class RpcEncoding { kGrpcWeb, kJson };

inline constexpr char kGrpcWebType[] = "application/grpc-web+proto";

/// By the request's Content-Type: application/grpc-web, application/grpc-web+proto or
/// application/json, whatever parameters follow; nothing for any other.
std::optional<RpcEncoding> EncodingOf(const Request& request);

/// Whether a path names a method: "/package.Service/Method".
bool IsMethodPath(std::string_view path);

/// The call that the head of a POST asks for, all but its message. Of the request's headers only
/// `authorization` becomes metadata.
/// Errors: Unimplemented (a method that reads a stream, JSON for one that writes a stream or is not
/// known, compression); InvalidArgument (a header that gRPC does not take); DeadlineExceeded (a
/// timeout of zero).
absl::StatusOr<RpcRequest> ReadRpcHead(const Request& head);

}  // namespace parallax::server::http
