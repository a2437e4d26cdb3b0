#include "core/pipeline/campaign_divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "core/pipeline/campaign_scores.h"
#include "core/pipeline/joint_scores.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Gather;
using testing::GatheredCampaign;

using testing::PlantedCampaign;
using testing::SmallCampaign;

PlantedCampaign SixRuns(Bench bench, uint64_t seed) {
  PlantedCampaign what = SmallCampaign(bench, seed);
  what.calibrate_runs = 6;
  return what;
}

Divergences Compare(const GatheredCampaign& gathered, const Eigen::VectorXd& assumed,
                    const Eigen::VectorXd& fitted = {}) {
  absl::StatusOr<Divergences> compared =
      CompareCampaign(*gathered.model, *gathered.noise, gathered.jacobian, assumed, fitted, 1);
  EXPECT_TRUE(compared.ok()) << compared.status();
  return compared.ok() ? *std::move(compared) : Divergences();
}

SignalDivergence Find(const Divergences& divergences, const std::string& observable) {
  for (const SignalDivergence& one : divergences.signals) {
    if (one.observable == observable) return one;
  }
  ADD_FAILURE() << observable << " is not there";
  return {};
}

Eigen::VectorXd Errors(const GatheredCampaign& gathered, uint64_t seed) {
  base::Random random(seed, 99);
  return gathered.noise->Draw(&random);
}

double OffIdentity(const Eigen::MatrixXd& covariance) {
  return (covariance - Eigen::MatrixXd::Identity(covariance.rows(), covariance.cols()))
      .cwiseAbs()
      .maxCoeff();
}

TEST(JointScoresTest, OfRightTwinsAreIndependentStandardNormal) {
  for (const Bench bench : {Bench::kForest, Bench::kChirality}) {
    const auto gathered = Gather(SmallCampaign(bench, 61));
    ASSERT_NE(gathered, nullptr);
    const JointScores joint(*gathered->model, *gathered->noise, {});
    const Eigen::MatrixXd axes = joint.Axes(gathered->jacobian).axes;
    ASSERT_EQ(axes.cols(), 2);  // one for two runs
    EXPECT_LT(OffIdentity(axes.transpose() * axes), 1e-12);
    constexpr int kDraws = 2000;
    Eigen::MatrixXd covariance;
    for (uint64_t k = 0; k < kDraws; ++k) {
      const Eigen::VectorXd all = joint.Of(Errors(*gathered, k)).reshaped();
      if (k == 0) covariance = Eigen::MatrixXd::Zero(all.size(), all.size());
      covariance += all * all.transpose() / kDraws;
    }
    // Entries have an sd of 1/√2000 off the diagonal and √2 of that on it.
    EXPECT_LT(OffIdentity(covariance), 0.15);
  }
}

TEST(CampaignScoresTest, EachRunsScoresAreStandardNormalForRightTwins) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 62));
  ASSERT_NE(gathered, nullptr);
  const CampaignScores scores(*gathered->model, *gathered->noise, 1);
  std::map<std::string, Eigen::MatrixXd> covariance;
  constexpr int kDraws = 1000;
  for (uint64_t k = 0; k < kDraws; ++k) {
    for (const ComparedSignal& signal : scores.Compare(Errors(*gathered, k), {})) {
      const Eigen::VectorXd run = signal.assumed.scores.row(1).transpose();
      Eigen::MatrixXd& sum = covariance[signal.observable];
      if (k == 0) sum = Eigen::MatrixXd::Zero(run.size(), run.size());
      sum += run * run.transpose() / kDraws;
    }
  }
  for (const auto& [observable, one] : covariance) EXPECT_LT(OffIdentity(one), 0.25) << observable;
}

TEST(CampaignScoresTest, AGapOfOneInstrumentShowsAtNoOtherAndPointsToTheMeasured) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 62));
  ASSERT_NE(gathered, nullptr);
  Eigen::VectorXd above = Eigen::VectorXd::Zero(gathered->model->rows());
  for (const EvidenceBlock& block : gathered->model->blocks()) {
    if (block.observable == "pyro_t") above.segment(block.begin, block.rows()).setConstant(20.0);
  }
  const CampaignScores scores(*gathered->model, *gathered->noise, 1);
  for (const ComparedSignal& signal : scores.Compare(above, {})) {
    if (signal.observable == "pyro_t") {
      EXPECT_GT(signal.assumed.scores.col(0).minCoeff(), 5.0);
      EXPECT_GT(signal.assumed.windows.minCoeff(), 5.0);
    } else {
      EXPECT_EQ(signal.assumed.scores.cwiseAbs().maxCoeff(), 0.0) << signal.observable;
    }
  }
}

