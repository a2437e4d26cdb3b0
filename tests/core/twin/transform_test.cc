#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

Parameter Make(Transform transform) {
  Parameter p;
  p.transform = transform;
  p.lower = 2.0;
  p.upper = 6.0;
  return p;
}

TEST(Transform, KnownValues) {
  EXPECT_EQ(ToCoordinate(Make(Transform::kIdentity), 3.5), 3.5);
  EXPECT_DOUBLE_EQ(ToCoordinate(Make(Transform::kLog), std::exp(1.25)), 1.25);
  EXPECT_DOUBLE_EQ(ToCoordinate(Make(Transform::kLogit), 4.0), 0.0);
  EXPECT_DOUBLE_EQ(ToCoordinate(Make(Transform::kLogit), 5.0), std::log(3.0));
  EXPECT_DOUBLE_EQ(FromCoordinateDerivative(Make(Transform::kLogit), 0.0), 1.0);
}

TEST(Transform, GoesThereAndBackWithTheRightDerivative) {
  for (Transform transform : {Transform::kIdentity, Transform::kLog, Transform::kLogit}) {
    const Parameter p = Make(transform);
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const double value = 2.1 + 3.8 * base::Random(seed, 0).Uniform();
      const double z = ToCoordinate(p, value);
      EXPECT_NEAR(FromCoordinate(p, z), value, 1e-12);
      const double h = 1e-4;
      const double slope = (8.0 * (FromCoordinate(p, z + h) - FromCoordinate(p, z - h)) -
                            (FromCoordinate(p, z + 2 * h) - FromCoordinate(p, z - 2 * h))) /
                           (12.0 * h);
      EXPECT_NEAR(FromCoordinateDerivative(p, z), slope, 1e-9);
    }
  }
}

TEST(Transform, LogitStaysInsideItsBoundsFarOut) {
  const Parameter p = Make(Transform::kLogit);
  EXPECT_EQ(FromCoordinate(p, -800.0), 2.0);
  EXPECT_EQ(FromCoordinate(p, 800.0), 6.0);
}

}  // namespace
}  // namespace parallax::twin
