#include "server/http/gateway.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "server/http/error_answer.h"
#include "server/http/grpc_web_exchange.h"
#include "server/http/grpc_web_frame.h"
#include "server/http/json_exchange.h"
#include "server/http/rpc_json.h"
#include "server/http/rpc_request.h"

namespace parallax::server::http {
namespace {

constexpr int kChunkedSince = 11;  // HTTP/1.1
constexpr std::string_view kMetricsPath = "/metrics";

/// Whether a path is one that no page has and that looks for files elsewhere. Nothing is found
/// there anyway, but who asks is worth knowing.
bool LeavesFolder(std::string_view path) {
  const std::string lower = absl::AsciiStrToLower({path.data(), path.size()});
  return lower.find("..") != std::string::npos || lower.find("%2e") != std::string::npos ||
         lower.find('\\') != std::string::npos || lower.find("%5c") != std::string::npos ||
         lower.find("%00") != std::string::npos;
}

/// How much a request says that its body has; as much as can be where it does not say.
size_t BodyBytes(const Request& head) {
  const std::string length(head.Header("content-length"));
  size_t bytes = 0;
  return absl::SimpleAtoi(length, &bytes) ? bytes : std::numeric_limits<size_t>::max();
}

Response With(Response response, const Headers& headers) {
  response.headers.insert(response.headers.end(), headers.begin(), headers.end());
  return response;
}

/// The text of /metrics, once it is there.
class MetricsExchange final : public Exchange,
                              public std::enable_shared_from_this<MetricsExchange> {
 public:
  MetricsExchange(const MetricsSource& source, Headers common, Post post)
      : source_(source), common_(std::move(common)), post_(std::move(post)) {}

  void Answer(std::function<void(Response)> done) override {
    done_ = std::move(done);
    source_([self = shared_from_this(),
             post = std::exchange(post_, nullptr)](absl::StatusOr<std::string> text) {
      post([self, text = std::move(text)] { self->Finish(text); });
    });
  }
  void NextPiece(std::function<void(Piece)> done) override { done({.last = true}); }
  void Cancel(const absl::Status& /*why*/) override {}  // is soon over

 private:
  void Finish(const absl::StatusOr<std::string>& text) {
    Response response = text.ok()
                            ? Response{.headers = {{"content-type", "text/plain; version=0.0.4"},
                                                   {"cache-control", "no-store"}},
                                       .body = *text}
                            : ErrorAnswer(HttpStatusOf(text.status().code()), text.status(), {});
    std::exchange(done_, nullptr)(With(std::move(response), common_));
  }

  const MetricsSource& source_;
  const Headers common_;
  Post post_;
  std::function<void(Response)> done_;
};

std::optional<Response> RefusePost(const Request& head) {
  if (!IsMethodPath(head.Path())) {
    return ErrorAnswer(404, absl::NotFoundError("POST is for methods: /parallax.v1.Service/Method"),
                       head);
  }
  if (!EncodingOf(head).has_value()) {
    return ErrorAnswer(415,
                       absl::InvalidArgumentError(absl::StrFormat(
                           "Content-Type must be %s or application/json", kGrpcWebType)),
                       head);
  }
  if (head.version < kChunkedSince) {
    return ErrorAnswer(505, absl::UnimplementedError("calls take HTTP/1.1"), head);
  }
  if (const absl::StatusOr<RpcRequest> call = ReadRpcHead(head); !call.ok()) {
    return RpcErrorAnswer(call.status(), head);
  }
  return std::nullopt;
}

std::optional<Response> RefuseMethod(const Request& head) {
  const bool method_path = IsMethodPath(head.Path());
  if (head.method == "POST") return RefusePost(head);
  if ((head.method == "GET" || head.method == "HEAD") && !method_path) return std::nullopt;
  Response response = ErrorAnswer(
      405, absl::UnimplementedError("methods are called with POST, pages read with GET"), head);
  return With(std::move(response), {{"allow", method_path ? "POST" : "GET, HEAD"}});
}

}  // namespace

std::optional<Response> Gateway::Refuse(Request* request) {
  const Request& head = *request;
  if (const absl::Status host = CheckHost(context_.access, head); !host.ok()) {
    return TurnAway(head, 421, host);
  }
  const absl::StatusOr<Headers> cors = JudgeOrigin(context_.access, head);
  if (!cors.ok()) return TurnAway(head, 403, cors.status());
  if (LeavesFolder(head.Path())) {
    return TurnAway(head, 404, absl::NotFoundError("there is no such page"));
  }
  if (head.method == "OPTIONS" && !cors->empty() &&
      head.CountHeader("access-control-request-method") > 0) {
    return PreflightAnswer(*cors);
  }
  std::optional<Response> refusal = RefuseMethod(head);
  if (!refusal.has_value()) refusal = RefuseStranger(request);
  if (refusal.has_value()) refusal = With(*std::move(refusal), *cors);
  return refusal;
}

Reply Gateway::Handle(Request request, const Post& post) {
  Headers cors = JudgeOrigin(context_.access, request).value_or(Headers());
  if (request.method == "POST") return Call(request, std::move(cors), post);
  if (request.Path() == "/healthz") return With(Health(), cors);
  if (request.Path() == kMetricsPath) {
    return std::make_shared<MetricsExchange>(context_.metrics, std::move(cors), post);
  }
  return With(context_.files.Answer(request), cors);
}

std::optional<Response> Gateway::TurnAway(const Request& head, unsigned status,
                                          const absl::Status& why) {
  context_.guard.TurnedAway(head.peer, head.Path(), why);
  return ErrorAnswer(status, why, head);
}

absl::Status Gateway::MakeRoom(const security::Call& call, const security::Identity& caller,
                               Request* head) {
  const bool known = context_.guard.asks_for_proof();
  absl::StatusOr<security::CallBudget::Hold> room = context_.calls.Take(
      known ? caller.name : "", std::min(BodyBytes(*head), context_.max_body_bytes));
  if (room.ok()) {
    head->room = std::make_shared<security::CallBudget::Hold>(*std::move(room));
    return absl::OkStatus();
  }
  return known ? context_.guard.Refuse(call, caller, "", room.status()) : room.status();
}

std::optional<Response> Gateway::RefuseStranger(Request* request) {
  const Request& head = *request;
  const bool call = head.method == "POST";
  if (!call && head.Path() != kMetricsPath) return std::nullopt;
  security::Call shown{.method = std::string(head.Path()), .address = head.peer};
  for (const auto& [name, value] : head.headers) {
    if (name == "authorization") shown.authorization.push_back(value);
  }
  const absl::StatusOr<security::Identity> caller = context_.guard.Admit(shown);
  absl::Status status = caller.status();
  if (status.ok() && call) status = MakeRoom(shown, *caller, request);
  if (status.ok()) return std::nullopt;
  if (call) return RpcErrorAnswer(status, head);
  return ErrorAnswer(HttpStatusOf(status.code()), status, head);
}

Response Gateway::Unreadable(unsigned status, const absl::Status& why, const Request& head) {
  context_.guard.TurnedAway(head.peer, head.Path(), why);
  return With(ErrorAnswer(status, why, head),
              JudgeOrigin(context_.access, head).value_or(Headers()));
}

Reply Gateway::Call(const Request& request, Headers cors, const Post& post) {
  absl::StatusOr<RpcRequest> call = ReadRpcHead(request);
  if (!call.ok()) return With(RpcErrorAnswer(call.status(), request), cors);
  const google::protobuf::MethodDescriptor* method = FindMethod(call->path);
  const bool json = EncodingOf(request) == RpcEncoding::kJson;
  absl::StatusOr<std::string> message =
      json ? WireFromJson(*method->input_type(), request.body) : ReadMessageFrame(request.body);
  if (!message.ok()) return With(RpcErrorAnswer(message.status(), request), cors);
  call->message = *std::move(message);
  if (!json) {
    return std::make_shared<GrpcWebExchange>(context_.rpc, *std::move(call), std::move(cors), post);
  }
  return std::make_shared<JsonExchange>(context_.rpc, *std::move(call), std::move(cors), post,
                                        *method->output_type());
}

Response Gateway::Health() const {
  const bool serving = context_.serving();
  return {.status = serving ? 200u : 503u,
          .headers = {{"content-type", "application/json"}, {"cache-control", "no-store"}},
          .body = serving ? "{\"status\":\"SERVING\"}\n" : "{\"status\":\"NOT_SERVING\"}\n"};
}

}  // namespace parallax::server::http
