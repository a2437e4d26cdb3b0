// Feeds what the gateway reads of strangers' requests, as bytes: the frame of a gRPC-Web body, the
// head of a call, origin and host.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "server/http/access.h"
#include "server/http/grpc_text.h"
#include "server/http/grpc_web_frame.h"
#include "server/http/rpc_request.h"
#include "tests/fuzz/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace parallax::server::http;
  const std::string data(reinterpret_cast<const char*>(bytes), size);
  if (const absl::StatusOr<std::string> message = ReadMessageFrame(data); message.ok()) {
    PARALLAX_CHECK(parallax::fuzz::Answer(MessageFrame(*message)) == data);
  }
  const std::string text = data.substr(0, data.find('\n'));
  const std::string rest = data.substr(text.size());
  const Request head{.method = "POST",
                     .target = text,
                     .headers = {{"content-type", "application/grpc-web"},
                                 {"authorization", rest},
                                 {"grpc-timeout", rest},
                                 {"host", text},
                                 {"origin", rest}}};
  if (IsMethodPath(head.Path())) {
    if (const absl::StatusOr<RpcRequest> call = ReadRpcHead(head); call.ok()) {
      for (const auto& [name, value] : call->metadata) PARALLAX_CHECK(IsMetadataValue(value));
      PARALLAX_CHECK(call->timeout >= absl::ZeroDuration());
    }
  }
  const AccessPolicy policy{.origins = {"http://localhost:5173"}};
  if (JudgeOrigin(policy, head).ok()) {
    PARALLAX_CHECK(rest == policy.origins[0] || rest.ends_with("://" + text));
  }
  (void)CheckHost(policy, head);
  (void)ValidateOrigin(text);
  return 0;
}
