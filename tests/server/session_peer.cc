#include "tests/server/session_peer.h"

#include <gtest/gtest.h>

#include <utility>

#include "server/session_registry.h"

namespace parallax::server {

SessionPeer::SessionPeer(const IngestContext& context, Reads reads)
    : registry_(context.registry),
      requests_(context.requests),
      reads_(reads),
      state_(std::make_shared<State>()),
      session_(std::make_shared<RigSession>(context, *this, "")) {
  if (absl::Status status = registry_.Add(session_, ""); !status.ok()) {
    session_->Refuse(std::move(status));
  }
  transport_ = std::thread([this] { CompleteWrites(); });
}

SessionPeer::~SessionPeer() {
  HangUp();
  (void)Finish();
  transport_.join();
  registry_.Remove(session_);
}

void SessionPeer::CompleteWrites() {
  for (;;) {
    bool ok = false;
    {
      State& state = *state_;
      base::MutexLock lock(state.mutex);
      while (!state.end && !(state.writing && (state.cancelled || reads_ == Reads::kPromptly))) {
        state.changed.Wait(state.mutex);
      }
      if (state.end) return;
      ok = !state.cancelled;
      if (ok) state.written.push_back(*std::move(state.writing));
      state.writing.reset();
      state.changed.NotifyAll();
    }
    session_->OnWritten(ok);
  }
}

bool SessionPeer::Send(v1::StreamRequest request) {
  State& state = *state_;
  {
    base::MutexLock lock(state.mutex);
    while (!state.end && !state.may_send) state.changed.Wait(state.mutex);
    if (state.end) return false;
    state.may_send = false;  // before the session sees it: it may ask for the next at once
  }
  StreamRequestPool::Handle read = requests_.Take();
  read->message() = std::move(request);
  if (session_->OnMessage(std::move(read)) == NextRead::kStart) ReadNext();
  return true;
}

std::optional<v1::StreamResponse> SessionPeer::Read() {
  State& state = *state_;
  base::MutexLock lock(state.mutex);
  while (!state.end && state.written.empty()) state.changed.Wait(state.mutex);
  if (state.written.empty()) return std::nullopt;
  v1::StreamResponse response = std::move(state.written.front());
  state.written.pop_front();
  return response;
}

v1::Welcome SessionPeer::Open(const v1::StreamRequest& hello) {
  if (!Send(hello)) return {};
  const std::optional<v1::StreamResponse> response = Read();
  return response ? response->welcome() : v1::Welcome();
}

v1::Ack SessionPeer::AwaitAck(uint64_t seq) {
  while (const std::optional<v1::StreamResponse> response = Read()) {
    if (response->has_ack() && response->ack().seq() >= seq) return response->ack();
  }
  return {};
}

absl::Status SessionPeer::Finish() {
  State& state = *state_;
  base::MutexLock lock(state.mutex);
  while (!state.end) state.changed.Wait(state.mutex);
  return *state.end;
}

void SessionPeer::ReadNext() {
  State& state = *state_;
  base::MutexLock lock(state.mutex);
  EXPECT_FALSE(state.may_send) << "two reads in flight";
  state.may_send = true;
  state.changed.NotifyAll();
}

void SessionPeer::Send(v1::StreamResponse response) {
  State& state = *state_;
  base::MutexLock lock(state.mutex);
  EXPECT_FALSE(state.writing.has_value()) << "two writes in flight";
  EXPECT_FALSE(state.end.has_value()) << "a write after the end";
  state.writing = std::move(response);
  state.changed.NotifyAll();
}

void SessionPeer::CancelWrite() {
  State& state = *state_;
  base::MutexLock lock(state.mutex);
  state.cancelled = true;
  state.changed.NotifyAll();
}

void SessionPeer::Close(const absl::Status& status) {
  // The test may drop the peer as soon as it sees the end.
  const std::shared_ptr<State> kept = state_;
  State& state = *kept;
  base::MutexLock lock(state.mutex);
  EXPECT_FALSE(state.writing.has_value()) << "the end within a write";
  EXPECT_FALSE(state.end.has_value()) << "two ends";
  state.end = status;
  state.changed.NotifyAll();
}

}  // namespace parallax::server
