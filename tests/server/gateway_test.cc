// The HTTP port of a whole daemon: gRPC-Web, JSON, CORS, files, health and metrics.
#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "tests/server/gateway_fixture.h"

namespace parallax::server {
namespace {

using http::HttpAnswer;
using http::HttpPeer;
using http::MessageFrame;
using http::ParseGrpcWeb;

TEST_F(GatewayTest, Unary) {
  const HttpAnswer answer = Web(kGetRun, RunName("rigs/board/runs/one"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("content-type"), "application/grpc-web+proto");
  EXPECT_EQ(answer.Header("parallax-version"), PARALLAX_VERSION);
  const auto body = ParseGrpcWeb(answer.body);
  ASSERT_TRUE(body.well_formed);
  ASSERT_EQ(body.messages.size(), 1u);
  EXPECT_EQ(body.trailers.at("grpc-status"), "0");
  v1::GetRunResponse response;
  ASSERT_TRUE(response.ParseFromString(body.messages[0]));
  EXPECT_EQ(response.run().SerializeAsString(), GetRun().SerializeAsString()) << "as gRPC tells it";
}

TEST_F(GatewayTest, ServerStream) {
  Ingest(/*batches=*/40, /*rows=*/2000);  // more than one message holds
  const auto body = ParseGrpcWeb(Web(kGetSeries, RawSeries()).body);
  ASSERT_TRUE(body.well_formed);
  EXPECT_EQ(body.trailers.at("grpc-status"), "0");
  EXPECT_GT(body.messages.size(), 1u);
  grpc::ClientContext context;
  v1::GetSeriesRequest request;
  ASSERT_TRUE(request.ParseFromString(RawSeries()));
  auto reader = query_->GetSeries(&context, request);
  size_t parts = 0;
  for (v1::GetSeriesResponse part; reader->Read(&part); ++parts) {
    ASSERT_LT(parts, body.messages.size());
    EXPECT_EQ(body.messages[parts], part.SerializeAsString()) << parts;
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(parts, body.messages.size());
}

TEST_F(GatewayTest, AnErrorIsTrailersAlone) {
  const HttpAnswer answer = Web(kGetRun, RunName("rigs/board/runs/none"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.Header("content-type"), "application/grpc-web+proto");
  EXPECT_EQ(answer.Header("grpc-status"), "5");
  EXPECT_NE(answer.Header("grpc-message").find("none"), std::string::npos);
  const HttpAnswer wrong = Web(kGetRun, RunName("x"));
  EXPECT_EQ(wrong.Header("grpc-status"), "3");
  EXPECT_FALSE(wrong.Header("grpc-status-details-bin").empty()) << "field, value, bound, next step";
}

TEST_F(GatewayTest, Deadline) {
  const HttpAnswer never = Web(kGetRun, RunName("rigs/board/runs/one"), {{"Grpc-Timeout", "0m"}});
  EXPECT_EQ(never.Header("grpc-status"), "4");
  const auto body = ParseGrpcWeb(Web(kHealthWatch, "", {{"Grpc-Timeout", "2S"}}).body);
  ASSERT_TRUE(body.well_formed);
  EXPECT_EQ(body.messages, std::vector<std::string>{kServing});
  EXPECT_EQ(body.trailers.at("grpc-status"), "4");
}

TEST_F(GatewayTest, AClientThatGoesCancelsItsCall) {
  HttpPeer peer = Peer();
  Watch(peer);
  EXPECT_EQ(Metric("parallax_gateway_open_calls"), 1.0);
  peer.Close();
  AwaitMetric("parallax_gateway_open_calls", 0.0);
}

TEST_F(GatewayTest, WhatIsNotThereIsUnimplemented) {
  for (const char* path : {"/parallax.v1.QueryService/None", "/parallax.v1.NoService/GetRun"}) {
    EXPECT_EQ(Web(path, "").Header("grpc-status"), "12") << path;
    EXPECT_EQ(Json(path, "{}").status, 501) << path;
  }
  const HttpAnswer stream = Web("/parallax.v1.IngestService/Stream", "");
  EXPECT_EQ(stream.Header("grpc-status"), "12");
  EXPECT_NE(stream.Header("grpc-message").find("stream of requests"), std::string::npos);
  EXPECT_EQ(Json(kGetSeries, "{}").status, 501);
}

TEST_F(GatewayTest, ACompressedOrBrokenFrameIsRefused) {
  std::string frame = MessageFrame(RunName("rigs/board/runs/one"));
  EXPECT_EQ(Peer().Ask("POST", kGetRun, WebFields(), frame + "x").Header("grpc-status"), "3");
  EXPECT_EQ(Peer().Ask("POST", kGetRun, WebFields(), "abc").Header("grpc-status"), "3");
  frame[0] = '\x01';
  EXPECT_EQ(Peer().Ask("POST", kGetRun, WebFields(), frame).Header("grpc-status"), "12");
}

TEST_F(GatewayTest, OversizeIsRefused) {
  const HttpAnswer web = Web(kGetRun, std::string((size_t{4} << 20) + 1, 'x'));
  EXPECT_EQ(web.status, 413);
  EXPECT_EQ(web.Header("grpc-status"), "8");
  const HttpAnswer json = Json(kGetRun, std::string(size_t{5} << 20, ' '));
  EXPECT_EQ(json.status, 413);
  EXPECT_NE(json.body.find("resource_exhausted"), std::string::npos) << json.body;
  // The largest that gRPC takes gets there, and names no run.
  const std::string largest = RunName(std::string((size_t{4} << 20) - 5, 'x'));
  ASSERT_EQ(largest.size(), size_t{4} << 20);
  EXPECT_EQ(Web(kGetRun, largest).Header("grpc-status"), "3");
}

TEST_F(GatewayTest, OtherContentTypesAndVerbsAreRefused) {
  for (const char* type : {"application/grpc-web-text", "application/grpc", "text/plain", "",
                           "application/grpc-web+json"}) {
    EXPECT_EQ(Peer().Ask("POST", kGetRun, {{"Content-Type", type}}, MessageFrame("")).status, 415)
        << type;
  }
  const HttpAnswer get = Peer().Ask("GET", kGetRun);
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.Header("allow"), "POST");
  EXPECT_EQ(Peer().Ask("DELETE", "/").status, 405);
  EXPECT_EQ(Peer().Ask("POST", "/", {}, "x").status, 404);
}

TEST_F(GatewayTest, JsonIsProtobufsMapping) {
  const HttpAnswer answer = Json(kGetRun, R"({"name": "rigs/board/runs/one"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("content-type"), "application/json");
  EXPECT_EQ(answer.Header("parallax-version"), PARALLAX_VERSION);
  EXPECT_NE(answer.body.find("\"name\":\"rigs/board/runs/one\""), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("\"start_time\":\"2023-11-14T22:13:20Z\""), std::string::npos);
  EXPECT_EQ(Json(kGetRun, "[]").status, 400);
  EXPECT_EQ(Json(kGetRun, R"({"nmae": "x"})").status, 400);
}

TEST_F(GatewayTest, JsonErrorsNameFieldAndBound) {
  const HttpAnswer missing = Json(kGetRun, R"({"name": "rigs/board/runs/none"})");
  EXPECT_EQ(missing.status, 404);
  EXPECT_NE(missing.body.find("\"code\":\"not_found\""), std::string::npos) << missing.body;
  const HttpAnswer wrong = Json(kGetRun, R"({"name": "x"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("\"type\":\"parallax.v1.ErrorDetail\""), std::string::npos);
  EXPECT_NE(wrong.body.find("\"debug\":{\"field\":\"name\",\"value\":\"x\""), std::string::npos)
      << wrong.body;
}

TEST_F(GatewayTest, UnknownNamesAndMalformedTokensAreTypedInJson) {
  const struct {
    std::string path, body;
    int status;
    std::string code, field;  ///< empty: no field is wrong, the thing is not there
  } kCases[] = {{"Query/GetRig", R"({"name": "rigs/nobody"})", 404, "not_found", ""},
                {"Query/ListRuns", R"({"rig": "rigs/nobody"})", 404, "not_found", ""},
                {"Analysis/Analyze", R"({"rig": "rigs/nobody"})", 404, "not_found", ""},
                {"Ingest/CloseRun", R"({"name": "rigs/nobody/runs/one"})", 404, "not_found", ""},
                {"Query/GetRig", R"({"name": "nobody"})", 400, "invalid_argument", "name"},
                {"Query/ListRigs", R"({"page_token": "of another listing"})", 400,
                 "invalid_argument", "page_token"},
                {"Query/ListRuns", R"({"rig": "rigs/board", "page_token": "AAAA"})", 400,
                 "invalid_argument", "page_token"},
                {"Query/ListRigs", R"({"page_size": -1})", 400, "invalid_argument", "page_size"}};
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.path + " " + one.body);
    std::string path = "/parallax.v1." + one.path;
    path.insert(path.rfind('/'), "Service");
    const HttpAnswer answer = Json(path, one.body);
    EXPECT_EQ(answer.status, one.status);
    const auto json = nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(json.is_object()) << answer.body;
    EXPECT_EQ(json["code"], one.code);
    EXPECT_NE(json["message"], "");
    if (one.field.empty()) continue;
    ASSERT_EQ(json["details"].size(), 1u) << answer.body;
    EXPECT_EQ(json["details"][0]["debug"]["field"], one.field);
    EXPECT_TRUE(json["details"][0]["debug"]["bound"].is_string());
  }
}

TEST_F(GatewayTest, ACursorThatCannotBeFollowedIsTypedAndNamed) {
  const std::pair<std::string, absl::StatusCode> cases[] = {
      {"nonsense", absl::StatusCode::kInvalidArgument},
      {"f00.1", absl::StatusCode::kOutOfRange}};  // of another daemon
  for (const auto& [cursor, code] : cases) {
    v1::WatchRequest request;
    request.add_names("rigs/board");
    request.set_cursor(cursor);
    const HttpAnswer answer = Web("/parallax.v1.QueryService/Watch", request.SerializeAsString());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "") << "trailers alone";
    EXPECT_EQ(answer.Header("grpc-status"), absl::StrFormat("%d", static_cast<int>(code)));
    std::string details;
    ASSERT_TRUE(absl::Base64Unescape(answer.Header("grpc-status-details-bin"), &details));
    const std::optional<v1::ErrorDetail> detail =
        DetailOf(FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(code), "", details)));
    ASSERT_TRUE(detail.has_value()) << cursor;
    EXPECT_EQ(detail->field(), "cursor");
    EXPECT_EQ(detail->value(), cursor);
    EXPECT_NE(detail->bound(), "");
  }
}

