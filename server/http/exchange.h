#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "server/http/message.h"

namespace parallax::server::http {

/// Runs a task on the server's thread; callable from any thread. The server does not end as long as
/// a copy is held.
using Post = std::function<void(std::function<void()>)>;

/// A part of a body that is made while it is sent.
struct Piece {
  std::string bytes;
  bool last = false;
};

/// A request whose answer takes time. Lives on the server's thread, as do the callbacks that it is
/// given; it calls each of them once.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Begins to work. `done` takes the whole answer, or the head of one in pieces.
  virtual void Answer(std::function<void(Response)> done) = 0;
  /// Asked for when everything before is on the wire: a slow reader holds one piece in memory.
  virtual void NextPiece(std::function<void(Piece)> done) = 0;
  /// The peer is gone, or the server cannot wait any longer: ends early, saying `why`.
  virtual void Cancel(const absl::Status& why) = 0;
};

using Reply = std::variant<Response, std::shared_ptr<Exchange>>;

/// What answers requests. Called on the server's thread; must not block.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Judges a request by its head, before its body is read: the refusal, or nothing and, in
  /// `head->room`, what its body takes.
  virtual std::optional<Response> Refuse(Request* head) = 0;
  virtual Reply Handle(Request request, const Post& post) = 0;
  /// A connection was closed since as many as may be were open.
  virtual void OnTooManyConnections() = 0;
  /// The words for a request that cannot be read, with the HTTP status that says so; `head` as far
  /// as it is known.
  virtual Response Unreadable(unsigned status, const absl::Status& why, const Request& head) = 0;
};

}  // namespace parallax::server::http
