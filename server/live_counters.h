#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/mutex.h"
#include "parallax/v1/watch.pb.h"

namespace parallax::server {

/// What the live analysis has done since the start.
struct LiveCounts {
  uint64_t samples = 0;                        ///< read as they were stored
  uint64_t skipped = 0;                        ///< stored faster than they could be read
  uint64_t runs = 0;                           ///< followed now
  std::map<std::string, uint64_t> detections;  ///< by kind, "change" … "clock"; each kind is there
};

/// "change" of DETECTION_KIND_CHANGE.
std::string DetectionName(v1::DetectionKind kind);

/// Counts of the live analysis, for whoever asks. Thread-safe.
class LiveCounters {
 public:
  LiveCounters();

  template <typename Change>
  void Apply(const Change& change) {
    base::MutexLock lock(mutex_);
    change(&counts_);
  }
  LiveCounts Snapshot() const {
    base::MutexLock lock(mutex_);
    return counts_;
  }

 private:
  mutable base::Mutex mutex_;
  LiveCounts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::server
