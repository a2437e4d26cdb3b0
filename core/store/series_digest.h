#pragma once

#include <cstdint>
#include <string>

#include "core/base/sha256.h"
#include "core/signal/run.h"

namespace parallax::store {

/// SHA-256 over samples. Of each run, in order of (start, id), and of each channel that has
/// samples, in the rig's order: run id, NUL, "device/channel", NUL, number of samples, then of each
/// sample, in order of (source time, arrival): source time [ns], IEEE 754 bits of the value, packed
/// quality. Integers are little-endian, 64 bits; quality is one byte.
class SeriesDigest {
 public:
  /// Adds a channel of a run; one without samples adds nothing.
  void Add(const std::string& run, const signal::Series& series);
  uint64_t samples() const { return samples_; }
  std::string FinishHex() { return sha256_.FinishHex(); }

 private:
  base::Sha256 sha256_;
  uint64_t samples_ = 0;
};

}  // namespace parallax::store
