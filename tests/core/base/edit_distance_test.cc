#include "core/base/edit_distance.h"

#include <gtest/gtest.h>

namespace parallax::base {
namespace {

TEST(EditDistance, CountsEditsInHalves) {
  EXPECT_EQ(EditDistanceHalves("kitten", "sitting"), 6);
  EXPECT_EQ(EditDistanceHalves("", "abc"), 6);
  EXPECT_EQ(EditDistanceHalves("abc", "abc"), 0);
}

TEST(EditDistance, AnotherCaseIsHalfAnEdit) { EXPECT_EQ(EditDistanceHalves("cel", "Cel"), 1); }

TEST(EditDistance, IsSymmetric) {
  EXPECT_EQ(EditDistanceHalves("board/T1", "bord/t2"), EditDistanceHalves("bord/t2", "board/T1"));
}

TEST(NearestName, FindsTheNearest) {
  EXPECT_EQ(NearestName("alpha", {"beta", "alpha1", "tau"}), "alpha1");
}

TEST(NearestName, IsEmptyWhereNothingIsNear) {
  EXPECT_EQ(NearestName("emissivity", {"U", "tau"}), "");
  EXPECT_EQ(NearestName("x", {}), "");
}

}  // namespace
}  // namespace parallax::base
