// The HTTP server with its gateway, on sockets, and without gRPC, for ThreadSanitizer.
#include "server/http/http_server.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/random.h"
#include "parallax/v1/query.pb.h"
#include "server/http/gateway.h"
#include "server/http/grpc_web_frame.h"
#include "tests/server/http/fake_backend.h"
#include "tests/server/http/http_peer.h"

namespace parallax::server::http {
namespace {

const HttpPeer::Fields kGrpcWeb = {{"Content-Type", "application/grpc-web+proto"}};

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override { options_.listen = "127.0.0.1:0"; }

  HttpPeer Peer() {
    if (server_ == nullptr) {
      auto server = HttpServer::Start(options_, gateway_);
      EXPECT_TRUE(server.ok()) << server.status();
      server_ = *std::move(server);
    }
    return HttpPeer(server_->port());
  }
  static std::string Call(const char* path, const std::string& message = "") {
    return HttpPeer::Bytes("POST", path, kGrpcWeb, MessageFrame(message));
  }
  /// The message of kUnaryPath's type, so that its descriptor is linked.
  static std::string RunRequestBytes() {
    v1::GetRunRequest request;
    request.set_name("rigs/7/runs/42");
    return request.SerializeAsString();
  }

  FakeBackend backend_;
  const StaticFiles files_{"/nowhere"};
  std::atomic<bool> serving_{true};
  const base::SystemClock clock_{};
  const std::unique_ptr<security::Guard> guard_ =
      security::Guard::Open({}, clock_, [](std::string_view, const absl::Status&) {}).value();
  security::CallBudget calls_{{.in_all = size_t{8} * 1024 * 1024}};
  Gateway gateway_{{.rpc = backend_,
                    .files = files_,
                    .access = {},
                    .guard = *guard_,
                    .calls = calls_,
                    .max_body_bytes = HttpServerOptions().max_body_bytes,
                    .serving = [this] { return serving_.load(); },
                    .metrics = [](const auto& done) { std::thread(done, "metric 1\n").detach(); }}};
  HttpServerOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, OneConnectionCarriesRequestAfterRequest) {
  HttpPeer peer = Peer();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(peer.Ask("GET", "/healthz").body, "{\"status\":\"SERVING\"}\n");
  serving_ = false;
  EXPECT_EQ(peer.Ask("GET", "/healthz").status, 503);
  const std::string two = HttpPeer::Bytes("GET", "/metrics", {}, "") + Call(kUnaryPath, "m") +
                          HttpPeer::Bytes("GET", "/nothing", {}, "");
  ASSERT_TRUE(peer.Send(two));
  EXPECT_EQ(peer.Read().body, "metric 1\n");
  EXPECT_EQ(ParseGrpcWeb(peer.Read().body).messages, std::vector<std::string>{"m"});
  EXPECT_EQ(peer.Read().status, 404) << "requests sent ahead are answered in order";
  const HttpAnswer head = peer.Ask("HEAD", "/healthz");
  EXPECT_EQ(head.Header("content-length"), "25");
  EXPECT_EQ(peer.Ask("GET", "/healthz", {{"Connection", "close"}}).Header("connection"), "close");
  EXPECT_TRUE(peer.AwaitClose());
}

TEST_F(HttpServerTest, ACallHasItsHeadersMessageAndTrailers) {
  HttpPeer peer = Peer();
  ASSERT_TRUE(peer.Send(HttpPeer::Bytes("POST", kUnaryPath,
                                        {{"Content-Type", "application/grpc-web"},
                                         {"Authorization", "Bearer t"},
                                         {"Grpc-Timeout", "5S"},
                                         {"X-Forwarded-For", "10.0.0.1"}},
                                        MessageFrame("hello"))));
  const HttpAnswer answer = peer.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("content-type"), "application/grpc-web+proto");
  EXPECT_EQ(answer.Header("parallax-version"), "test");
  const GrpcWebBody body = ParseGrpcWeb(answer.body);
  EXPECT_TRUE(body.well_formed);
  EXPECT_EQ(body.messages, std::vector<std::string>{"hello"});
  EXPECT_EQ(body.trailers.at("grpc-status"), "0");
  const RpcRequest request = backend_.requests().at(0);
  EXPECT_EQ(request.timeout, absl::Seconds(5));
  EXPECT_EQ(request.metadata, (Headers{{"authorization", "Bearer t"}})) << "and nothing else";
}

