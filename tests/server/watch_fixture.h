#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/server/daemon_fixture.h"
#include "tests/server/watch_requests.h"

namespace parallax::server {

inline constexpr char kWatchedRun[] = "rigs/board/runs/one";

/// The watcher's end of a stream. Whatever a test does wrong, it ends after a minute.
class TestWatch {
 public:
  TestWatch(v1::QueryService::Stub& stub, const v1::WatchRequest& request) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    reader_ = stub.Watch(&context_, request);
  }
  ~TestWatch() {
    context_.TryCancel();
    if (!finished_) (void)Finish();
  }

  /// The next event; nothing set where the stream is over.
  v1::WatchResponse Next() {
    v1::WatchResponse response;
    if (!reader_->Read(&response)) response.Clear();
    return response;
  }
  /// Reads up to and including the first event that `wanted` accepts; it, or nothing set.
  template <typename Wanted>
  v1::WatchResponse Await(Wanted wanted) {
    v1::WatchResponse response;
    while (reader_->Read(&response)) {
      if (wanted(response)) return response;
    }
    return {};
  }
  v1::WatchResponse AwaitCaughtUp() {
    return Await([](const v1::WatchResponse& event) { return event.has_caught_up(); });
  }
  absl::Status Finish() {
    finished_ = true;
    v1::WatchResponse response;
    while (reader_->Read(&response)) {
    }
    return FromGrpc(reader_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
  bool finished_ = false;
};

/// A daemon to which a board streams, and requests to watch it.
class WatchingTest : public DaemonTest {
 protected:
  /// Streams batches [first, first + count) of five rows.
  void StreamBatches(uint64_t first, uint64_t count) {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (uint64_t seq = first; seq < first + count; ++seq) stream.Send(BoardBatch(seq, kRows));
    ASSERT_EQ(stream.AwaitAck(first + count - 1).seq(), first + count - 1);
  }

  void CloseRun() {
    v1::CloseRunRequest request;
    request.set_name(kWatchedRun);
    ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CloseRun, request).ok());
  }
};

}  // namespace parallax::server
