#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "core/store/store.h"

namespace parallax::server {

inline constexpr size_t kMaxRequestIdBytes = 128;

/// Bytes of a message that are equal for equal messages: map entries in order of key.
std::string DeterministicBytes(const google::protobuf::Message& message);

/// SHA-256 of DeterministicBytes.
std::string Fingerprint(const google::protobuf::Message& message);

/// InvalidArgument: a request brings the id of another one.
absl::Status RequestIdInUse(const std::string& request_id);

/// The answer stored under `request_id` by an equal request; empty where there is none.
/// Errors: InvalidArgument where another request used the id, or it is longer than
/// kMaxRequestIdBytes.
absl::StatusOr<std::optional<std::string>> FindAnswer(store::Store& store, const std::string& scope,
                                                      const std::string& request_id,
                                                      const google::protobuf::Message& request);
absl::Status RecordAnswer(store::Store& store, const std::string& scope,
                          const std::string& request_id, const google::protobuf::Message& request,
                          const google::protobuf::Message& answer);

/// Calls `act`, () → absl::StatusOr<Response>, unless the same request was answered within a day;
/// then that answer is given again. An empty request id asks for no memory.
template <typename Response, typename Act>
absl::StatusOr<Response> Once(store::Store& store, const std::string& scope,
                              const std::string& request_id,
                              const google::protobuf::Message& request, const Act& act) {
  if (request_id.empty()) return act();
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                            FindAnswer(store, scope, request_id, request));
  Response response;
  if (known.has_value() && response.ParseFromString(*known)) return response;
  PARALLAX_ASSIGN_OR_RETURN(response, act());
  PARALLAX_RETURN_IF_ERROR(RecordAnswer(store, scope, request_id, request, response));
  return response;
}

}  // namespace parallax::server
