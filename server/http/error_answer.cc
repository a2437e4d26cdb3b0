#include "server/http/error_answer.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "parallax/v1/error.pb.h"
#include "server/http/grpc_text.h"
#include "server/http/rpc_request.h"

namespace parallax::server::http {
namespace {

std::string UnpaddedBase64(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

nlohmann::ordered_json DetailJson(const google::protobuf::Any& any) {
  const std::string type = any.type_url().substr(any.type_url().rfind('/') + 1);
  nlohmann::ordered_json json = {{"type", type}, {"value", UnpaddedBase64(any.value())}};
  v1::ErrorDetail detail;
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (any.UnpackTo(&detail) &&
      google::protobuf::util::MessageToJsonString(detail, &text, options).ok()) {
    json["debug"] = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  }
  return json;
}

}  // namespace

unsigned HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string ErrorJson(const RpcEnd& end) {
  nlohmann::ordered_json json = {
      {"code", absl::AsciiStrToLower(absl::StatusCodeToString(end.code))},
      {"message", end.message}};
  v1::Status wire;
  if (wire.ParseFromString(end.details) && wire.details_size() > 0) {
    for (const google::protobuf::Any& any : wire.details()) {
      json["details"].push_back(DetailJson(any));
    }
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Response ErrorAnswer(unsigned http_status, const absl::Status& status, const Request& request) {
  const RpcEnd end = EndOf(status);
  Response response{.status = http_status,
                    .headers = {{"content-type", "application/json"}},
                    .body = ErrorJson(end)};
  if (EncodingOf(request) == RpcEncoding::kGrpcWeb) {
    const Headers same = EndHeaders(end);
    response.headers.insert(response.headers.end(), same.begin(), same.end());
  }
  return response;
}

Response RpcErrorAnswer(const absl::Status& status, const Request& request) {
  if (EncodingOf(request) != RpcEncoding::kGrpcWeb) {
    return ErrorAnswer(HttpStatusOf(status.code()), status, request);
  }
  Response response{.headers = EndHeaders(EndOf(status))};
  response.headers.emplace_back("content-type", kGrpcWebType);
  return response;
}

}  // namespace parallax::server::http
