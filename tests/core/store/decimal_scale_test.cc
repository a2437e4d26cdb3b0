#include "core/store/decimal_scale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace parallax::store {
namespace {

TEST(ScaleToIntegers, FindsTheLeastExponent) {
  const std::vector<double> values = {21.35, 22.0, -3.1};
  ScaledColumn column;
  ASSERT_TRUE(ScaleToIntegers(values, &column));
  EXPECT_EQ(column.exponent, 2);
  EXPECT_EQ(column.integers, (std::vector<int64_t>{2135, 2200, -310}));
}

TEST(ScaleToIntegers, RaisesTheExponentForAFinerValueInTheMiddle) {
  const std::vector<double> values = {1.0, 2.0, 3.0, 0.125, 4.0, 5.0, 6.0};
  ScaledColumn column;
  ASSERT_TRUE(ScaleToIntegers(values, &column));
  EXPECT_EQ(column.exponent, 3);
  EXPECT_EQ(column.integers[3], 125);
  EXPECT_EQ(column.integers[0], 1000);
}

TEST(ScaleToIntegers, RefusesWhatDecimalsCannotReturn) {
  for (const double value :
       {-0.0, 2.0 / 3.0, 1e300, 5e-324, std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    ScaledColumn column;
    EXPECT_FALSE(ScaleToIntegers(std::vector<double>{1.0, value}, &column)) << value;
  }
}

TEST(ScaleToIntegers, TakesIntegersUpTo2To53) {
  const double greatest = 9007199254740991.0;
  ScaledColumn column;
  ASSERT_TRUE(ScaleToIntegers(std::vector<double>{greatest}, &column));
  EXPECT_EQ(column.integers[0], 9007199254740991);
  EXPECT_FALSE(ScaleToIntegers(std::vector<double>{greatest + 1.0}, &column));
}

TEST(ScaleToIntegers, ReturnsEveryBitOfDecimalsOfAnyResolution) {
  ScaledColumn column;  // one for all, as the ingest path has it
  for (int digits = 0; digits <= 9; ++digits) {
    base::Random random(7, static_cast<uint64_t>(digits));
    std::vector<double> values;
    for (int i = 0; i < 1000; ++i) {
      values.push_back(std::round(1000 * random.Normal() * PowerOfTen(digits)) /
                       PowerOfTen(digits));
      if (values.back() == 0.0) values.back() = 0.0;  // no -0.0
    }
    ASSERT_TRUE(ScaleToIntegers(values, &column)) << digits;
    EXPECT_LE(column.exponent, digits);
    std::vector<double> back(values.size());
    UnscaleIntegers(column.integers, column.exponent, back);
    EXPECT_EQ(back, values);
  }
}

}  // namespace
}  // namespace parallax::store
