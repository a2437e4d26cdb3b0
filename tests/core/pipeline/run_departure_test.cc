#include "core/pipeline/run_departure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

TEST(DepartureScore, IsStandardNormalWhereTheTwinIsRight) {
  Eigen::MatrixXd root = Eigen::MatrixXd::Zero(4, 4);
  root.diagonal() << 1.0, 1e-3, 10.0, 2.0;  // kelvins and shares side by side
  root(1, 0) = 2e-3;
  root(3, 2) = -1.0;
  base::Random random(1, 0);
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    Eigen::VectorXd gap(4);
    for (double& value : gap) value = random.Normal();
    const double score = DepartureScore(root * gap, root * root.transpose());
    sum += score;
    squares += score * score;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.06);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.1);
}

TEST(DepartureScore, OfOneFigureIsItsCubeRoot) {
  const Eigen::MatrixXd four = Eigen::MatrixXd::Constant(1, 1, 4.0);
  const double spread = 2.0 / 9.0;
  EXPECT_NEAR(DepartureScore(Eigen::VectorXd::Constant(1, 16.0), four),
              (4.0 - 1.0 + spread) / std::sqrt(spread), 1e-12);
}

/// Departures of the runs of a small planted campaign.
std::vector<RunDeparture> DeparturesOf(const testing::PlantedCampaign& what) {
  const std::shared_ptr<const testing::GatheredCampaign> gathered = testing::Gather(what);
  std::vector<RunDeparture> all;
  for (const CampaignRun& run : gathered->runs) {
    absl::StatusOr<RunDeparture> one =
        MeasureDeparture(testing::Nanotubes(), run, gathered->campaign.assumed);
    EXPECT_TRUE(one.ok()) << one.status();
    if (one.ok()) all.push_back(*std::move(one));
  }
  return all;
}

TEST(MeasureDeparture, TellsAChangedMechanism) {
  testing::PlantedCampaign nominal = testing::SmallCampaign(testing::Bench::kForest, 3);
  for (const RunDeparture& one : DeparturesOf(nominal)) EXPECT_LT(one.score, 4.0);
  testing::PlantedCampaign changed = nominal;
  changed.shifts = {{"vd0", 3.0}};
  for (const RunDeparture& one : DeparturesOf(changed)) {
    EXPECT_GT(one.score, 5.0);
  }
}

}  // namespace
}  // namespace parallax::pipeline
