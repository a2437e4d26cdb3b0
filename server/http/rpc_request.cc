#include "server/http/rpc_request.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/http/grpc_text.h"
#include "server/http/rpc_json.h"

namespace parallax::server::http {
namespace {

bool IsNameChar(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

absl::Status CheckStreams(const std::string& path, RpcEncoding encoding) {
  const google::protobuf::MethodDescriptor* method = FindMethod(path);
  if (method == nullptr) {
    // Services whose messages this program does not hold (health) can be called in binary.
    if (encoding == RpcEncoding::kGrpcWeb) return absl::OkStatus();
    return absl::UnimplementedError(
        absl::StrFormat("%s is no method that takes JSON; grpcurl lists the methods", path));
  }
  if (method->client_streaming()) {
    return absl::UnimplementedError(
        absl::StrFormat("%s reads a stream of requests, which HTTP of browsers cannot send; call "
                        "it on the gRPC port",
                        path));
  }
  if (method->server_streaming() && encoding == RpcEncoding::kJson) {
    return absl::UnimplementedError(
        absl::StrFormat("%s answers with a stream, and JSON is for single answers; ask for %s",
                        path, kGrpcWebType));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<RpcEncoding> EncodingOf(const Request& request) {
  const std::string_view header = request.Header("content-type");
  std::string type(header.substr(0, header.find(';')));
  absl::StripAsciiWhitespace(&type);
  absl::AsciiStrToLower(&type);
  if (type == "application/json") return RpcEncoding::kJson;
  if (type == "application/grpc-web" || type == kGrpcWebType) return RpcEncoding::kGrpcWeb;
  return std::nullopt;
}

bool IsMethodPath(std::string_view path) {
  if (path.empty() || path[0] != '/') return false;
  const size_t slash = path.find('/', 1);
  if (slash == std::string_view::npos) return false;
  const std::string_view service = path.substr(1, slash - 1);
  const std::string_view method = path.substr(slash + 1);
  return !method.empty() && std::all_of(method.begin(), method.end(), IsNameChar) &&
         service.find('.') != std::string_view::npos &&
         std::all_of(service.begin(), service.end(),
                     [](char c) { return c == '.' || IsNameChar(c); });
}

absl::StatusOr<RpcRequest> ReadRpcHead(const Request& head) {
  RpcRequest request{.path = std::string(head.Path()), .caller = head.peer};
  PARALLAX_RETURN_IF_ERROR(
      CheckStreams(request.path, EncodingOf(head).value_or(RpcEncoding::kJson)));
  const std::string_view encoding = head.Header("grpc-encoding");
  if (!encoding.empty() && encoding != "identity") {
    return absl::UnimplementedError(
        "requests are taken uncompressed only: grpc-encoding: identity");
  }
  if (const std::string_view timeout = head.Header("grpc-timeout"); !timeout.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(request.timeout, ParseTimeout(timeout));
    // gRPC's timer may be later than the answer.
    if (request.timeout == absl::ZeroDuration()) {
      return absl::DeadlineExceededError("the time of the call was over as it came");
    }
  }
  const std::string_view proof = head.Header("authorization");
  if (!IsMetadataValue(proof)) {
    return absl::InvalidArgumentError("header authorization must be printable ASCII");
  }
  if (!proof.empty()) request.metadata.emplace_back("authorization", proof);
  return request;
}

}  // namespace parallax::server::http
