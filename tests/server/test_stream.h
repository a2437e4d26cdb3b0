#pragma once

#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "parallax/v1/ingest.grpc.pb.h"

namespace parallax::server {

/// The producer's end of a stream, one call at a time. Whatever a test does wrong, it ends after a
/// minute.
class TestStream {
 public:
  explicit TestStream(v1::IngestService::Stub& stub);
  ~TestStream();

  /// Both are false once the stream is over.
  bool Send(const v1::StreamRequest& request) { return stream_->Write(request); }
  bool Read(v1::StreamResponse* response) { return stream_->Read(response); }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  /// Sends Hello and reads the answer; an unset Welcome where the stream ended instead.
  v1::Welcome Open(const v1::StreamRequest& hello);
  /// Reads acks until one covers `seq`; the last one read, unset where the stream ended before.
  v1::Ack AwaitAck(uint64_t seq);
  /// Reads what is left and returns how the stream ended.
  absl::Status Finish();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;
  bool finished_ = false;
};

}  // namespace parallax::server