TEST_F(HttpServerTest, JsonIsTranscoded) {
  HttpPeer peer = Peer();
  const HttpPeer::Fields json = {{"Content-Type", "application/json; charset=utf-8"}};
  (void)peer.Ask("POST", kUnaryPath, json, R"({"name": "rigs/7/runs/42"})");
  ASSERT_EQ(backend_.requests().size(), 1u);
  EXPECT_EQ(backend_.requests()[0].message, RunRequestBytes());
  const HttpAnswer wrong = peer.Ask("POST", kUnaryPath, json, R"({"nam": "x"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("nam"), std::string::npos) << wrong.body;
  EXPECT_EQ(peer.Ask("POST", kUnaryPath, json, "{").status, 400);
  // Refused by their heads, so the bodies are not read and the connections not kept.
  EXPECT_EQ(Peer().Ask("POST", kEndlessPath, json, "{}").status, 501) << "a stream";
  EXPECT_EQ(Peer().Ask("POST", "/parallax.v1.QueryService/None", json, "{}").status, 501);
  EXPECT_EQ(backend_.requests().size(), 1u);
}

TEST_F(HttpServerTest, WhatGrpcDoesNotTakeNeverReachesIt) {
  const auto refused = [&](const HttpPeer::Fields& fields) {
    HttpPeer::Fields all = kGrpcWeb;
    all.insert(all.end(), fields.begin(), fields.end());
    return Peer().Ask("POST", kUnaryPath, all, MessageFrame("")).Header("grpc-status");
  };
  EXPECT_EQ(refused({{"Authorization", "Bearer \x80"}}), "3");
  EXPECT_EQ(refused({{"Grpc-Timeout", "soon"}}), "3");
  EXPECT_EQ(refused({{"Grpc-Encoding", "gzip"}}), "12");
  EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(HttpServerTest, TimeoutsEndWhoSendsNothingMore) {
  options_.idle_timeout = absl::Milliseconds(100);
  options_.head_timeout = absl::Milliseconds(100);
  options_.body_timeout = absl::Milliseconds(100);
  HttpPeer idle = Peer();
  HttpPeer head = Peer();
  HttpPeer body = Peer();
  EXPECT_TRUE(head.Send("GET /healthz HTTP/1.1\r\nHost:"));
  const std::string call = Call(kUnaryPath, "abc");
  EXPECT_TRUE(body.Send(call.substr(0, call.size() - 1)));
  EXPECT_TRUE(idle.AwaitClose());
  EXPECT_TRUE(head.AwaitClose());
  EXPECT_TRUE(body.AwaitClose());
  EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(HttpServerTest, ACallThatTakesLongIsNotIdle) {
  options_.idle_timeout = absl::Milliseconds(50);
  HttpPeer peer = Peer();
  EXPECT_TRUE(peer.Send(Call(kSilentPath)));
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(Peer().Ask("GET", "/healthz").status, 200);
  EXPECT_TRUE(peer.Send("x")) << "the connection still stands";
  peer.Close();
}

TEST_F(HttpServerTest, TooMuchIsRefusedWithoutReadingIt) {
  options_.max_body_bytes = 1000;
  HttpPeer long_head = Peer();
  EXPECT_EQ(long_head.Ask("GET", "/healthz", {{"X", std::string(20'000, 'x')}}).status, 431);
  HttpPeer long_body = Peer();
  HttpPeer::Fields fields = kGrpcWeb;
  fields.emplace_back("Content-Length", "1001");
  const HttpAnswer refused = long_body.Ask("POST", kUnaryPath, fields, "x");
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.Header("grpc-status"), "8");
  EXPECT_TRUE(long_body.Send(std::string(900, 'x'))) << "a peer that is still sending hears of it";
  HttpPeer chunks = Peer();
  fields.back() = {"Transfer-Encoding", "chunked"};
  EXPECT_EQ(
      chunks.Ask("POST", kUnaryPath, fields, "400\r\n" + std::string(1024, 'x') + "\r\n").status,
      413);
  EXPECT_TRUE(chunks.AwaitClose());
  EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(HttpServerTest, AClientThatAsksFirstIsToldToGoOn) {
  HttpPeer peer = Peer();
  HttpPeer::Fields fields = kGrpcWeb;
  fields.emplace_back("Expect", "100-continue");
  fields.emplace_back("Content-Length", "6");
  EXPECT_TRUE(peer.Send(HttpPeer::Bytes("POST", kUnaryPath, fields, "")));
  EXPECT_EQ(peer.ReadHead().status, 100);
  EXPECT_TRUE(peer.Send(MessageFrame("m")));
  EXPECT_EQ(ParseGrpcWeb(peer.Read().body).messages.size(), 1u);
  fields.back() = {"Content-Length", "5000000"};
  EXPECT_TRUE(peer.Send(HttpPeer::Bytes("POST", kUnaryPath, fields, "")));
  EXPECT_EQ(peer.Read().status, 413) << "before anything is sent";
}

TEST_F(HttpServerTest, ConnectionsAreBounded) {
  options_.max_connections = 2;
  HttpPeer one = Peer();
  HttpPeer two = Peer();
  EXPECT_EQ(one.Ask("GET", "/healthz").status, 200);
  EXPECT_EQ(two.Ask("GET", "/healthz").status, 200);
  EXPECT_TRUE(Peer().AwaitClose());
  EXPECT_EQ(gateway_.refused_connections(), 1u);
  one.Close();
  // The server hears of it in its own time.
  int status = 0;
  for (int i = 0; i < 1000 && status != 200; ++i) {
    status = Peer().Ask("GET", "/healthz").status;
  }
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, ASlowReaderHoldsTheCallBackAndLosesNothing) {
  HttpPeer peer = Peer();
  ASSERT_TRUE(peer.Send(Call(kEndlessPath)));
  int seen = -1;
  while (seen != backend_.messages()) {  // until the sockets are full
    seen = backend_.messages();
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_GT(seen, 0);
  EXPECT_LT(seen, 500) << "32 MB: sockets hold 4 to 6, the server one message";
  EXPECT_EQ(Peer().Ask("GET", "/healthz").status, 200) << "others are served meanwhile";
  EXPECT_EQ(peer.ReadHead().status, 200);
  const size_t frame = kEndlessBytes + kFrameHeaderBytes;
  const std::string bytes = peer.ReadChunks(frame * static_cast<size_t>(seen + 10));
  ASSERT_GE(bytes.size(), frame * static_cast<size_t>(seen + 10));
  const std::string expected = MessageFrame(std::string(kEndlessBytes, 'x'));
  for (size_t at = 0; at + frame <= bytes.size(); at += frame) {
    ASSERT_EQ(bytes.compare(at, frame, expected), 0) << at;
  }
  peer.Close();
  backend_.AwaitCancelled(1);
}

TEST_F(HttpServerTest, BodiesAreReadWhileThereIsRoomForThem) {
  const std::string head = absl::StrFormat(
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/grpc-web+proto\r\n",
      kUnaryPath);
  HttpPeer slow = Peer();
  ASSERT_TRUE(slow.Send(head + "Content-Length: 4000000\r\n\r\n"));
  while (calls_.counts().bytes == 0) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(calls_.counts().bytes, 4'000'000 + security::CallBudget::kCallBytes);
  for (const char* size : {"Content-Length: 4190000", "Transfer-Encoding: chunked"}) {
    HttpPeer next = Peer();
    ASSERT_TRUE(next.Send(absl::StrFormat("%s%s\r\n\r\n", head, size)));
    while (calls_.counts().bytes < 8'000'000) absl::SleepFor(absl::Milliseconds(1));
    HttpPeer late = Peer();
    ASSERT_TRUE(late.Send(absl::StrFormat("%s%s\r\n\r\n", head, size)));
    EXPECT_EQ(late.Read().Header("grpc-status"), "8") << size;
    next.Close();
    while (calls_.counts().bytes > 5'000'000) absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_EQ(calls_.counts().refused_all, 2u);
  HttpPeer small = Peer();
  ASSERT_TRUE(small.Send(Call(kUnaryPath, "m")));
  EXPECT_EQ(ParseGrpcWeb(small.Read().body).messages, std::vector<std::string>{"m"});
  slow.Close();
  while (calls_.counts().bytes > 0) absl::SleepFor(absl::Milliseconds(1));
}

TEST_F(HttpServerTest, AReaderThatNeverReadsIsGivenUp) {
  options_.write_timeout = absl::Milliseconds(100);
  HttpPeer peer = Peer();
  ASSERT_TRUE(peer.Send(Call(kEndlessPath)));
  backend_.AwaitCancelled(1);
}

TEST_F(HttpServerTest, AClientThatGoesCancelsItsCall) {
  HttpPeer silent = Peer();
  ASSERT_TRUE(silent.Send(Call(kSilentPath)));
  HttpPeer stream = Peer();
  ASSERT_TRUE(stream.Send(Call(kEndlessPath)));
  EXPECT_EQ(stream.ReadHead().status, 200);
  silent.Close();
  backend_.AwaitCancelled(1);
  stream.Close();
  backend_.AwaitCancelled(2);
}

TEST_F(HttpServerTest, DrainTellsWhoIsWaitingAndEndsTheRest) {
  HttpPeer idle = Peer();
  EXPECT_EQ(idle.Ask("GET", "/healthz").status, 200);
  HttpPeer silent = Peer();
  ASSERT_TRUE(silent.Send(Call(kSilentPath)));
  HttpPeer stream = Peer();
  ASSERT_TRUE(stream.Send(Call(kEndlessPath)));
  EXPECT_EQ(stream.ReadHead().status, 200);
  HttpPeer half = Peer();
  ASSERT_TRUE(half.Send("GET /healthz HTTP/1.1\r\n"));
  const int port = server_->port();
  std::string streamed;
  std::thread reader([&] { streamed = stream.ReadChunks(SIZE_MAX); });
  while (backend_.requests().size() < 2) absl::SleepFor(absl::Milliseconds(1));
  server_->Drain(absl::Milliseconds(50));
  server_->Drain(absl::Milliseconds(50));  // does nothing
  reader.join();
  EXPECT_TRUE(idle.AwaitClose());
  EXPECT_TRUE(half.AwaitClose());
  const HttpAnswer told = silent.Read();
  EXPECT_EQ(told.Header("grpc-status"), "14");
  EXPECT_NE(told.Header("grpc-message").find("draining"), std::string::npos);
  EXPECT_EQ(ParseGrpcWeb(streamed).trailers["grpc-status"], "14") << "after its last message";
  EXPECT_FALSE(HttpPeer(port).Send("x")) << "nobody listens any more";
}

TEST_F(HttpServerTest, GarbageIsAnsweredOrHungUpOn) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    base::Random random(seed, 0);
    std::string bytes = seed % 2 == 0 ? Call(kUnaryPath, "abc") : "";
    if (bytes.empty()) bytes.resize(random.Below(3000) + 1);
    for (uint64_t i = 0; i < 1 + bytes.size() / 20; ++i) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
    }
    HttpPeer peer = Peer();
    (void)peer.Send(bytes);
    peer.Close();
  }
  HttpPeer tls = Peer();
  EXPECT_TRUE(tls.Send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)));
  EXPECT_EQ(tls.Read().status, 400);
  EXPECT_EQ(Peer().Ask("GET", "/healthz").status, 200);
}

TEST_F(HttpServerTest, ManyClientsComeAndGo) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  (void)Peer();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      base::Random random(static_cast<uint64_t>(t), 0);
      for (int i = 0; i < kRounds; ++i) {
        HttpPeer peer(server_->port());
        const char* const path = std::array{kUnaryPath, kSilentPath, kEndlessPath}[random.Below(3)];
        ASSERT_TRUE(peer.Send(Call(path, "m")));
        if (path == kUnaryPath) {
          EXPECT_TRUE(peer.Read().complete);
        }
        if (path == kEndlessPath) (void)peer.ReadSome();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  server_->Drain(absl::Seconds(5));
}

}  // namespace
}  // namespace parallax::server::http
