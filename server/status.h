#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "parallax/v1/error.pb.h"

namespace parallax::server {

/// Attaches what exactly is wrong to a status; what it carries already (base::FieldError) stays.
absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail);

/// What a status carries as base::FieldError, as the wire's message.
std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status);

/// base::InvalidField: InvalidArgument "field = value, must be bound; next_step", with the same
/// four as detail.
absl::Status InvalidField(std::string_view field, std::string_view value, std::string_view bound,
                          std::string_view next_step = "");

/// A core module's error about a field of a request: its field is put under `path` (base::Within);
/// one that names no field of its own is about `path` as a whole.
absl::Status AtField(absl::Status status, std::string_view path);

/// ResourceExhausted: another call of that kind, "what-if", is under way, and one at a time may be.
absl::Status UnderWay(std::string_view what);

/// What goes over the wire: same code and message, of which no more than a client takes of metadata
/// (1 KiB, 512 bytes of a detail's text); the trailer `grpc-status-details-bin` holds a
/// serialised parallax.v1.Status with the ErrorDetail, where there is one.
grpc::Status ToGrpc(const absl::Status& status);

/// Inverse of ToGrpc, for callers in C++.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace parallax::server
