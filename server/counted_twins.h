#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/twin/twin.h"

namespace parallax::server {

/// Twins that count how often they are evaluated; otherwise they are the ones they stand for.
/// Thread-safe.
class CountedTwins {
 public:
  explicit CountedTwins(twin::Registry twins);

  const twin::Registry& registry() const { return registry_; }
  /// Predictions since the start, by the twin's name.
  std::map<std::string, uint64_t> Evaluations() const;

 private:
  const twin::Registry twins_;
  std::vector<std::unique_ptr<std::atomic<uint64_t>>> counts_;  ///< in the order of twins_.List()
  twin::Registry registry_;
};

}  // namespace parallax::server
