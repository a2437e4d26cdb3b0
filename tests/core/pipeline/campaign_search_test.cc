#include "core/pipeline/campaign_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/attribution/detectable.h"
#include "core/attribution/verdict_thresholds.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/core/pipeline/failing_twin.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::FailingTwin;
using testing::Gather;
using testing::PlantedCampaign;
using testing::SmallCampaign;

TEST(CampaignSearchTest, FindsTheParameterThatWasShiftedAndRecoversItsShift) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 11);
  what.shifts = {{"vd0", -3.0}};
  const auto gathered = Gather(what);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<attribution::TermModel> models, search.Run());
  const attribution::TermInclusion included =
      attribution::IncludeTerms(models, search.log_prior_odds());
  const int vd0 = gathered->TermOf("vd0");
  EXPECT_GT(included.probability[static_cast<size_t>(vd0)], 0.95);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search.Fit({vd0}));
  ASSERT_EQ(fit->parameters.size(), 1u);
  EXPECT_NEAR(fit->z(fit->parameters[0]), -3.0, 3.0 * std::sqrt(fit->covariance(0, 0)));
  EXPECT_LT(fit->covariance(0, 0), 0.25);
}

TEST(CampaignSearchTest, ProposalsAreExactWhereTheTermIsLinear) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 12));
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<double> proposed, search.Propose({}));
  ASSERT_EQ(proposed.size(), gathered->terms.size());
  for (size_t t = 0; t < proposed.size(); ++t) {
    if (gathered->terms[t].kind == TermKind::kParameter) continue;
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search.Fit({static_cast<int>(t)}));
    EXPECT_NEAR(proposed[t], fit->log_evidence, 1e-6)
        << NameOf(gathered->terms[t], gathered->model->description());
  }
}

/// The fit of vd0 where it is planted some prior sds away and the twin fails outside of a range.
CampaignFit FitWithin(double planted, double low, double high, std::vector<int>* failing) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 11);
  what.shifts = {{"vd0", planted}};
  const FailingTwin twin(testing::Nanotubes(), "vd0", low, high);
  const auto gathered = Gather(what, twin);
  if (gathered == nullptr) return {};
  CampaignSearch search = gathered->Search();
  const absl::StatusOr<const CampaignFit*> fit = search.Fit({gathered->TermOf("vd0")});
  EXPECT_TRUE(fit.ok()) << fit.status();
  *failing = search.FailingParameters();
  return fit.ok() ? **fit : CampaignFit{};
}

TEST(CampaignSearchTest, AStartAtWhichTheTwinFailsIsLeftOut) {
  std::vector<int> failing;
  const CampaignFit whole = FitWithin(1.5, -9.0, 9.0, &failing);
  EXPECT_THAT(failing, ::testing::IsEmpty());
  // Of the starts 3.5 is lost, and at 2 there is a slope on one side only.
  const CampaignFit part = FitWithin(1.5, -9.0, 2.0005, &failing);
  ASSERT_EQ(part.parameters.size(), 1u);
  const int vd0 = part.parameters[0];
  EXPECT_THAT(failing, ::testing::ElementsAre(vd0));
  EXPECT_NEAR(part.z(vd0), whole.z(vd0), 0.01);
  EXPECT_NEAR(part.log_evidence, whole.log_evidence, 1e-2);
}

TEST(CampaignSearchTest, WhereTheTwinFailsAtAllStartsAnEnsembleFindsOne) {
  std::vector<int> failing;
  const CampaignFit whole = FitWithin(0.7, -9.0, 9.0, &failing);
  const CampaignFit part = FitWithin(0.7, -0.9, 0.9, &failing);
  ASSERT_EQ(part.parameters.size(), 1u);
  EXPECT_EQ(failing, part.parameters);
  EXPECT_NEAR(part.z(part.parameters[0]), whole.z(part.parameters[0]), 0.01);
}

/// Nats that vd0 gains alone where it is planted `sds` away.
double GainOfShift(PlantedCampaign what, double sds) {
  what.shifts = {{"vd0", sds}};
  const auto shifted = Gather(what);
  if (shifted == nullptr) return NAN;
  CampaignSearch search = shifted->Search();
  return search.Fit({shifted->TermOf("vd0")}).value()->log_evidence -
         search.Fit({}).value()->log_evidence;
}

