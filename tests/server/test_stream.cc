#include "tests/server/test_stream.h"

#include <chrono>

#include "server/status.h"

namespace parallax::server {

TestStream::TestStream(v1::IngestService::Stub& stub) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  stream_ = stub.Stream(&context_);
}

TestStream::~TestStream() {
  if (finished_) return;
  Cancel();
  (void)Finish();
}

v1::Welcome TestStream::Open(const v1::StreamRequest& hello) {
  v1::StreamResponse response;
  if (!Send(hello) || !Read(&response)) return {};
  return response.welcome();
}

v1::Ack TestStream::AwaitAck(uint64_t seq) {
  v1::StreamResponse response;
  while (Read(&response)) {
    if (response.has_ack() && response.ack().seq() >= seq) return response.ack();
  }
  return {};
}

absl::Status TestStream::Finish() {
  finished_ = true;
  v1::StreamResponse response;
  while (Read(&response)) {
  }
  return FromGrpc(stream_->Finish());
}

}  // namespace parallax::server
