#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "core/base/sha256.h"
#include "core/signal/rig.h"
#include "core/store/store.h"

namespace parallax::server {

/// SHA-256 over stored samples. Of each run, in order of (start, id), and of each channel that has
/// samples, in the rig's order: run id, NUL, "device/channel", NUL, number of samples, then of each
/// sample, in order of (source time, arrival): source time [ns], IEEE 754 bits of the value, packed
/// quality. Integers are little-endian, 64 bits; quality is one byte.
class SeriesDigest {
 public:
  explicit SeriesDigest(store::Store& store) : store_(store) {}

  absl::Status AddRun(const signal::Rig& rig, const std::string& run);
  absl::Status AddAllRuns(const signal::Rig& rig);
  uint64_t samples() const { return samples_; }
  std::string FinishHex() { return sha256_.FinishHex(); }

 private:
  store::Store& store_;
  base::Sha256 sha256_;
  uint64_t samples_ = 0;
};

}  // namespace parallax::server
