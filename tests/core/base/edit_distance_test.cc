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

TEST(NearestName, OfMegabytesTakesNoTime) {
  // Compared letter by letter it would take minutes.
  const std::vector<std::string> channels(4096, "thermocouple_of_the_zone");
  EXPECT_EQ(NearestName(std::string(4'000'000, 'x'), channels), "");
  EXPECT_EQ(NearestName("thermocouple_of_the_zon", channels), channels[0]);
}

}  // namespace
}  // namespace parallax::base