TEST(CompareCampaignTest, ANominalCampaignStaysUnderItsFloors) {
  int above = 0, signals = 0;
  for (const Bench bench : testing::kBenches) {
    const auto gathered = Gather(SixRuns(bench, 63));
    ASSERT_NE(gathered, nullptr);
    for (const SignalDivergence& one : Compare(*gathered, gathered->residuals).signals) {
      if (!one.missing.empty()) continue;
      ++signals;
      EXPECT_GT(one.assumed->p_value, 0.01) << one.signal;
      EXPECT_LE(one.assumed->energy_low, one.assumed->energy_high);
      above += one.assumed->energy.value > one.assumed->energy.floor;
    }
  }
  EXPECT_GT(signals, 15);
  EXPECT_LE(above, 1);  // 5 % each, of twins as wrong as they may be
}

TEST(CompareCampaignTest, AShiftedParameterShowsAsAssumedAndIsGoneAtTheTruth) {
  PlantedCampaign what = SixRuns(Bench::kForest, 64);
  what.shifts = {{"vd0", 3.0}};
  const auto gathered = Gather(what);
  ASSERT_NE(gathered, nullptr);
  Eigen::VectorXd z = gathered->model->base();
  z(twin::ParameterIndex(gathered->model->description(), "vd0")) = 3.0;
  Eigen::VectorXd at_truth;
  PARALLAX_ASSERT_OK(gathered->model->Residuals(z, &at_truth));
  const Divergences compared = Compare(*gathered, gathered->residuals, at_truth);
  for (const char* observable : {"height", "latent"}) {
    const SignalDivergence signal = Find(compared, observable);
    ASSERT_TRUE(signal.assumed && signal.fitted);
    EXPECT_GT(signal.assumed->energy.value, 5.0 * signal.assumed->energy.floor) << observable;
    EXPECT_LT(signal.fitted->energy.value, 1.3 * signal.fitted->energy.floor) << observable;
    EXPECT_LE(signal.assumed->p_value, 0.01);
  }
  const DivergenceFigures height = *Find(compared, "height").assumed;
  ASSERT_TRUE(height.opens.has_value()) << height.opens_missing;
  EXPECT_EQ(height.opens->place.phase, "grow");
  EXPECT_GT(height.opens->mean_score, 0.0);  // more diffusion: taller than predicted
}

TEST(CompareCampaignTest, TheMapShowsRunsAlongWhatMovesThemMost) {
  const auto gathered = Gather(SixRuns(Bench::kForest, 64));
  ASSERT_NE(gathered, nullptr);
  const Eigen::VectorXd right = Errors(*gathered, 64);
  const LatentMap map = Compare(*gathered, right, right).map.value();
  ASSERT_EQ(map.moved_by.size(), 2u);
  EXPECT_EQ(map.runs.front(), gathered->runs.front().clean.run.id);
  ASSERT_EQ(map.assumed.rows(), 6);
  EXPECT_EQ(map.assumed, map.fitted);
  EXPECT_LT(map.assumed.squaredNorm(), 32.9);  // 99.9 % of chi-squared with 12 degrees of freedom
  EXPECT_EQ(Compare(*gathered, right).map->fitted.size(), 0);

  // A gap as the first axis' parameter makes lies further along it than that of any other.
  const auto along = [&](Eigen::Index parameter) {
    return Compare(*gathered, gathered->jacobian.col(parameter)).map->assumed.col(0).norm();
  };
  const int most = twin::ParameterIndex(gathered->model->description(), map.moved_by.front());
  const double reach = along(most);
  EXPECT_GT(reach, 1.0);
  EXPECT_LE(along(twin::ParameterIndex(gathered->model->description(), "k0")), reach);
}

TEST(CompareCampaignTest, AStepOpensInItsPhaseWithinOneWindow) {
  const auto gathered = Gather(SixRuns(Bench::kForest, 65));
  ASSERT_NE(gathered, nullptr);
  constexpr double kAfterS = 100.0;
  Eigen::VectorXd residuals = Errors(*gathered, 65);
  for (const EvidenceBlock& block : gathered->model->blocks()) {
    if (block.observable != "pyro_t") continue;
    const signal::Recipe& recipe = gathered->runs[static_cast<size_t>(block.run)].clean.run.recipe;
    const double step_s = testing::FeedBegins(recipe) + kAfterS;
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      if (block.time_s(i) > step_s) residuals(block.begin + i) -= 15.0;
    }
  }
  const DivergenceFigures pyrometer = *Find(Compare(*gathered, residuals), "pyro_t").assumed;
  ASSERT_TRUE(pyrometer.opens.has_value()) << pyrometer.opens_missing;
  const PhaseWindow& place = pyrometer.opens->place;
  EXPECT_EQ(place.phase, "grow");
  const double width_s = place.until_s - place.from_s;
  EXPECT_LE(place.from_s, kAfterS + width_s);
  EXPECT_GE(place.until_s, kAfterS);
  EXPECT_LT(pyrometer.opens->mean_score, 0.0);
}

