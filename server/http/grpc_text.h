#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/http/message.h"
#include "server/http/rpc_backend.h"

namespace parallax::server::http {

// What gRPC says in header fields. Source: PROTOCOL-HTTP2.md of gRPC.

/// "250m": up to eight digits and a unit of H, M, S, m, u, n.
/// Errors: InvalidArgument.
absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text);

/// Whether gRPC takes `value` as metadata that is not binary: printable ASCII. One that it does not
/// take would end the process.
bool IsMetadataValue(std::string_view value);

/// Metadata as header fields: values of names in "-bin" in Base64.
Headers MetadataHeaders(const Headers& metadata);

/// grpc-status, grpc-message (percent-encoded), grpc-status-details-bin and the other trailers.
Headers EndHeaders(const RpcEnd& end);

}  // namespace parallax::server::http
