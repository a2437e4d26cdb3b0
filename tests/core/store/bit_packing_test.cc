#include "core/store/bit_packing.h"

#include <gtest/gtest.h>

#include "core/base/random.h"
#include "core/store/integer_codec.h"

namespace parallax::store {
namespace {

TEST(ZigZag, OrdersByMagnitude) {
  EXPECT_EQ(ZigZag(0), 0u);
  EXPECT_EQ(ZigZag(-1), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
  EXPECT_EQ(ZigZag(INT64_MIN), UINT64_MAX);
  for (const int64_t value : {INT64_MIN, int64_t{-7}, int64_t{0}, int64_t{9}, INT64_MAX}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
}

TEST(PackIntegers, TakesTwoBytesForABlockOfEqualDifferences) {
  std::vector<int64_t> ramp;
  for (int64_t i = 0; i < 129; ++i) ramp.push_back(5 * i);
  std::string packed;
  PackIntegers(ramp, 1, &packed);
  EXPECT_EQ(packed.size(), 3u);  // head 0, minimum 5, width 0
}

std::vector<int64_t> RandomIntegers(uint64_t seed) {
  base::Random random(seed, 0);
  std::vector<int64_t> values(random.Below(400));
  const uint64_t bits = 1 + random.Below(64);
  for (int64_t& value : values) {
    const uint64_t word = (uint64_t{random()} << 32) | random();
    value = static_cast<int64_t>(word >> (64 - bits));
    if (random.Below(60) == 0) value = INT64_MIN;
  }
  return values;
}

class PackingSeeds : public ::testing::TestWithParam<int> {};

TEST_P(PackingSeeds, EveryOrderReturnsEveryInteger) {
  const std::vector<int64_t> values = RandomIntegers(static_cast<uint64_t>(GetParam()));
  for (int order = 0; order <= 2; ++order) {
    std::string packed;
    PackIntegers(values, order, &packed);
    ByteReader in(packed);
    std::vector<int64_t> back;
    ASSERT_TRUE(UnpackIntegers(in, order, values.size(), &back));
    EXPECT_EQ(back, values);
    EXPECT_EQ(in.remaining(), 0u);
  }
}

TEST_P(PackingSeeds, TheShortestWayReturnsEveryInteger) {
  const std::vector<int64_t> values = RandomIntegers(static_cast<uint64_t>(GetParam()));
  std::string bytes;
  PutIntegers(values, &bytes);
  ByteReader in(bytes);
  std::vector<int64_t> back;
  ASSERT_TRUE(ReadIntegers(in, values.size(), &back));
  EXPECT_EQ(back, values);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PackingSeeds, ::testing::Range(0, 50));

TEST(UnpackIntegers, RefusesACountThatTheInputCannotHold) {
  std::string packed;
  PackIntegers(std::vector<int64_t>{1, 2, 3}, 1, &packed);
  ByteReader in(packed);
  std::vector<int64_t> back;
  EXPECT_FALSE(UnpackIntegers(in, 1, size_t{1} << 40, &back));
  EXPECT_TRUE(back.empty());
}

TEST(UnpackIntegers, RefusesABitWidthOver64) {
  ByteReader in(std::string_view("\x00\x41zzzzzzzzzzzz", 14));
  std::vector<int64_t> back;
  EXPECT_FALSE(UnpackIntegers(in, 0, 1, &back));
}

TEST(ByteReader, RefusesAVarintOfMoreThan64Bits) {
  const std::string bytes(11, '\xff');
  ByteReader in(bytes);
  uint64_t value = 0;
  EXPECT_FALSE(in.ReadVarint(&value));
}

}  // namespace
}  // namespace parallax::store
