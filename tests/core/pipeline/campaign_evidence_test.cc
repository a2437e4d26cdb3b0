#include "core/pipeline/campaign_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "core/causal/twin_graph.h"
#include "core/pipeline/ruled_out.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using testing::GatheredCampaign;
using ::testing::HasSubstr;
using testing::MissingMechanism;
using testing::PlantedCampaign;

/// A campaign searched among a few hypotheses instead of a hundred, and its verdict.
struct Explained {
  CampaignExplanation explanation;
  attribution::VerdictDecision decision;
};

/// @param named  names of the hypotheses that are weighed (NameOf).
absl::StatusOr<Explained> ExplainAmong(const GatheredCampaign& gathered,
                                       const std::set<std::string>& named) {
  std::vector<Term> terms;
  for (const Term& term : gathered.terms) {
    if (named.contains(NameOf(term, gathered.model->description()))) terms.push_back(term);
  }
  EXPECT_EQ(terms.size(), named.size());
  CampaignSearch search(*gathered.model, *gathered.noise, terms,
                        [](double) { return absl::OkStatus(); });
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<attribution::TermModel> models, search.Run());
  const CampaignGauge gauge(*gathered.model, *gathered.noise, 1);
  PARALLAX_ASSIGN_OR_RETURN(
      const causal::Graph graph,
      causal::GraphOf(gathered.model->description(), gathered.campaign.rig.kind,
                      gathered.runs.front().drive.mode));
  Explained out;
  PARALLAX_ASSIGN_OR_RETURN(out.explanation, ExplainCampaign(&search, models, gauge, graph, 1));
  out.decision = attribution::DecideVerdict(out.explanation.evidence);
  return out;
}

/// Every so many runs of a planted campaign, as many as asked for.
std::unique_ptr<GatheredCampaign> GatherEvery(size_t stride, size_t runs, PlantedCampaign what) {
  what.calibrate_runs = static_cast<int>(stride * (runs - 1) + 1);
  Campaign campaign = testing::Plant(what).value();
  std::vector<signal::RunRecord> kept;
  for (size_t r = 0; r < campaign.calibrate.size(); r += stride) {
    kept.push_back(std::move(campaign.calibrate[r]));
  }
  campaign.calibrate = std::move(kept);
  return testing::GatherOf(std::move(campaign));
}

TEST(ExplainCampaignTest, OneThicknessCannotTellConductivityFromContact) {
  PlantedCampaign what = testing::SmallCampaign(Bench::kForest, 41);
  what.shifts = {{"Rc", 1.5}};
  // Every third run has the same substrate.
  const auto gathered = GatherEvery(3, 2, what);
  ASSERT_NE(gathered, nullptr);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Explained found,
                                ExplainAmong(*gathered, {"k0", "nk", "Rc", "eps0", "vd0", "bTC"}));
  const attribution::Verdict& verdict = found.decision.verdict;
  EXPECT_EQ(ToString(verdict.kind), "AMBIGUOUS") << verdict.because;
  EXPECT_THAT(verdict.group, ::testing::UnorderedElementsAre("k0", "nk", "Rc"));
  EXPECT_GT(found.explanation.evidence.rival_probability, 0.95);
  const std::string experiment = "runs on two substrate thicknesses";
  EXPECT_EQ(NextMeasurement(verdict, found.explanation.evidence), experiment);
  EXPECT_THAT(verdict.because, HasSubstr(experiment + " would separate them"));
}

TEST(ExplainCampaignTest, OneAnnealCannotTellRipeningFromTheSizeBeforeIt) {
  PlantedCampaign what = testing::SmallCampaign(Bench::kChirality, 42);
  what.shifts = {{"dp0", 1.0}};
  // Every fourth run is annealed for as long.
  const auto gathered = GatherEvery(4, 2, what);
  ASSERT_NE(gathered, nullptr);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Explained found,
                                ExplainAmong(*gathered, {"dp0", "Kr0", "vd0", "bTC", "eps0"}));
  const attribution::Verdict& verdict = found.decision.verdict;
  EXPECT_EQ(ToString(verdict.kind), "AMBIGUOUS") << verdict.because;
  EXPECT_THAT(verdict.group, ::testing::UnorderedElementsAre("dp0", "Kr0"));
  EXPECT_EQ(NextMeasurement(verdict, found.explanation.evidence), "a scan of anneal time");
}

TEST(ExplainCampaignTest, FeedThatIsLostOnTheWayIsUnmodelled) {
  PlantedCampaign what = testing::SmallCampaign(Bench::kForest, 43);
  what.missing = MissingMechanism::kFeedLoss;
  const auto gathered = GatherEvery(1, 2, what);
  ASSERT_NE(gathered, nullptr);
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Explained found,
      ExplainAmong(*gathered, {"vd0", "rw0", "kenc0", "bTC", "something missing in height",
                               "something missing in p_c2h2"}));
  const attribution::Verdict& verdict = found.decision.verdict;
  EXPECT_EQ(ToString(verdict.kind), "UNMODELLED") << verdict.because;
  EXPECT_GT(found.explanation.evidence.large_discrepancy_probability, 0.9);
  EXPECT_THAT(found.explanation.evidence.discrepancy_where, HasSubstr("p_c2h2"));
  EXPECT_THAT(verdict.channels, ::testing::Contains("rga/p_c2h2"));
  EXPECT_THAT(verdict.because, HasSubstr("a large discrepancy is needed"));
}

}  // namespace
}  // namespace parallax::pipeline
