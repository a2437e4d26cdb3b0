#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"

namespace parallax::server {

/// Bytes of ingest streams that are read and not yet on disk, counted by caller and in all. Nothing
/// is dropped to keep the bounds: a stream that would exceed them is not read, so that HTTP/2 slows
/// its peer, until others have given back what it needs.
///
/// How much the next message of a stream brings is not known before it is read, so the last one's
/// bytes are set aside. What comes unforeseen, a larger message or the first one of a stream that
/// holds nothing, may take as much again as the bound. Beyond that a message is refused, unless its
/// stream holds nothing and it is no more than an equal share of the bound: however others behave,
/// a stream of small messages goes on. So at most three times the bound is ever held.
///
/// Who is held back goes on in order of asking, callers by turns; a stream that holds nothing is
/// never held back. Thread-safe; one short lock, never held while anybody is woken.
class ReadBudget {
 public:
  struct Limits {
    size_t per_caller = 0;   ///< not of callers without a name: those cannot be told apart
    size_t in_all = 0;       ///< of all callers
    size_t max_streams = 1;  ///< among which `in_all` is shared
  };
  struct Counts {
    uint64_t bytes = 0;      ///< that streams hold
    uint64_t held_back = 0;  ///< streams that wait to be read
    uint64_t holds = 0;      ///< how often a stream began to wait
    uint64_t refused = 0;    ///< messages for which there was no room at all
  };

  /// Who is held back.
  class Reader {
   public:
    virtual ~Reader() = default;
    /// MayRead says yes now. Called on any thread, without locks of the budget; must not block.
    virtual void OnRoom() = 0;
  };

  class Account;

  explicit ReadBudget(const Limits& limits) : limits_(limits) {}

  Counts counts() const;

 private:
  struct Caller {
    size_t limit = 0;
    size_t bytes = 0;  ///< held and set aside
    size_t accounts = 0;
    std::deque<Account*> waiting;
    bool has_turn = false;  ///< stands in turns_
  };
  using Woken = std::vector<std::weak_ptr<Reader>>;
  enum class Room { kEnough, kCallerHasTooLittle, kAllHaveTooLittle };

  /// Whether `bytes` more leave a caller, and all, within so many times their bounds.
  Room RoomFor(const Caller& caller, size_t bytes, size_t times) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetAside(Account& account, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hold(Account& account, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// What its caller has given back may be enough for who waits.
  void GiveTurn(Caller& caller) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Queue(Account& account, Room room) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unqueue(Account& account) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Lets go on whoever there is room for.
  Woken Grant() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Wake(const Woken& woken);

  const Limits limits_;
  mutable base::Mutex mutex_;
  std::map<std::string, Caller> callers_ ABSL_GUARDED_BY(mutex_);
  /// Callers that have who waits and, as far as is known, room of their own; the first is next.
  std::deque<Caller*> turns_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  ///< held and set aside
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

/// What one stream holds of a budget; given back with it. Only MayRead may be called under a lock
/// that Reader::OnRoom takes.
class ReadBudget::Account {
 public:
  /// @param caller  whose stream it is; empty where nobody has proven that
  Account(ReadBudget& budget, const std::string& caller);
  ~Account();
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  /// A message of so many bytes was read. False where there is no room for it.
  bool Take(size_t bytes);
  /// Whether the next message may be read. After a no, `reader` is told of the yes, once.
  bool MayRead(std::weak_ptr<Reader> reader);
  /// So many of its bytes are on disk, or dropped.
  void Release(size_t bytes);

 private:
  friend class ReadBudget;

  ReadBudget& budget_;
  std::map<std::string, Caller>::iterator caller_;  ///< constant after construction
  // Guarded by the budget's mutex.
  std::weak_ptr<Reader> reader_;
  size_t held_ = 0;
  size_t set_aside_ = 0;  ///< for the next message
  size_t last_ = 1;       ///< bytes of the last message
  bool waits_ = false;
};

}  // namespace parallax::server
