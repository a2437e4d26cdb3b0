#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "core/store/store.h"
#include "server/session_registry.h"

namespace parallax::server {

/// What retention did since the start.
struct RetentionCounts {
  uint64_t runs = 0;     ///< retired
  uint64_t samples = 0;  ///< that they had
};

/// Retires runs whose rig keeps samples no longer. Thread-safe; RetireDue() one call at a time.
class Retention {
 public:
  using OnChanged = std::function<void(const std::string& run_name)>;

  /// Store and registry outlive it. @param on_changed  told of each run that was retired
  Retention(store::Store& store, SessionRegistry& registry, OnChanged on_changed)
      : store_(store), registry_(registry), on_changed_(std::move(on_changed)) {}

  /// Retires every run that is due (Store::ListRunsToRetire) and that no stream is open to, with a
  /// line in the log for each. What fails is logged and tried again with the next call.
  void RetireDue();
  /// Lets RetireDue() end after the run that it is at.
  void Stop() { stopping_ = true; }
  RetentionCounts counts() const { return {.runs = runs_, .samples = samples_}; }

 private:
  void Retire(const store::RunKey& run);

  store::Store& store_;
  SessionRegistry& registry_;
  const OnChanged on_changed_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> runs_{0};
  std::atomic<uint64_t> samples_{0};
};

}  // namespace parallax::server
