#pragma once

#include <grpcpp/support/client_interceptor.h>

#include <memory>
#include <string>
#include <vector>

namespace parallax::client {

/// Has every call of a channel show `token`, whatever the transport: gRPC's own call credentials
/// refuse plain text, also on loopback. None for an empty token.
std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> ShowToken(
    const std::string& token);

}  // namespace parallax::client
