#include "core/pipeline/campaign_belief.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "core/attribution/verdict_thresholds.h"
#include "core/pipeline/planned_run.h"
#include "tests/core/pipeline/design_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::ConductivityOrContact;
using testing::MadeBelief;
using testing::Nanotubes;

/// The first recorded run as if it were still to be done.
PlannedRun Again(const MadeBelief& made) {
  const CampaignModel& model = *made.gathered->model;
  return PlanRun(made.gathered->campaign.rig, Nanotubes(), made.setup.instruments,
                 made.gathered->campaign.calibrate.front().run,
                 model.Natural(made.belief->MeanCoordinates()), model.Natural(model.base()))
      .value();
}

TEST(PlannedRunTest, HasTheRowsOfARunThatWasDone) {
  const MadeBelief& made = ConductivityOrContact();
  ASSERT_NE(made.gathered, nullptr);
  const PlannedRun planned = Again(made);
  const CampaignRun& done = made.gathered->runs.front();
  std::set<std::string> of_planned, of_done;
  for (const EvidenceBlock& block : planned.blocks) of_planned.insert(block.observable);
  for (const EvidenceBlock& block : done.blocks) of_done.insert(block.observable);
  EXPECT_EQ(of_planned, of_done);
  for (const EvidenceBlock& block : planned.blocks) {
    if (block.OfSampleAlone()) continue;
    for (const EvidenceBlock& other : done.blocks) {
      if (other.observable != block.observable) continue;
      ASSERT_EQ(block.rows(), other.rows()) << block.observable;
      EXPECT_NEAR(block.time_s(0), other.time_s(0), 6.0) << block.observable;
      EXPECT_NEAR(block.white_sd(0) / other.white_sd(0), 1.0, 1.0) << block.observable;
    }
  }
}

TEST(PlannedRunTest, PredictsWhatTheRunThenRead) {
  const MadeBelief& made = ConductivityOrContact();
  const PlannedRun planned = Again(made);
  const CampaignRun& done = made.gathered->runs.front();
  const CampaignHypothesis& conductivity = made.belief->hypotheses()[0];
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const PlannedPrediction predicted,
      PredictPlanned(Nanotubes(), *made.gathered->model, planned,
                     conductivity.mean.head(made.belief->parameters()), Derivatives::kNone));
  for (const EvidenceBlock& block : planned.blocks) {
    if (block.observable != "pyro_t") continue;
    for (const EvidenceBlock& other : done.blocks) {
      if (other.observable != "pyro_t") continue;
      const Eigen::VectorXd off = other.value - predicted.rows.segment(block.begin, block.rows());
      EXPECT_LT(off.cwiseAbs().maxCoeff(), 5.0);  // a right twin's errors: 1 K and 1 K of noise
    }
  }
}

TEST(PlannedRunTest, SlopesAreThoseOfDifferences) {
  const MadeBelief& made = ConductivityOrContact();
  const PlannedRun planned = Again(made);
  const CampaignModel& model = *made.gathered->model;
  Eigen::VectorXd z = model.base();
  const auto predict = [&](Derivatives derivatives) {
    return PredictPlanned(Nanotubes(), model, planned, z, derivatives).value();
  };
  const PlannedPrediction at = predict(Derivatives::kByParameters);
  constexpr double kStep = 1e-4;
  for (const char* name : {"k0", "Rc", "dp0"}) {
    const int p = twin::ParameterIndex(model.description(), name);
    z(p) += kStep;
    const PlannedPrediction ahead = predict(Derivatives::kNone);
    z(p) -= 2.0 * kStep;
    const PlannedPrediction behind = predict(Derivatives::kNone);
    z(p) += kStep;
    const Eigen::VectorXd slope = (ahead.rows - behind.rows) / (2.0 * kStep);
    EXPECT_LT((slope - at.slope.col(p)).norm(), 1e-3 * at.slope.col(p).norm() + 1e-6) << name;
  }
}

TEST(CampaignBeliefTest, ItsModeAndSpreadAreThoseOfTheFit) {
  const MadeBelief& made = ConductivityOrContact();
  const CampaignModel& model = *made.gathered->model;
  double total = 0.0;
  for (const CampaignHypothesis& one : made.belief->hypotheses()) {
    total += one.probability;
    ASSERT_EQ(one.free.size(), 1u);
    const int p = one.free.front();
    const int term =
        made.gathered->TermOf(model.description().parameters[static_cast<size_t>(p)].name);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, made.search->Fit({term}));
    const double sd = std::sqrt(fit->covariance(0, 0));
    EXPECT_NEAR(one.mean(p), fit->z(p), 0.15 * sd) << one.name;
    EXPECT_NEAR(std::sqrt(one.covariance(p, p)), sd, 0.1 * sd) << one.name;
    EXPECT_GE(one.wide_covariance(p, p), 0.99 * one.covariance(p, p)) << one.name;
    for (int other = 0; other < model.parameters(); ++other) {
      if (other == p) continue;
      EXPECT_LE(std::sqrt(one.covariance(other, other)),
                1.001 * attribution::kForgivenErrors.wobble_sd);
      EXPECT_LE(one.wide_covariance(other, other), 1.0 + 1e-9);
    }
  }
  EXPECT_NEAR(total, 1.0, 1e-12);
}

TEST(CampaignBeliefTest, ARunThatWasDoneIsForeseenWithinItsErrors) {
  const MadeBelief& made = ConductivityOrContact();
  const PlannedRun planned = Again(made);
  const Eigen::MatrixXd own = made.belief->OwnCovariance(planned);
  ASSERT_EQ(own.rows(), planned.rows);
  EXPECT_EQ(Eigen::LLT<Eigen::MatrixXd>(own).info(), Eigen::Success);
  for (const EvidenceBlock& block : planned.blocks) {
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      EXPECT_GE(own(block.begin + i, block.begin + i),
                0.99 * block.white_sd(i) * block.white_sd(i));
    }
  }
  const Eigen::MatrixXd sensitivity = made.belief->Sensitivities(
      planned.blocks, Eigen::MatrixXd::Zero(planned.rows, made.belief->parameters()));
  EXPECT_EQ(sensitivity.cols(), made.belief->state_size());
  EXPECT_GT(sensitivity.rightCols(made.belief->state_size() - made.belief->parameters()).norm(), 0);
}

TEST(CampaignBeliefTest, CollinearExplanationsMustLeadByMore) {
  CampaignHypothesis one, other;
  one.free = {0};
  other.free = {1};
  Eigen::MatrixXd information = Eigen::MatrixXd::Zero(3, 3);  // two parameters, one shared error
  information.topLeftCorner(2, 2) << 100.0, 0.0, 0.0, 100.0;
  EXPECT_EQ(LeadToResolve(one, other, 2, information), attribution::kVerdictThresholds.loss_nats);
  information(0, 1) = information(1, 0) = 99.0;  // gamma = 1/sqrt(1 - .99) = 10
  EXPECT_EQ(LeadToResolve(one, other, 2, information),
            attribution::kVerdictThresholds.loss_nats_clustered);
  information(0, 1) = information(1, 0) = 97.0;  // 5.8
  EXPECT_EQ(LeadToResolve(one, other, 2, information), attribution::kVerdictThresholds.loss_nats);
}

}  // namespace
}  // namespace parallax::pipeline
