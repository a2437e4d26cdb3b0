#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "parallax/v1/error.pb.h"

namespace parallax::server {

/// Attaches what exactly is wrong to a status, as payload; a detail that is there already stays.
absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail);

/// The detail that a status carries, if any.
std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status);

/// InvalidArgument "field = value, must be bound; next_step", with the same four as detail.
/// Long values are cut to 64 bytes, so that an answer never echoes a huge request.
absl::Status InvalidField(std::string_view field, std::string_view value, std::string_view bound,
                          std::string_view next_step = "");

/// Names the field of a request that a core module's error is about, where the error does not.
absl::Status AtField(absl::Status status, std::string_view field);

/// What goes over the wire: same code and message; the trailer `grpc-status-details-bin` holds a
/// serialised parallax.v1.Status with the ErrorDetail, where there is one.
grpc::Status ToGrpc(const absl::Status& status);

/// Inverse of ToGrpc, for callers in C++.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace parallax::server
