#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/mutex.h"

namespace parallax::server::security {

/// Bytes that calls and requests hold in memory, by caller and in all: of what was asked, until it
/// is answered, and of answers, until they are on their way to whoever asked. A caller who reads no
/// answers uses up its own part. Thread-safe.
class CallBudget {
 public:
  struct Limits {
    size_t per_caller = size_t{64} * 1024 * 1024;  ///< not of callers without a name
    size_t in_all = size_t{128} * 1024 * 1024;
  };
  struct Counts {
    uint64_t bytes = 0;           ///< held
    uint64_t refused_caller = 0;  ///< calls whose caller holds too much
    uint64_t refused_all = 0;     ///< calls while all hold too much
  };
  /// What a call takes beside its messages.
  static constexpr size_t kCallBytes = size_t{16} * 1024;

  class Hold;

  explicit CallBudget(const Limits& limits) : limits_(limits) {}

  /// Holds `bytes` of a request, and kCallBytes.
  /// @param caller  whose it is; empty where nobody has proven that
  /// Errors: ResourceExhausted with the bound; nothing is held.
  absl::StatusOr<Hold> Take(const std::string& caller, size_t bytes);

  Counts counts() const;

 private:
  /// Counts a call that is refused. Errors: ResourceExhausted where a caller, or all, hold too much
  /// with `bytes` more.
  absl::Status CheckRoom(const std::string& caller, size_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Change(const std::string& caller, size_t from, size_t to);

  const Limits limits_;
  mutable base::Mutex mutex_;
  std::map<std::string, size_t> by_caller_ ABSL_GUARDED_BY(mutex_);
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

/// What one call holds, given back with it. One owner at a time.
class CallBudget::Hold {
 public:
  Hold() = default;
  Hold(Hold&& other) noexcept { *this = std::move(other); }
  Hold& operator=(Hold&& other) noexcept;
  ~Hold() { Set(0); }

  /// Whether the caller, and all, still hold no more than they may: what was answered meanwhile
  /// counts. Errors: ResourceExhausted with the bound.
  absl::Status Check() const;
  /// Holds `bytes` of an answer beside the request, instead of the last answer's. What has been
  /// made is not refused.
  void SetAnswer(size_t bytes);

 private:
  friend class CallBudget;
  Hold(CallBudget& budget, std::string caller, size_t bytes)
      : budget_(&budget), caller_(std::move(caller)), request_(bytes), held_(bytes) {}
  void Set(size_t bytes);

  CallBudget* budget_ = nullptr;
  std::string caller_;
  size_t request_ = 0;
  size_t held_ = 0;
};

}  // namespace parallax::server::security
