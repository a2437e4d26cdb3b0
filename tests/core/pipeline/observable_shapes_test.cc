#include "core/pipeline/observable_shapes.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/core/pipeline/pipeline_fixture.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Nanotubes;

/// Runs whose samples show these species and no others, as the twin foresees them.
std::vector<CampaignRun> RunsWithShares(const std::vector<signal::ChiralityShare>& shares) {
  absl::StatusOr<testing::Campaign> campaign =
      testing::Plant(testing::SmallCampaign(Bench::kChirality, 71));
  EXPECT_TRUE(campaign.ok()) << campaign.status();
  std::vector<CampaignRun> runs;
  if (!campaign.ok()) return runs;
  for (signal::RunRecord& record : campaign->calibrate) {
    record.outcome->chirality = shares;
    runs.push_back(GatherRows(campaign->rig, Nanotubes(), record, campaign->assumed).value());
    for (EvidenceBlock& block : runs.back().blocks) {
      if (block.observable == "share") block.level = block.value;
    }
  }
  return runs;
}

ObservableCourse CourseOf(const std::vector<CampaignRun>& runs, const std::string& observable) {
  const CampaignModel model(Nanotubes(), runs, testing::Values(Nanotubes()));
  for (ObservableCourse& course : CoursesOf(model)) {
    if (course.observable == observable) return std::move(course);
  }
  ADD_FAILURE() << observable << " is not there";
  return {};
}

TEST(CoursesOfTest, SharesGoWithTheMeanAndTheSpreadOfDiameters) {
  const ObservableCourse shares =
      CourseOf(RunsWithShares({{6, 5, 0.3, 0.02}, {7, 5, 0.3, 0.02}, {7, 6, 0.3, 0.02}}), "share");
  EXPECT_EQ(shares.kind, SignalKind::kShares);
  ASSERT_EQ(shares.dimensions, 2);
  ASSERT_EQ(shares.shapes.size(), 4u);
  const Eigen::MatrixXd& shape = shares.shapes.front();
  // 0.747, 0.817 and 0.882 nm: what one gains the others lose.
  EXPECT_NEAR(shape.col(0).sum(), 0.0, 1e-12);
  EXPECT_NEAR(shape.col(1).sum(), 0.0, 1e-12);
  EXPECT_LT(shape(0, 0), 0.0);
  EXPECT_GT(shape(2, 0), 0.0);
  EXPECT_GT(shape(0, 1), 0.0);
  EXPECT_LT(shape(1, 1), 0.0);
  EXPECT_GT(shape(2, 1), 0.0);
}

TEST(CoursesOfTest, TwoSharesHaveAMeanButNoSpreadBesideIt) {
  const ObservableCourse shares =
      CourseOf(RunsWithShares({{6, 5, 0.5, 0.02}, {7, 5, 0.5, 0.02}}), "share");
  ASSERT_EQ(shares.dimensions, 1);
  EXPECT_NEAR(shares.shapes.front()(0, 0), -0.5, 1e-12);
  EXPECT_NEAR(shares.shapes.front()(1, 0), 0.5, 1e-12);
}

TEST(CoursesOfTest, TubesOfOneDiameterCanOnlyBeMoreOrFewer) {
  const ObservableCourse shares =
      CourseOf(RunsWithShares({{6, 5, 0.4, 0.02}, {9, 1, 0.4, 0.02}}), "share");
  ASSERT_EQ(shares.dimensions, 1);
  EXPECT_NEAR(shares.shapes.front()(0, 0), 0.4, 1e-12);
  EXPECT_NEAR(shares.shapes.front()(1, 0), 0.4, 1e-12);
}

TEST(CoursesOfTest, ChannelsHaveLevelAndTrend) {
  const ObservableCourse pyrometer =
      CourseOf(RunsWithShares({{6, 5, 0.5, 0.02}, {7, 5, 0.5, 0.02}}), "pyro_t");
  EXPECT_EQ(pyrometer.kind, SignalKind::kChannel);
  EXPECT_EQ(pyrometer.channel, "pyro/pyro_t");
  ASSERT_EQ(pyrometer.dimensions, 2);
  for (const Eigen::MatrixXd& shape : pyrometer.shapes) {
    EXPECT_TRUE((shape.col(0).array() == 1.0).all());
    EXPECT_NEAR(shape.col(1).sum(), 0.0, 1e-9);
    EXPECT_LT(shape(0, 1), 0.0);
  }
}

}  // namespace
}  // namespace parallax::pipeline
