#include "core/pipeline/campaign_gap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/core/pipeline/campaign_fixture.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Gather;
using testing::GatheredCampaign;
using testing::SmallCampaign;

class CampaignGaugeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    gathered_ = Gather(SmallCampaign(Bench::kForest, 1));
    ASSERT_NE(gathered_, nullptr);
    gauge_ = std::make_unique<CampaignGauge>(*gathered_->model, *gathered_->noise, 1);
  }
  Eigen::VectorXd Errors(uint64_t seed) const {
    base::Random random(seed, 99);
    return gathered_->noise->Draw(&random);
  }
  std::shared_ptr<const GatheredCampaign> gathered_;
  std::unique_ptr<CampaignGauge> gauge_;
};

TEST_F(CampaignGaugeTest, IsTheMeanSquareInSdsOfTheRows) {
  EXPECT_NEAR(gauge_->Gap(2.0 * gathered_->noise->row_sd()), 4.0, 1e-12);
  EXPECT_NEAR(gauge_->ByObservable(gathered_->noise->row_sd()).at("pyro_t"), 1.0, 1e-12);
  EXPECT_NEAR(gauge_->Misfit(gathered_->noise->fitted_sd()).at("height"), 1.0, 1e-12);
}

TEST_F(CampaignGaugeTest, PValuesOfRightTwinsAreUniform) {
  constexpr int kTwins = 400;
  std::vector<double> p;
  int smallest = 0;
  for (int k = 0; k < kTwins; ++k) {
    const Eigen::VectorXd errors = Errors(static_cast<uint64_t>(k));
    p.push_back(gauge_->PValue(gauge_->Gap(errors)));
    double least = 1.0;
    for (const auto& [name, adjusted] : gauge_->PValues(errors)) least = std::min(least, adjusted);
    smallest += least < 0.05 ? 1 : 0;
  }
  std::sort(p.begin(), p.end());
  double worst = 0.0;
  for (size_t k = 0; k < p.size(); ++k) {
    worst = std::max(worst, std::abs(p[k] - (static_cast<double>(k) + 0.5) / kTwins));
  }
  EXPECT_LT(worst, 1.63 / std::sqrt(kTwins));  // Kolmogorov-Smirnov at 1 %
  // Holm holds the share of campaigns with any small p below 5 %, with 3 sds of counting.
  EXPECT_LT(smallest, kTwins * 0.05 + 3.0 * std::sqrt(kTwins * 0.05));
}

TEST_F(CampaignGaugeTest, FloorAndCentreAreQuantilesOfRightTwins) {
  int above_floor = 0, above_centre = 0;
  constexpr int kTwins = 1000;
  for (int k = 0; k < kTwins; ++k) {
    const double gap = gauge_->Gap(Errors(1000 + static_cast<uint64_t>(k)));
    above_floor += gap > gauge_->floor() ? 1 : 0;
    above_centre += gap > gauge_->Centre() ? 1 : 0;
  }
  EXPECT_NEAR(above_floor, 50, 30);
  EXPECT_NEAR(above_centre, 500, 60);
}

TEST_F(CampaignGaugeTest, WithoutAChannelTheCentreIsTheMedianOfRightTwinsWithoutIt) {
  const std::vector<std::string> accused = {"pyro/pyro_t", "furnace/stage_tc2"};
  constexpr int kTwins = 1000;
  int above = 0;
  for (int k = 0; k < kTwins; ++k) {
    const Eigen::VectorXd trusted =
        WithoutChannels(*gathered_->model, accused, Errors(1000 + static_cast<uint64_t>(k)));
    above += gauge_->Gap(trusted) > gauge_->Centre(accused) ? 1 : 0;
  }
  EXPECT_NEAR(above, 500, 60);
  std::vector<std::string> all;
  for (const EvidenceBlock& block : gathered_->model->blocks()) all.push_back(block.channel);
  EXPECT_EQ(gauge_->Centre(all), 0.0);
}

TEST_F(CampaignGaugeTest, WhatACalibrationRemovesIsCountedAmongTrustedRowsAlone) {
  const std::vector<std::string> accused = {"pyro/pyro_t", "furnace/stage_tc2"};
  // A right twin's median in the trusted rows and half as much again, closed to the median.
  const double centre = gauge_->Centre(accused);
  EXPECT_DOUBLE_EQ(ExcessRemoved(1.5 * centre, centre, centre), 1.0);
  EXPECT_DOUBLE_EQ(ExcessRemoved(1.5 * centre, 1.25 * centre, centre), 0.5);
  EXPECT_EQ(ExcessRemoved(1.5 * centre, 9.0 * centre, centre), -1.0);
  // Among the rows of all channels that gap is none, and no figure would be left.
  EXPECT_LT(1.2 * centre, gauge_->Centre());
  EXPECT_TRUE(std::isnan(ExcessRemoved(1.2 * centre, centre, gauge_->Centre())));
  EXPECT_DOUBLE_EQ(ExcessRemoved(1.2 * centre, centre, centre), 1.0);
}

TEST_F(CampaignGaugeTest, AGapBeyondEveryRightTwinHasTheSmallestP) {
  EXPECT_EQ(gauge_->PValue(1e6), gauge_->smallest_p());
  EXPECT_NEAR(gauge_->smallest_p(), 1.0 / 2000.0, 1e-12);
  EXPECT_EQ(gauge_->PValue(0.0), 1.0);
}

TEST_F(CampaignGaugeTest, TheSameSeedGivesTheSameFloor) {
  const CampaignGauge again(*gathered_->model, *gathered_->noise, 1);
  const CampaignGauge other(*gathered_->model, *gathered_->noise, 2);
  EXPECT_EQ(again.floor(), gauge_->floor());
  EXPECT_NE(other.floor(), gauge_->floor());
}

}  // namespace
}  // namespace parallax::pipeline
