#include "core/pipeline/campaign_spread.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Gather;
using testing::PlantedCampaign;
using testing::SmallCampaign;

/// The spread of vd0 in a campaign of which it is the cause.
RunSpread SpreadIn(const PlantedCampaign& what) {
  const auto gathered = Gather(what);
  if (gathered == nullptr) return {};
  CampaignSearch search = gathered->Search();
  const absl::StatusOr<const CampaignFit*> fit = search.Fit({gathered->TermOf("vd0")});
  EXPECT_TRUE(fit.ok()) << fit.status();
  if (!fit.ok()) return {};
  const absl::StatusOr<std::vector<RunSpread>> spreads = SpreadBetweenRuns(search, **fit);
  EXPECT_TRUE(spreads.ok()) << spreads.status();
  return spreads.ok() && spreads->size() == 1 ? spreads->front() : RunSpread{};
}

TEST(RunSpreadTest, OneValueForAllRunsNeedsNone) {
  for (const uint64_t seed : {41, 42}) {
    PlantedCampaign what = SmallCampaign(Bench::kForest, seed);
    what.shifts = {{"vd0", -2.5}};
    const RunSpread spread = SpreadIn(what);
    EXPECT_EQ(spread.low, 0.0) << seed;
    EXPECT_EQ(spread.Allowed(), 0.0) << seed;
    // Narrower than its prior, a half-normal of 0.5 whose 90 % end at 0.82.
    EXPECT_LT(spread.high, 0.75) << seed;
    EXPECT_LT(spread.mean, spread.high) << seed;
  }
}

TEST(RunSpreadTest, OfAValueThatDiffersIsFound) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 45);
  what.calibrate_runs = 6;
  what.shifts = {{"vd0", 2.0}};
  what.spreads = {{"vd0", 0.5}};
  const RunSpread spread = SpreadIn(what);
  EXPECT_GT(spread.low, 0.1);
  EXPECT_LT(spread.low, 0.5);
  EXPECT_GT(spread.high, 0.5);
  EXPECT_EQ(spread.Allowed(), spread.mean);
}

TEST(RunSpreadTest, OfTwoRunsIsNotKnown) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 41);
  what.calibrate_runs = 2;
  what.shifts = {{"vd0", -2.5}};
  const RunSpread spread = SpreadIn(what);
  EXPECT_TRUE(std::isnan(spread.mean));
  EXPECT_EQ(spread.Allowed(), 0.0);
}

}  // namespace
}  // namespace parallax::pipeline
