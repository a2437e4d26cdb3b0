#include "server/read_budget.h"

#include <limits>
#include <utility>

#include "core/base/check.h"

namespace parallax::server {

ReadBudget::Counts ReadBudget::counts() const {
  base::MutexLock lock(mutex_);
  return counts_;
}

ReadBudget::Room ReadBudget::RoomFor(const Caller& caller, size_t bytes, size_t times) const {
  const auto exceeds = [&](size_t held, size_t limit) {
    return limit < std::numeric_limits<size_t>::max() / times && held + bytes > limit * times;
  };
  if (exceeds(caller.bytes, caller.limit)) return Room::kCallerHasTooLittle;
  return exceeds(bytes_, limits_.in_all) ? Room::kAllHaveTooLittle : Room::kEnough;
}

void ReadBudget::SetAside(Account& account, size_t bytes) {
  Caller& caller = account.caller_->second;
  caller.bytes = caller.bytes - account.set_aside_ + bytes;
  bytes_ = bytes_ - account.set_aside_ + bytes;
  account.set_aside_ = bytes;
}

void ReadBudget::Hold(Account& account, size_t bytes) {
  Caller& caller = account.caller_->second;
  caller.bytes = caller.bytes - account.held_ + bytes;
  bytes_ = bytes_ - account.held_ + bytes;
  counts_.bytes = counts_.bytes - account.held_ + bytes;
  account.held_ = bytes;
}

void ReadBudget::GiveTurn(Caller& caller) {
  if (caller.waiting.empty() || std::exchange(caller.has_turn, true)) return;
  turns_.push_back(&caller);
}

void ReadBudget::Queue(Account& account, Room room) {
  Caller& caller = account.caller_->second;
  const bool is_first = caller.waiting.empty();
  caller.waiting.push_back(&account);
  account.waits_ = true;
  ++counts_.held_back;
  ++counts_.holds;
  // A caller without room of its own is nobody's to wait for.
  if (is_first && room != Room::kCallerHasTooLittle) GiveTurn(caller);
}

void ReadBudget::Unqueue(Account& account) {
  if (!std::exchange(account.waits_, false)) return;
  --counts_.held_back;
  Caller& caller = account.caller_->second;
  std::erase(caller.waiting, &account);
  if (!caller.waiting.empty() || !std::exchange(caller.has_turn, false)) return;
  std::erase(turns_, &caller);
}

ReadBudget::Woken ReadBudget::Grant() {
  Woken woken;
  while (!turns_.empty()) {
    Caller& caller = *turns_.front();
    Account& first = *caller.waiting.front();
    const Room room = RoomFor(caller, first.last_, 1);
    if (room == Room::kAllHaveTooLittle) break;  // nobody overtakes it
    turns_.pop_front();
    caller.has_turn = false;
    // It gets its next turn when it gives something back.
    if (room == Room::kCallerHasTooLittle) continue;
    Unqueue(first);
    SetAside(first, first.last_);
    woken.push_back(first.reader_);
    GiveTurn(caller);
  }
  return woken;
}

void ReadBudget::Wake(const Woken& woken) {
  for (const std::weak_ptr<Reader>& weak : woken) {
    if (const std::shared_ptr<Reader> reader = weak.lock()) reader->OnRoom();
  }
}

ReadBudget::Account::Account(ReadBudget& budget, const std::string& caller) : budget_(budget) {
  base::MutexLock lock(budget_.mutex_);
  caller_ = budget_.callers_.try_emplace(caller).first;
  caller_->second.limit =
      caller.empty() ? std::numeric_limits<size_t>::max() : budget_.limits_.per_caller;
  ++caller_->second.accounts;
}

ReadBudget::Account::~Account() {
  Woken woken;
  {
    base::MutexLock lock(budget_.mutex_);
    budget_.Unqueue(*this);
    budget_.SetAside(*this, 0);
    budget_.Hold(*this, 0);
    Caller& caller = caller_->second;
    budget_.GiveTurn(caller);
    if (--caller.accounts == 0) budget_.callers_.erase(caller_);
    woken = budget_.Grant();
  }
  Wake(woken);
}

bool ReadBudget::Account::Take(size_t bytes) {
  Woken woken;
  bool taken = false;
  {
    base::MutexLock lock(budget_.mutex_);
    const bool foreseen = bytes <= set_aside_;
    budget_.SetAside(*this, 0);
    const size_t share = budget_.limits_.in_all / budget_.limits_.max_streams;
    taken = foreseen || (held_ == 0 && bytes <= share) ||
            budget_.RoomFor(caller_->second, bytes, 2) == Room::kEnough;
    if (taken) {
      budget_.Hold(*this, held_ + bytes);
      last_ = bytes;
    } else {
      ++budget_.counts_.refused;
    }
    budget_.GiveTurn(caller_->second);
    woken = budget_.Grant();
  }
  Wake(woken);
  return taken;
}

bool ReadBudget::Account::MayRead(std::weak_ptr<Reader> reader) {
  base::MutexLock lock(budget_.mutex_);
  if (held_ == 0 || set_aside_ > 0) return true;
  if (waits_) return false;
  const Room room = budget_.RoomFor(caller_->second, last_, 1);
  const bool overtakes = !caller_->second.waiting.empty() || !budget_.turns_.empty();
  if (!overtakes && room == Room::kEnough) {
    budget_.SetAside(*this, last_);
    return true;
  }
  reader_ = std::move(reader);
  budget_.Queue(*this, room);
  return false;
}

void ReadBudget::Account::Release(size_t bytes) {
  Woken woken;
  {
    base::MutexLock lock(budget_.mutex_);
    PARALLAX_CHECK(bytes <= held_);
    budget_.Hold(*this, held_ - bytes);
    if (held_ == 0) {
      // From here it needs no room to be read.
      budget_.SetAside(*this, 0);
      if (waits_) woken.push_back(reader_);
      budget_.Unqueue(*this);
    }
    budget_.GiveTurn(caller_->second);
    Woken others = budget_.Grant();
    woken.insert(woken.end(), others.begin(), others.end());
  }
  Wake(woken);
}

}  // namespace parallax::server
