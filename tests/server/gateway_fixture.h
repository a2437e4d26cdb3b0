#pragma once

#include <string>

#include "absl/time/clock.h"
#include "server/http/grpc_web_frame.h"
#include "tests/server/daemon_fixture.h"
#include "tests/server/http/http_peer.h"

namespace parallax::server {

inline constexpr char kGetRun[] = "/parallax.v1.QueryService/GetRun";
inline constexpr char kGetSeries[] = "/parallax.v1.QueryService/GetSeries";
// Ends with its call alone; its messages are 08 01 (SERVING), 08 02 (NOT_SERVING).
inline constexpr char kHealthWatch[] = "/grpc.health.v1.Health/Watch";
inline constexpr char kServing[] = "\x08\x01";
inline constexpr char kNotServing[] = "\x08\x02";

/// A whole daemon, asked over its HTTP port.
class GatewayTest : public DaemonTest {
 protected:
  http::HttpPeer Peer() { return http::HttpPeer(daemon_->http_port()); }

  static http::HttpPeer::Fields WebFields(const http::HttpPeer::Fields& more = {}) {
    http::HttpPeer::Fields fields = {{"Content-Type", "application/grpc-web+proto"},
                                     {"X-Grpc-Web", "1"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }
  http::HttpAnswer Web(const std::string& path, const std::string& message,
                       const http::HttpPeer::Fields& more = {}) {
    return Peer().Ask("POST", path, WebFields(more), http::MessageFrame(message));
  }
  http::HttpAnswer Json(const std::string& path, const std::string& body,
                        const http::HttpPeer::Fields& more = {}) {
    http::HttpPeer::Fields fields = {{"Content-Type", "application/json"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return Peer().Ask("POST", path, fields, body);
  }
  static std::string RunName(const std::string& name) {
    v1::GetRunRequest request;
    request.set_name(name);
    return request.SerializeAsString();
  }
  static std::string RawSeries() {
    v1::GetSeriesRequest request;
    request.set_run("rigs/board/runs/one");
    request.set_channel("board/T1");
    request.set_form(v1::SERIES_FORM_RAW);
    return request.SerializeAsString();
  }
  void Ingest(uint64_t batches, int rows) {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (uint64_t seq = 0; seq < batches; ++seq) stream.Send(BoardBatch(seq, rows));
    ASSERT_EQ(stream.AwaitAck(batches - 1).seq(), batches - 1);
    // To its end: batches that are stored already are acknowledged before they come once more.
    stream.HalfClose();
    const absl::Status ended = stream.Finish();
    ASSERT_TRUE(ended.ok()) << ended;
  }
  /// Of a line of /metrics: the value after `name`; -1 where there is none.
  double Metric(const std::string& name) {
    const std::string text = "\n" + Peer().Ask("GET", "/metrics").body;
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1.0 : std::stod(text.substr(at + name.size() + 2));
  }
  /// Waits for what the daemon comes to know in its own time.
  void AwaitMetric(const std::string& name, double value) {
    for (int i = 0; i < 5000 && Metric(name) != value; ++i) absl::SleepFor(absl::Milliseconds(1));
    EXPECT_EQ(Metric(name), value) << name;
  }
  /// Opens a stream that does not end and reads what it begins with.
  void Watch(http::HttpPeer& peer) {
    ASSERT_TRUE(peer.Send(
        http::HttpPeer::Bytes("POST", kHealthWatch, WebFields(), http::MessageFrame(""))));
    ASSERT_EQ(peer.ReadHead().status, 200);
    ASSERT_EQ(peer.ReadChunks(1), http::MessageFrame(kServing));
  }
};

}  // namespace parallax::server