TEST(CampaignSearchTest, AShiftGainsEnoughAtTwiceWhatIsDetectableAndMostlyNotAtHalf) {
  constexpr double kNats = attribution::VerdictThresholds{}.no_gap_nats;
  // Two shifts of each.
  constexpr int kCampaigns = test_support::Replicates(3, 1);
  int at_half = 0;
  for (uint64_t seed = 21; seed < 21 + kCampaigns; ++seed) {
    const PlantedCampaign what = SmallCampaign(Bench::kForest, seed);
    const auto nominal = Gather(what);
    ASSERT_NE(nominal, nullptr);
    const int p = twin::ParameterIndex(nominal->model->description(), "vd0");
    const double norm = nominal->noise->Whiten(nominal->jacobian.col(p)).norm();
    const double least = attribution::DetectableShift(norm, kNats);
    for (const double sign : {-1.0, 1.0}) {
      EXPECT_GE(GainOfShift(what, 2.0 * sign * least), kNats) << seed << " " << sign * least;
      at_half += GainOfShift(what, 0.5 * sign * least) >= kNats ? 1 : 0;
    }
  }
  EXPECT_LE(at_half, test_support::Replicates(2, 1));  // of six, or of two
}

class SearchSeeds : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Fixed, SearchSeeds, ::testing::Range<uint64_t>(0, 8));

TEST_P(SearchSeeds, AReadingsOwnNoiseCannotExplainItself) {
  // Hardly any acetylene: what the analyser reads of it is its own noise.
  const auto gathered = Gather(SmallCampaign(Bench::kChirality, GetParam()));
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* none, search.Fit({}));
  for (size_t t = 0; t < gathered->terms.size(); ++t) {
    if (gathered->terms[t].channel != "rga/p_c2h2") continue;
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search.Fit({static_cast<int>(t)}));
    EXPECT_LT(fit->log_evidence - none->log_evidence, 1.0)
        << NameOf(gathered->terms[t], gathered->model->description());
  }
}

TEST_P(SearchSeeds, NoTermGainsItsPriorOddsOnErrorsThatARightTwinMayHave) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 20));
  ASSERT_NE(gathered, nullptr);
  base::Random random(GetParam(), 5);
  const Eigen::VectorXd errors = gathered->noise->Whiten(gathered->noise->Draw(&random));
  for (const Term& term : gathered->terms) {
    if (term.kind == TermKind::kParameter) continue;
    const double gain = 0.5 * (errors.squaredNorm() - term.whitener.Whiten(errors).squaredNorm()) -
                        0.5 * term.whitener.log_determinant();
    EXPECT_LT(gain + term.log_prior_odds, 0.0) << NameOf(term, gathered->model->description());
  }
}

TEST(CampaignSearchTest, CostOfRunsSumsToTheCostOfTheFit) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 13));
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd costs, search.CostOfRuns({}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* none, search.Fit({}));
  EXPECT_EQ(costs.size(), 4);
  EXPECT_NEAR(costs.sum(), 0.5 * none->whitened.squaredNorm(), 1e-9 * costs.sum());
  EXPECT_NEAR(none->log_evidence, -costs.sum(), 1e-9 * costs.sum());
}

TEST(CampaignSearchTest, ACancelledSearchSaysSo) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 14));
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search(*gathered->model, *gathered->noise, gathered->terms,
                        [](double) { return absl::CancelledError("enough"); });
  EXPECT_EQ(search.Run().status().code(), absl::StatusCode::kCancelled);
}

TEST(CampaignTermsTest, AGainErrorIsAShareOfThePredictionAndNotOfTheReadings) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 16);
  what.shifts = {{"kg0", 3.0}};  // several times the acetylene that is predicted
  const auto gathered = Gather(what);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* physics, search.Fit({gathered->TermOf("kg0")}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* gain,
                                search.Fit({gathered->TermOf("rga/p_c2h2: gain error")}));
  EXPECT_GT(physics->log_evidence, gain->log_evidence + 20.0);
}

TEST(CampaignTermsTest, AParameterThatMovesNothingIsLeftOut) {
  const auto forest = Gather(SmallCampaign(Bench::kForest, 15));
  ASSERT_NE(forest, nullptr);
  // Without spectra nothing depends on the energies of a tube's edge.
  EXPECT_EQ(forest->TermOf("dgamma"), -1);
  EXPECT_EQ(forest->TermOf("eps_kink"), -1);
  EXPECT_GE(forest->TermOf("vd0"), 0);
  EXPECT_GE(forest->TermOf("something missing in height"), 0);
}

}  // namespace
}  // namespace parallax::pipeline
