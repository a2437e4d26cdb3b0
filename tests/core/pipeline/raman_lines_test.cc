#include "core/pipeline/raman_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/core/pipeline/planted_campaign.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A twin of four lines and one outcome that is none.
twin::Description FourLines() {
  twin::Description description;
  description.outcomes = {{.channel_id = "height", .unit = "m", .description = ""}};
  for (const double shift : {200.0, 250.0, 252.0, 300.0}) {
    description.outcomes.push_back(
        {.channel_id = "rbm", .unit = "1", .description = "", .line_per_cm = shift});
  }
  return description;
}

TEST(MatchLinesTest, OfTwoLinesAreSharesOfTheirSum) {
  const std::vector<RamanRow> rows =
      MatchLines({{250.7, 1.0, 0.1}, {199.0, 3.0, 0.2}}, FourLines());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0].share, 0.75);
  EXPECT_DOUBLE_EQ(rows[1].share, 0.25);
  // d(a/(a+b)) = (b da - a db)/(a+b)^2, so both have one sd.
  const double sd = std::hypot(1.0 * 0.2, 3.0 * 0.1) / 16.0;
  EXPECT_NEAR(rows[0].sd, sd, 1e-12);
  EXPECT_NEAR(rows[1].sd, sd, 1e-12);
  EXPECT_THAT(rows[0].outcomes, ElementsAre(1));
  EXPECT_THAT(rows[1].outcomes, ElementsAre(2, 3));
  EXPECT_THAT(rows[0].among, ElementsAre(1, 2, 3));
  EXPECT_THAT(rows[1].among, ElementsAre(1, 2, 3));
}

TEST(MatchLinesTest, WhereNothingIsPredictedALineDoesNotCount) {
  const std::vector<RamanRow> rows =
      MatchLines({{200.0, 3.0, 0.1}, {225.0, 50.0, 1.0}, {300.0, 1.0, 0.1}}, FourLines());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0].share, 0.75);
  EXPECT_THAT(rows[0].among, ElementsAre(1, 4));
}

TEST(MatchLinesTest, LinesThatTheInstrumentCannotResolveAreOne) {
  const std::vector<RamanRow> rows =
      MatchLines({{252.1, 1.0, 0.3}, {250.1, 2.0, 0.4}, {300.2, 1.0, 0.0}}, FourLines());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0].share, 0.75);
  EXPECT_THAT(rows[0].outcomes, ElementsAre(2, 3));
  EXPECT_NEAR(rows[0].sd, 1.0 * 0.5 / 16.0, 1e-12);
}

TEST(MatchLinesTest, ALineWhereTheListEndsSaysNothing) {
  const std::vector<RamanRow> rows =
      MatchLines({{200.0, 0.6, 0.01}, {250.0, 0.39, 0.01}, {300.0, 0.02, 0.01}}, FourLines());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].among, ElementsAre(1, 2, 3));
}

TEST(MatchLinesTest, OneLineHasNothingToBeAShareOf) {
  EXPECT_THAT(MatchLines({}, FourLines()), IsEmpty());
  EXPECT_THAT(MatchLines({{200.0, 1.0, 0.1}}, FourLines()), IsEmpty());
  EXPECT_THAT(MatchLines({{200.0, 1.0, 0.1}, {225.0, 1.0, 0.1}}, FourLines()), IsEmpty());
}

TEST(MatchLinesTest, TheUnitOfAnIntensityDoesNotMatter) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const testing::Campaign campaign,
      testing::Plant({.bench = testing::Bench::kChirality, .seed = 5, .calibrate_runs = 2}));
  const twin::Description& description = testing::Nanotubes().description();
  std::vector<signal::RamanLine> lines = campaign.calibrate[0].outcome->raman_rbm;
  const std::vector<RamanRow> rows = MatchLines(lines, description);
  ASSERT_GE(rows.size(), 3u);
  const double sum = std::accumulate(rows.begin(), rows.end(), 0.0,
                                     [](double s, const RamanRow& row) { return s + row.share; });
  EXPECT_NEAR(sum, 1.0, 1e-12);
  for (signal::RamanLine& line : lines) {
    line.intensity *= 1700.0;
    line.sd *= 1700.0;
  }
  const std::vector<RamanRow> counts = MatchLines(lines, description);
  ASSERT_EQ(counts.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(counts[i].share, rows[i].share, 1e-12);
    EXPECT_NEAR(counts[i].sd, rows[i].sd, 1e-12);
    EXPECT_EQ(counts[i].outcomes, rows[i].outcomes);
  }
}

}  // namespace
}  // namespace parallax::pipeline
