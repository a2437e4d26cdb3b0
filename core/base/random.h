#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace parallax::base {

/// One block of Philox4x32-10: four words from a counter and a key.
/// Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// Counter-based generator Philox4x32-10: one independent stream for each (seed, stream), so that
/// results do not depend on which thread runs which task. A std uniform random bit generator of 32
/// bits; the draws below are our own so that they are the same with every standard library.
class Random {
 public:
  using result_type = uint32_t;

  Random(uint64_t seed, uint64_t stream);

  static constexpr uint32_t min() { return 0; }
  static constexpr uint32_t max() { return std::numeric_limits<uint32_t>::max(); }
  uint32_t operator()();

  /// Uniform on the open interval (0, 1): an odd multiple of 2^-53.
  double Uniform();
  /// Standard normal (inverse distribution function, so one uniform a draw).
  double Normal();
  /// Uniform integer in [0, bound), without modulo bias. REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound);

 private:
  void Refill();

  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace parallax::base
