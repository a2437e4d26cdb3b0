#include "core/base/random.h"

#include <boost/math/special_functions/erf.hpp>
#include <cmath>

#include "core/base/check.h"

namespace parallax::base {
namespace {

// Philox multipliers and Weyl increments (Salmon et al. 2011, table 2).
constexpr uint64_t kMultiplier0 = 0xD2511F53;
constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9;
constexpr uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;
constexpr uint64_t kMax64 = std::numeric_limits<uint64_t>::max();

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0];
    const uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

// The seed is the key; the stream is the upper half of the counter, so that streams never meet
// before 2^64 blocks.
Random::Random(uint64_t seed, uint64_t stream)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      counter_{0, 0, static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)} {}

void Random::Refill() {
  block_ = Philox4x32(counter_, key_);
  if (++counter_[0] == 0) ++counter_[1];
  used_ = 0;
}

uint32_t Random::operator()() {
  if (used_ == 4) Refill();
  return block_[used_++];
}

double Random::Uniform() {
  const uint64_t high = (*this)();
  const uint64_t low = (*this)();
  // 52 random bits plus a last bit that is always set: an odd multiple of 2^-53, never 0 or 1.
  const uint64_t odd = (((high << 32 | low) >> 12) << 1) | 1;
  return static_cast<double>(odd) * 0x1p-53;
}

double Random::Normal() {
  // Without promotion to long double the result does not depend on the CPU's extended precision.
  using Policy = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  return -std::sqrt(2.0) * boost::math::erfc_inv(2.0 * Uniform(), Policy());
}

uint64_t Random::Below(uint64_t bound) {
  PARALLAX_CHECK(bound > 0);
  const uint64_t limit = kMax64 - kMax64 % bound;  // draws beyond it would be biased
  while (true) {
    const uint64_t high = (*this)();
    const uint64_t draw = high << 32 | (*this)();
    if (draw < limit) return draw % bound;
  }
}

}  // namespace parallax::base
