#include "client/lib/figure/chirality_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "client/lib/figure/style.h"
#include "tests/client/figure/figure_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::client::figure {
namespace {

using parallax::testing::StatusIs;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Point CentreOf(const Shape& shape) {
  Point centre;
  for (const Point& point : shape.points) {
    centre.x += point.x / static_cast<double>(shape.points.size());
    centre.y += point.y / static_cast<double>(shape.points.size());
  }
  return centre;
}

TEST(ChiralityMapTest, ShowsTheRunThatCalibrationMovesMostUnlessAnotherIsNamed) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ChiralityMap map, ReadChiralityMap(ChiralityReport(), ""));
  EXPECT_EQ(map.run, "r40");
  ASSERT_THAT(map.species, SizeIs(3));
  EXPECT_EQ(map.species[0].n, 7);
  EXPECT_EQ(map.species[0].m, 5);
  EXPECT_EQ(map.species[0].measured, 0.4);
  EXPECT_EQ(map.species[0].as_assumed, 0.1);
  EXPECT_EQ(map.species[0].as_calibrated, 0.38);
  EXPECT_TRUE(std::isnan(map.species[2].measured));
  EXPECT_EQ(map.calls,
            "Of 2 held-out runs the dominant species is predicted right in 50 % as assumed, in "
            "100 % calibrated.");
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ChiralityMap named,
                                ReadChiralityMap(ChiralityReport(), "r41"));
  EXPECT_EQ(named.run, "r41");
}

TEST(ChiralityMapTest, MissingSharesAreNotFound) {
  EXPECT_THAT(ReadChiralityMap(FurnaceReport(), ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no held-out run has chirality")));
  EXPECT_THAT(ReadChiralityMap(ChiralityReport(), "r99"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no held-out run r99")));
}

TEST(ChiralityMapTest, ImpossibleSpeciesAreNotDrawn) {
  Json report = ChiralityReport();
  report["counterfactuals"][1]["shares"][0]["species"] = {7, 8};
  report["counterfactuals"][1]["shares"][1]["species"] = {2000000000, 6};
  report["counterfactuals"][1]["shares"][2]["species"] = "(8,3)";
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ChiralityMap map, ReadChiralityMap(report, ""));
  EXPECT_EQ(map.run, "r41");
}

TEST(ChiralityMapTest, ThreeMapsOfTheLattice) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ChiralityMap map, ReadChiralityMap(ChiralityReport(), ""));
  const Scene scene = DrawChiralityMap(map, 1000.0);
  const std::vector<Shape> cells = ShapesOf(scene, "cell");
  ASSERT_THAT(cells, SizeIs(9));
  // (7,5) and (7,6) are neighbours, (7,5) and (8,3) second ones: √3 apart.
  const Point a = CentreOf(cells[0]), b = CentreOf(cells[1]), c = CentreOf(cells[2]);
  const double cell = std::hypot(b.x - a.x, b.y - a.y);
  EXPECT_THAT(std::hypot(c.x - a.x, c.y - a.y) / cell, DoubleNear(std::sqrt(3.0), 1e-9));
  ExpectInside(scene);
}

TEST(ChiralityMapTest, TheDominantSpeciesOfEachMapIsOutlined) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ChiralityMap map, ReadChiralityMap(ChiralityReport(), ""));
  const Scene scene = DrawChiralityMap(map, 1000.0);
  const std::vector<Shape> cells = ShapesOf(scene, "cell");
  const std::vector<Shape> dominant = ShapesOf(scene, "dominant");
  ASSERT_THAT(dominant, SizeIs(3));
  const size_t expected[] = {0, 3 + 1, 6 + 0};  // measured (7,5), assumed (7,6), calibrated (7,5)
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_THAT(CentreOf(dominant[k]).x, DoubleNear(CentreOf(cells[expected[k]]).x, 1e-6)) << k;
    EXPECT_THAT(CentreOf(dominant[k]).y, DoubleNear(CentreOf(cells[expected[k]]).y, 1e-6)) << k;
  }
}

TEST(ChiralityMapTest, DarkerIsMoreAndUnmeasuredIsEmpty) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ChiralityMap map, ReadChiralityMap(ChiralityReport(), ""));
  const Scene scene = DrawChiralityMap(map, 1000.0);
  const std::vector<Shape> cells = ShapesOf(scene, "cell");
  EXPECT_EQ(cells[4].fill, kAfter);  // the largest share of all, 45 % of (7,6) as assumed
  EXPECT_GT(cells[3].fill->red, cells[0].fill->red);
  EXPECT_EQ(cells[2].fill, kPaper);
  EXPECT_THAT(TextsOf(scene), Contains("45 %"));
  EXPECT_THAT(TextsOf(scene), Contains("8,3").Times(3));
}

}  // namespace
}  // namespace parallax::client::figure
