#include "core/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace parallax::base {
namespace {

using Block = std::array<uint32_t, 4>;

// Known answers of the Random123 library, tests/kat_vectors, philox4x32 10.
TEST(Philox, GivesKnownAnswerForZeros) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(Philox, GivesKnownAnswerForOnes) {
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Philox, GivesKnownAnswerForDigitsOfPi) {
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, FirstWordsAreTheBlockOfCounterZero) {
  Random random(0, 0);
  EXPECT_EQ(random(), 0x6627e8d5u);
  EXPECT_EQ(random(), 0xe169c58du);
  EXPECT_EQ(random(), 0xbc57ac4cu);
  EXPECT_EQ(random(), 0x9b00dbd8u);
}

TEST(Random, SameSeedAndStreamRepeat) {
  Random a(7, 3), b(7, 3);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(a(), b());
}

TEST(Random, SeedsAndStreamsDiffer) {
  std::set<uint32_t> first;
  for (uint64_t k = 0; k < 100; ++k) {
    first.insert(Random(k, 0)());
    first.insert(Random(0, k + 1)());
  }
  EXPECT_EQ(first.size(), 200u);
}

TEST(Random, UniformHasMomentsOfUniform) {
  Random random(1, 0);
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.Uniform();
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 4.0 / std::sqrt(12.0 * kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3.0, 4.0 * 0.3 / std::sqrt(1.0 * kDraws));
}

TEST(Random, NormalHasMomentsOfNormal) {
  Random random(2, 5);
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = random.Normal();
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }
  const double root = std::sqrt(1.0 * kDraws);
  EXPECT_NEAR(sum / kDraws, 0.0, 4.0 / root);
  EXPECT_NEAR(squares / kDraws, 1.0, 4.0 * std::sqrt(2.0) / root);
  EXPECT_NEAR(fourth / kDraws, 3.0, 4.0 * std::sqrt(96.0) / root);
}

TEST(Random, BelowIsUniformOverItsRange) {
  Random random(3, 0);
  std::vector<int> counts(7, 0);
  constexpr int kDraws = 70'000;
  for (int i = 0; i < kDraws; ++i) ++counts[random.Below(7)];
  double chi_squared = 0.0;
  for (const int count : counts) chi_squared += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
  EXPECT_LT(chi_squared, 22.46);  // 0.999 quantile with 6 degrees of freedom
}

TEST(Random, BelowOneIsZero) {
  Random random(4, 0);
  EXPECT_EQ(random.Below(1), 0u);
}

TEST(RandomDeathTest, BelowZeroIsABrokenInvariant) {
  Random random(5, 0);
  EXPECT_DEATH(random.Below(0), "bound > 0");
}

}  // namespace
}  // namespace parallax::base
