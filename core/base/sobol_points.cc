#include "core/base/sobol_points.h"

#include <array>
#include <bit>
#include <boost/random/sobol.hpp>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/random.h"

namespace parallax::base {
namespace {

constexpr int kDigits = 32;
constexpr int kMaxDimension = 1024;
constexpr int kMaxCount = 1 << 20;

using Directions = std::array<uint32_t, kDigits>;

/// Direction numbers of each coordinate: what the k-th bit of the Gray-coded index adds.
std::vector<Directions> UnscrambledDirections(int dimension) {
  boost::random::sobol_engine<uint32_t, kDigits> engine(dimension);
  std::vector<Directions> directions(dimension);
  for (int k = 0; k < kDigits; ++k) {
    // Boost leaves the point zero out: its seed s gives point s + 1, whose Gray code is 2^k here.
    engine.seed(static_cast<uint32_t>((uint64_t{2} << k) - 2));
    for (Directions& one : directions) one[k] = engine();
  }
  return directions;
}

/// Random flips of one coordinate's digits, each flip a function of all digits before it. `levels`
/// digits tell the points apart; below them every point has flips of its own.
class NestedFlips {
 public:
  NestedFlips(int levels, Random& random) : levels_(levels), tree_((size_t{1} << levels) / 32 + 1) {
    for (uint32_t& word : tree_) word = random();
  }

  uint32_t Apply(uint32_t digits, Random& random) const {
    uint32_t flips = levels_ == kDigits ? 0 : random() >> levels_;
    for (int level = 0; level < levels_; ++level) {
      // Node of the binary tree that the digits so far lead to.
      const auto node =
          static_cast<uint32_t>((uint64_t{1} << kDigits | digits) >> (kDigits - level));
      const uint32_t flip = tree_[node / 32] >> (node % 32) & 1u;
      flips |= flip << (kDigits - 1 - level);
    }
    return digits ^ flips;
  }

 private:
  int levels_;
  std::vector<uint32_t> tree_;
};

}  // namespace

absl::StatusOr<Eigen::MatrixXd> SobolPoints(int dimension, int count, uint64_t seed,
                                            uint64_t stream) {
  if (dimension < 1 || dimension > kMaxDimension || count < 1 || count > kMaxCount) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d points in %d dimensions, must be 1 to %d in 1 to %d", count, dimension,
                        kMaxCount, kMaxDimension));
  }
  Random random(seed, stream);
  const std::vector<Directions> directions = UnscrambledDirections(dimension);
  const auto levels = static_cast<int>(std::bit_width(static_cast<uint32_t>(count - 1)));
  Eigen::MatrixXd points(count, dimension);
  for (int j = 0; j < dimension; ++j) {
    const NestedFlips flips(levels, random);
    uint32_t digits = 0;
    for (uint32_t k = 0; k < static_cast<uint32_t>(count); ++k) {
      if (k > 0) digits ^= directions[j][std::countr_zero(k)];
      // The middle of the cell, so that neither 0 nor 1 occurs.
      points(k, j) = (flips.Apply(digits, random) + 0.5) * 0x1p-32;
    }
  }
  return points;
}

}  // namespace parallax::base
