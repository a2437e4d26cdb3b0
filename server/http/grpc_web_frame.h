#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/http/message.h"

namespace parallax::server::http {

// gRPC-Web frames: one byte of flags, the length of the content in four bytes, big endian, the
// content. Source: PROTOCOL-WEB.md of gRPC.

inline constexpr size_t kFrameHeaderBytes = 5;

/// The message of a request's body, which is one frame, uncompressed.
/// Errors: Unimplemented (compressed); InvalidArgument (no frame, one of another length or kind).
absl::StatusOr<std::string> ReadMessageFrame(std::string_view body);

std::string MessageFrame(std::string_view message);

/// The frame that ends an answer: "grpc-status: 0\r\n…".
std::string TrailerFrame(const Headers& trailers);

}  // namespace parallax::server::http