TEST_F(GatewayTest, OnlyExactOriginsMayCall) {
  options_.http.origins = {"http://localhost:5173"};
  Restart();
  const std::string message = RunName("rigs/board/runs/one");
  const HttpPeer::Fields listed = {{"Origin", "http://localhost:5173"}};
  const HttpAnswer allowed = Web(kGetRun, message, listed);
  EXPECT_EQ(allowed.Header("access-control-allow-origin"), "http://localhost:5173");
  EXPECT_NE(allowed.Header("access-control-expose-headers").find("grpc-status"), std::string::npos);
  EXPECT_EQ(Json(kGetRun, "{", listed).Header("access-control-allow-origin"),
            "http://localhost:5173")
      << "a page can read its errors";
  for (const char* origin : {"http://localhost:5174", "http://evil.example", "null"}) {
    const HttpAnswer refused = Web(kGetRun, message, {{"Origin", origin}});
    EXPECT_EQ(refused.status, 403) << origin;
    EXPECT_EQ(refused.Header("access-control-allow-origin"), "");
  }
  const auto preflight = [this](const std::string& origin) {
    return Peer().Ask("OPTIONS", kGetRun,
                      {{"Origin", origin},
                       {"Access-Control-Request-Method", "POST"},
                       {"Access-Control-Request-Headers", "content-type,grpc-timeout"}});
  };
  const HttpAnswer yes = preflight("http://localhost:5173");
  EXPECT_EQ(yes.status, 204);
  EXPECT_EQ(yes.Header("access-control-allow-origin"), "http://localhost:5173");
  EXPECT_NE(yes.Header("access-control-allow-headers").find("grpc-timeout"), std::string::npos);
  EXPECT_EQ(yes.Header("vary"), "Origin");
  EXPECT_EQ(preflight("http://evil.example").status, 403);
}

