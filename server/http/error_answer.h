#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/http/message.h"
#include "server/http/rpc_backend.h"

namespace parallax::server::http {

/// The HTTP status that stands for a status code: NotFound is 404.
unsigned HttpStatusOf(absl::StatusCode code);

/// {"code": "not_found", "message": "…", "details": [{"type", "value", "debug"}]}: what went wrong,
/// as the Connect protocol writes it. `value` is a detail in unpadded Base64, `debug` the same
/// readable: field, value, bound, next_step.
std::string ErrorJson(const RpcEnd& end);

/// An answer that is an error of HTTP, with ErrorJson as its body. Where gRPC-Web asked, the
/// headers say the same in its terms.
Response ErrorAnswer(unsigned http_status, const absl::Status& status, const Request& request);

/// What an RPC that could not be called answers: an answer without messages in gRPC-Web, else
/// ErrorAnswer.
Response RpcErrorAnswer(const absl::Status& status, const Request& request);

}  // namespace parallax::server::http