TEST(CompareCampaignTest, SharesAreComparedAsSharesWithAFloor) {
  const auto gathered = Gather(SixRuns(Bench::kChirality, 66));
  ASSERT_NE(gathered, nullptr);
  const SignalDivergence right = Find(Compare(*gathered, gathered->residuals), "share");
  ASSERT_TRUE(right.assumed.has_value()) << right.missing;
  EXPECT_EQ(right.kind, SignalKind::kShares);
  EXPECT_GE(right.assumed->js.value, 0.0);
  EXPECT_LT(right.assumed->js.value, 1.3 * right.assumed->js.floor);
  EXPECT_LT(right.assumed->kl.value, 1.3 * right.assumed->kl.floor);
  // A prediction that has a fifth of what was measured of every run's dominant species.
  Eigen::VectorXd residuals = gathered->residuals;
  double expected = 0.0;
  for (const EvidenceBlock& block : gathered->model->blocks()) {
    if (block.observable != "share") continue;
    Eigen::Index dominant = 0;
    const double most = block.value.maxCoeff(&dominant);
    Eigen::VectorXd predicted = block.value;
    predicted(dominant) *= 0.2;
    residuals.segment(block.begin, block.rows()) = block.value - predicted;
    const double rest = 1.0 - block.value.sum();
    double run = most * std::log(5.0);
    if (rest > 0.0) run += rest * std::log(rest / (rest + 0.8 * most));
    expected += run / 6.0;
  }
  const SignalDivergence moved = Find(Compare(*gathered, residuals), "share");
  EXPECT_NEAR(moved.assumed->kl.value, expected, 1e-9);
  EXPECT_GT(moved.assumed->js.value, moved.assumed->js.floor);
}

TEST(CompareCampaignTest, WhatWasNotMeasuredIsListedWithTheReason) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 67));
  ASSERT_NE(gathered, nullptr);
  const Divergences compared = Compare(*gathered, gathered->residuals);
  EXPECT_EQ(Find(compared, "share").missing, "no run measured it");
  EXPECT_FALSE(Find(compared, "share").assumed.has_value());
  EXPECT_FALSE(Find(compared, "share").fitted.has_value());
}

TEST(CompareCampaignTest, WhatWasMeasuredAndMakesNoRowSaysWhy) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 67), testing::Nanotubes());
  ASSERT_NE(gathered, nullptr);
  gathered->runs.front().clean.outcome.emplace().raman_rbm = {
      {.shift_per_cm = 281.0, .intensity = 1.0}};
  EXPECT_EQ(Find(Compare(*gathered, gathered->residuals), "rbm").missing,
            "no run shows two lines that the twin predicts");
}

TEST(CompareCampaignTest, LinesAreSharesAmongThemselves) {
  const auto gathered = Gather(SixRuns(Bench::kChirality, 66));
  ASSERT_NE(gathered, nullptr);
  const SignalDivergence right = Find(Compare(*gathered, gathered->residuals), "rbm");
  ASSERT_TRUE(right.assumed.has_value()) << right.missing;
  EXPECT_EQ(right.kind, SignalKind::kRaman);
  EXPECT_LT(right.assumed->js.value, 1.3 * right.assumed->js.floor);
  // A prediction that has half of what was measured of every run's first line, and the rest in the
  // others in proportion: KL = a ln 2 + (1 - a) ln((1 - a)/(1 - a/2)).
  Eigen::VectorXd residuals = gathered->residuals;
  double expected = 0.0, runs = 0.0;
  for (const EvidenceBlock& block : gathered->model->blocks()) {
    if (block.observable != "rbm") continue;
    const double first = block.value(0);
    Eigen::VectorXd predicted = block.value * (1.0 - 0.5 * first) / (1.0 - first);
    predicted(0) = 0.5 * first;
    residuals.segment(block.begin, block.rows()) = block.value - predicted;
    expected +=
        first * std::log(2.0) + (1.0 - first) * std::log((1.0 - first) / (1.0 - 0.5 * first));
    runs += 1.0;
  }
  ASSERT_GT(runs, 0.0);
  const SignalDivergence moved = Find(Compare(*gathered, residuals), "rbm");
  EXPECT_NEAR(moved.assumed->kl.value, expected / runs, 1e-9);
}

TEST(CompareCampaignTest, ThreeRunsAreTooFew) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 68);
  what.calibrate_runs = 3;
  const auto gathered = Gather(what);
  ASSERT_NE(gathered, nullptr);
  for (const SignalDivergence& one : Compare(*gathered, gathered->residuals).signals) {
    EXPECT_FALSE(one.missing.empty()) << one.signal;
    EXPECT_FALSE(one.assumed.has_value()) << one.signal;
  }
}

}  // namespace
}  // namespace parallax::pipeline
