#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "server/ingest_context.h"
#include "server/rig_session.h"

namespace parallax::server {

/// Whether a peer takes what is written to it.
enum class Reads { kPromptly, kNever };

/// A producer and the transport between it and its session, on threads of the test's own: what
/// IngestReactor and gRPC are to a real stream. Checks that the session keeps StreamSink's rules.
/// Waits end when the stream does. Send from one thread, Read from one thread.
class SessionPeer final : public StreamSink {
 public:
  explicit SessionPeer(const IngestContext& context, Reads reads = Reads::kPromptly);
  ~SessionPeer() override;  ///< hangs up where the stream is open

  /// Waits until the session reads; false once the stream is over.
  bool Send(v1::StreamRequest request);
  /// Waits for a response; nothing once the stream is over and all were read.
  std::optional<v1::StreamResponse> Read();
  /// Sends Hello and reads the answer; an unset Welcome where the stream ended instead.
  v1::Welcome Open(const v1::StreamRequest& hello);
  /// Reads acks until one covers `seq`; the last one read, unset where the stream ended before.
  v1::Ack AwaitAck(uint64_t seq);
  void HalfClose() { session_->OnInputEnd(); }
  void HangUp() { session_->OnPeerGone(); }
  /// Waits for the end of the stream and returns it.
  absl::Status Finish();

  // For the session.
  absl::Status CheckRig(const std::string& /*rig*/) override { return absl::OkStatus(); }
  void ReadNext() override;
  void Send(v1::StreamResponse response) override;
  void CancelWrite() override;
  void Close(const absl::Status& status) override;

 private:
  /// Outlives the peer for as long as Close() needs it.
  struct State {
    base::Mutex mutex;
    base::CondVar changed;
    bool may_send ABSL_GUARDED_BY(mutex) = true;  ///< a read is in flight
    bool cancelled ABSL_GUARDED_BY(mutex) = false;
    std::optional<v1::StreamResponse> writing ABSL_GUARDED_BY(mutex);
    std::deque<v1::StreamResponse> written ABSL_GUARDED_BY(mutex);
    std::optional<absl::Status> end ABSL_GUARDED_BY(mutex);
  };

  void CompleteWrites();

  SessionRegistry& registry_;
  StreamRequestPool& requests_;
  const Reads reads_;
  const std::shared_ptr<State> state_;
  const std::shared_ptr<RigSession> session_;
  std::thread transport_;
};

}  // namespace parallax::server