TEST_F(GatewayTest, APageUnderAnotherNameIsTurnedAway) {
  for (const char* path : {"/", "/healthz", "/metrics"}) {
    EXPECT_EQ(Peer().Ask("GET", path, {{"Host", "evil.example:8080"}}).status, 421) << path;
  }
  EXPECT_EQ(Web(kGetRun, "", {{"Host", "127.evil.example"}}).status, 421);
  EXPECT_EQ(Peer().Ask("GET", "/healthz", {{"Host", "localhost:8080"}}).status, 200);
  HttpPeer peer = Peer();
  EXPECT_TRUE(peer.Send("GET /healthz HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(peer.Read().status, 421);
}

TEST_F(GatewayTest, BeingInTheProcessIsNoProofOfIdentity) {
  options_.security.token_file = directory_.path() + "/tokens";
  const security::NewToken token =
      security::AddToken(options_.security.token_file, {.label = "page"}, clock_.Now(),
                         security::SystemEntropy)
          .value();
  Restart();
  const std::string message = RunName("rigs/board/runs/one");
  const HttpPeer::Fields right = {{"Authorization", "Bearer " + token.text}};
  v1::GetRunRequest request;
  ASSERT_TRUE(request.ParseFromString(message));
  EXPECT_TRUE(
      absl::IsUnauthenticated(Call(*query_, &v1::QueryService::Stub::GetRun, request).status()))
      << "over gRPC";
  TestStream stream(*ingest_);
  EXPECT_TRUE(absl::IsUnauthenticated(stream.Finish()));
  EXPECT_EQ(Web(kGetRun, message).Header("grpc-status"), "16") << "over HTTP";
  EXPECT_EQ(Web(kGetSeries, RawSeries()).Header("grpc-status"), "16");
  EXPECT_EQ(Web(kGetRun, message, {{"Authorization", "Bearer wrong"}}).Header("grpc-status"), "16");
  EXPECT_EQ(Json(kGetRun, "{}").status, 401);
  EXPECT_EQ(Peer().Ask("GET", "/metrics").status, 401);
  EXPECT_EQ(ParseGrpcWeb(Web(kGetRun, message, right).body).messages.size(), 1u);
  EXPECT_EQ(Peer().Ask("GET", "/metrics", right).status, 200);
  EXPECT_EQ(Peer().Ask("GET", "/healthz").status, 200) << "whether it serves is no secret";
}

TEST_F(GatewayTest, NoMethodIsCalledByWhoIsNotAdmitted) {
  options_.security.token_file = directory_.path() + "/tokens";
  ASSERT_TRUE(security::AddToken(options_.security.token_file, {.label = "another's"}, clock_.Now(),
                                 security::SystemEntropy)
                  .ok());
  Restart();
  int methods = 0;
  for (const google::protobuf::Descriptor* of :
       {v1::CreateRigRequest::descriptor(), v1::GetRunRequest::descriptor(),
        v1::AnalyzeRequest::descriptor(), v1::PromoteRequest::descriptor(),
        v1::SimulateRequest::descriptor(), v1::BackupRequest::descriptor()}) {
    const google::protobuf::ServiceDescriptor& service = *of->file()->service(0);
    for (int i = 0; i < service.method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service.method(i);
      if (method.client_streaming()) continue;  // not by HTTP
      const std::string path = absl::StrFormat("/%s/%s", service.full_name(), method.name());
      EXPECT_EQ(Web(path, "").Header("grpc-status"), "16") << path;
      ++methods;
    }
  }
  EXPECT_GE(methods, 25);
}

TEST_F(GatewayTest, ThePageIsServedFromTheFolderThatIsNamed) {
  const HttpAnswer page = Peer().Ask("GET", "/");
  EXPECT_EQ(page.body, kTestPage);
  EXPECT_NE(page.Header("content-security-policy").find("default-src 'self'"), std::string::npos);
  EXPECT_EQ(Peer().Ask("GET", "/", {{"If-None-Match", page.Header("etag")}}).status, 304);
  EXPECT_EQ(Peer().Ask("GET", "/../parallax.db").status, 404);
}

TEST_F(GatewayTest, DrainTellsHealthAndEndsStreamsOfPages) {
  HttpPeer peer = Peer();
  Watch(peer);
  store_->Hold(/*capacity=*/4);
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kRows));
  store_->WaitForHeld(1);
  EXPECT_EQ(Peer().Ask("GET", "/healthz").status, 200);
  std::thread drain([this] { daemon_->Drain(); });
  EXPECT_EQ(peer.ReadChunks(1), MessageFrame(kNotServing));
  EXPECT_EQ(Peer().Ask("GET", "/healthz").status, 503) << "while a stream is being drained";
  store_->Release();
  EXPECT_EQ(stream.AwaitAck(0).seq(), 0u);
  const auto rest = ParseGrpcWeb(peer.ReadChunks(SIZE_MAX));
  EXPECT_EQ(rest.trailers.count("grpc-status"), 1u);
  EXPECT_EQ(rest.trailers.at("grpc-status"), "14");
  EXPECT_TRUE(peer.AwaitClose());
  (void)stream.Finish();
  drain.join();
}

}  // namespace
}  // namespace parallax::server
