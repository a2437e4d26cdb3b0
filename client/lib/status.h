#pragma once

#include <optional>

#include "absl/status/status.h"
#include "parallax/v1/error.pb.h"

namespace grpc {
class Status;
}

namespace parallax::client {

/// The same code and text as an absl::Status; the first ErrorDetail of the trailer
/// `grpc-status-details-bin`, where there is one, rides along as base::FieldError.
absl::Status FromGrpc(const grpc::Status& status);

/// Attaches what exactly is wrong; what the status carries already stays.
absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail);

/// A status of our own that names field, value, bound and next step like a daemon's would.
absl::Status DetailedError(absl::StatusCode code, const v1::ErrorDetail& detail);

/// What exactly is wrong, where the status says so.
std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status);

}  // namespace parallax::client
