#include "server/security/call_budget.h"

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"

namespace parallax::server::security {
namespace {

absl::Status TooMuch(std::string_view of_whom, size_t bytes, size_t limit, std::string_view key) {
  return base::FieldStatus(
      absl::StatusCode::kResourceExhausted,
      {.field = "bytes of calls",
       .value = absl::StrFormat("%u", bytes),
       .bound = absl::StrFormat("<= %u", limit),
       .next_step = absl::StrFormat("read answers and try again, or raise %s", key)},
      absl::StrFormat("bytes of open calls of %s", of_whom));
}

}  // namespace

absl::Status CallBudget::CheckRoom(const std::string& caller, size_t bytes) {
  const auto found = by_caller_.find(caller);
  const size_t of_caller = bytes + (found == by_caller_.end() ? 0 : found->second);
  if (!caller.empty() && of_caller > limits_.per_caller) {
    ++counts_.refused_caller;
    return TooMuch(caller, of_caller, limits_.per_caller, "server.max_call_bytes_per_caller");
  }
  if (counts_.bytes + bytes > limits_.in_all) {
    ++counts_.refused_all;
    return TooMuch("all callers", counts_.bytes + bytes, limits_.in_all, "server.max_call_bytes");
  }
  return absl::OkStatus();
}

absl::StatusOr<CallBudget::Hold> CallBudget::Take(const std::string& caller, size_t bytes) {
  bytes += kCallBytes;
  base::MutexLock lock(mutex_);
  PARALLAX_RETURN_IF_ERROR(CheckRoom(caller, bytes));
  by_caller_[caller] += bytes;
  counts_.bytes += bytes;
  return Hold(*this, caller, bytes);
}

void CallBudget::Change(const std::string& caller, size_t from, size_t to) {
  base::MutexLock lock(mutex_);
  const auto of_caller = by_caller_.find(caller);
  of_caller->second = of_caller->second - from + to;
  if (of_caller->second == 0) by_caller_.erase(of_caller);
  counts_.bytes = counts_.bytes - from + to;
}

CallBudget::Counts CallBudget::counts() const {
  base::MutexLock lock(mutex_);
  return counts_;
}

CallBudget::Hold& CallBudget::Hold::operator=(Hold&& other) noexcept {
  Set(0);
  budget_ = std::exchange(other.budget_, nullptr);
  caller_ = std::move(other.caller_);
  request_ = std::exchange(other.request_, 0);
  held_ = std::exchange(other.held_, 0);
  return *this;
}

absl::Status CallBudget::Hold::Check() const {
  base::MutexLock lock(budget_->mutex_);
  return budget_->CheckRoom(caller_, 0);
}

void CallBudget::Hold::SetAnswer(size_t bytes) { Set(request_ + bytes); }

void CallBudget::Hold::Set(size_t bytes) {
  const size_t before = std::exchange(held_, bytes);
  if (budget_ != nullptr && before != bytes) budget_->Change(caller_, before, bytes);
}

}  // namespace parallax::server::security
