#include "core/pipeline/campaign_validate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/pipeline/analysis.h"
#include "core/pipeline/campaign_spread.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Gather;
using testing::GatheredCampaign;
using testing::Nanotubes;
using testing::PlantedCampaign;
using testing::SmallCampaign;

const std::string kCaseA = PARALLAX_TEST_DATA "/swcnt-case-a";

/// Four runs of the recorded campaign, whose lab assumes a constant conductivity.
class RecordedRuns : public ::testing::Test {
 protected:
  RecordedRuns()
      : rig_(parallax::testing::ReadRig(kCaseA + "/rig.json")),
        assumed_(
            twin::ParametersFromAssumptions(Nanotubes().description(), {{"nk", 0.0}}).value()) {}

  signal::RunRecord Read(const std::string& run) const {
    signal::RunRecord record = parallax::testing::ReadRunFolder(rig_, kCaseA + "/runs/" + run);
    record.run.id = run;
    return record;
  }
  std::vector<CampaignRun> GatherRuns(const std::vector<std::string>& names) const {
    std::vector<CampaignRun> runs;
    for (const std::string& name : names) {
      runs.push_back(GatherRows(rig_, Nanotubes(), Read(name), assumed_).value());
    }
    return runs;
  }

  const signal::Rig rig_;
  const Eigen::VectorXd assumed_;
};

/// A small campaign whose vd0 lies 3 prior sds above what is assumed.
std::shared_ptr<const GatheredCampaign> GatherShifted(Bench bench, uint64_t seed) {
  PlantedCampaign what = SmallCampaign(bench, seed);
  what.shifts = {{"vd0", 3.0}};
  return Gather(what);
}

/// A fit held against the very runs of its campaign, no instrument accused.
absl::StatusOr<CampaignValidation> Prove(const GatheredCampaign& gathered, const CampaignFit& fit) {
  return ValidateCampaign(Nanotubes(), gathered.campaign.assumed, fit, {}, gathered.runs, 1);
}

TEST_F(RecordedRuns, UnderTheAssumedValuesAloneAreScoredAndNothingIsCompared) {
  const std::vector<CampaignRun> runs = GatherRuns({"r25", "r26", "r27"});
  const CampaignModel model(Nanotubes(), runs, assumed_);
  const CampaignFit nothing{.terms = {}, .parameters = {}, .z = model.base()};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation proof,
                                ValidateCampaign(Nanotubes(), assumed_, nothing, {}, runs, 1));
  const Validation& validation = proof.validation;
  EXPECT_TRUE(validation.held_out);
  EXPECT_FALSE(validation.decision.accepted);
  EXPECT_EQ(validation.gap_before, validation.gap_after);
  EXPECT_GT(validation.gap_before, validation.floor);  // its conductivity is not constant
  EXPECT_TRUE(validation.replays.empty());
  ASSERT_EQ(validation.chirality.size(), 3u);
  EXPECT_EQ(validation.chirality[0].measured, (Chirality{7, 6}));
  for (const ChiralityCall& call : validation.chirality) EXPECT_FALSE(call.after.has_value());
  bool pyrometer = false;
  for (const ChannelValidation& channel : validation.channels) {
    EXPECT_TRUE(std::isnan(channel.rmse_after)) << channel.channel;
    pyrometer |= channel.channel == "pyro/pyro_t";
  }
  EXPECT_TRUE(pyrometer);
}

TEST_F(RecordedRuns, AreReportedWithTheChiralityThatWasForeseen) {
  calibration::ParameterSet base;
  for (const auto& [name, value] : {std::pair("k0", 1.38), std::pair("nk", 0.0)}) {
    base.values.push_back({.parameter = name, .run = {}, .value = value, .assumed = value});
  }
  const std::vector<signal::RunRecord> calibrate = {Read("r01")};
  const std::vector<signal::RunRecord> validate = {Read("r25"), Read("r26"), Read("r27")};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result,
                                Analyze({.rig = rig_,
                                         .twin = Nanotubes(),
                                         .base = base,
                                         .calibrate_runs = calibrate,
                                         .validate_runs = validate,
                                         .seed = 1},
                                        [](std::string_view, double) { return true; }));
  const nlohmann::json report = nlohmann::json::parse(result.report_json);
  EXPECT_EQ(report.at("verdict").at("kind"), result.verdict);
  const nlohmann::json& validation = report.at("validation");
  ASSERT_EQ(validation.at("chirality").size(), 3u);
  int right = 0;
  for (const nlohmann::json& call : validation.at("chirality")) {
    right += call.at("before") == call.at("measured") ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(validation.at("chirality_success_before").get<double>(), right / 3.0);
  EXPECT_EQ(validation.at("chirality_success_after").is_null(), !result.parameter_set.has_value());
  EXPECT_EQ(validation.at("chirality")[0].at("measured"), nlohmann::json({7, 6}));
}

TEST(ValidateCampaignTest, TheTruthIsAcceptedAndClosesTheGap) {
  const auto gathered = GatherShifted(Bench::kForest, 41);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search.Fit({gathered->TermOf("vd0")}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation proof, Prove(*gathered, *fit));
  EXPECT_GT(proof.validation.gap_before, 5.0 * proof.validation.floor);
  EXPECT_GT(proof.validation.gap_before_low, proof.validation.gap_after_high);
  EXPECT_LT(proof.validation.gap_after, 1.3 * proof.validation.floor);
  EXPECT_TRUE(proof.validation.decision.accepted) << proof.validation.decision.because;
  EXPECT_GT(proof.validation.coverage_90, 0.8);
  EXPECT_FALSE(proof.validation.leads.has_value());
  for (const ChannelValidation& channel : proof.validation.channels) {
    if (std::isnan(channel.coverage_90)) continue;
    EXPECT_GE(channel.pit_distance, 0.0) << channel.channel;
    EXPECT_LE(channel.pit_distance, 1.0) << channel.channel;
    EXPECT_LT(channel.crps_after, 1.01 * channel.crps_before) << channel.channel;
  }
}

TEST(ValidateCampaignTest, TheCauseAloneReachesTheFloorAndWithoutItNothingDoes) {
  const auto gathered = GatherShifted(Bench::kForest, 41);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  std::vector<int> terms = {gathered->TermOf("vd0"), gathered->TermOf("Rc")};
  std::sort(terms.begin(), terms.end());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search.Fit(terms));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation proof, Prove(*gathered, *fit));
  const Validation& v = proof.validation;
  ASSERT_EQ(v.replays.size(), 2u);  // in the twin's order
  const causal::MechanismReplay& contact = v.replays[0];
  const causal::MechanismReplay& cause = v.replays[1];
  EXPECT_EQ(contact.mechanism, "contact_resistance");
  EXPECT_EQ(contact.parameters, std::vector<std::string>{"Rc"});
  EXPECT_EQ(cause.mechanism, "carbon_diffusion");
  EXPECT_LT(cause.alone, 1.3 * v.floor);
  EXPECT_GT(cause.without, 5.0 * v.floor);
  EXPECT_EQ(contact.alone, cause.without);
  EXPECT_EQ(contact.without, cause.alone);
  // The same gap as of a calibration that moved nothing else.
  CampaignFit alone = *fit;
  const int vd0 = twin::ParameterIndex(Nanotubes().description(), "vd0");
  alone.z = gathered->model->base();
  alone.z(vd0) = fit->z(vd0);
  alone.parameters = {vd0};
  alone.covariance = Eigen::MatrixXd::Constant(1, 1, 0.01);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation only, Prove(*gathered, alone));
  EXPECT_NEAR(cause.alone, only.validation.gap_after, 1e-6);
  ASSERT_EQ(only.validation.replays.size(), 1u);
  EXPECT_EQ(only.validation.replays[0].alone, only.validation.gap_after);
  EXPECT_EQ(only.validation.replays[0].without, only.validation.gap_before);
}

TEST(ValidateCampaignTest, AGapThatIsNotClosedStaysAboveItsFloor) {
  const auto gathered = GatherShifted(Bench::kForest, 41);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* found, search.Fit({gathered->TermOf("vd0")}));
  CampaignFit fit = *found;
  const int vd0 = twin::ParameterIndex(Nanotubes().description(), "vd0");
  const double truth = fit.z(vd0);
  double last = -1.0;
  for (const double share : {1.0, 0.75, 0.5, 0.25}) {
    fit.z(vd0) = share * truth;
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation proof, Prove(*gathered, fit));
    const Validation& validation = proof.validation;
    EXPECT_GT(validation.gap_after, last) << share;
    last = validation.gap_after;
    EXPECT_EQ(validation.gap_after < 1.3 * validation.floor, share == 1.0) << share;
    EXPECT_GT(validation.mean_square.before, validation.mean_square.after) << share;
  }
}

TEST(ValidateCampaignTest, AWrongCauseIsRejected) {
  const auto gathered = GatherShifted(Bench::kForest, 42);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* none, search.Fit({}));
  // The truth the wrong way round.
  CampaignFit wrong = *none;
  const int vd0 = twin::ParameterIndex(Nanotubes().description(), "vd0");
  wrong.parameters = {vd0};
  wrong.z(vd0) = -3.0;
  wrong.covariance = Eigen::MatrixXd::Constant(1, 1, 0.01);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation proof, Prove(*gathered, wrong));
  EXPECT_GT(proof.validation.gap_after, proof.validation.gap_before);
  EXPECT_FALSE(proof.validation.decision.accepted);
  ASSERT_TRUE(proof.validation.leads.has_value());
  EXPECT_GT(proof.validation.leads->refit_nats, 10.0);
  EXPECT_GT(proof.validation.leads->worst_z2, 2.5);
}

TEST(ValidateCampaignTest, ARefusedSetLeadsToTheAssumptionThatWasLeftOut) {
  const auto gathered = GatherShifted(Bench::kForest, 42);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* none, search.Fit({}));
  // A parameter that explains nothing was moved, and the one that was shifted left alone.
  CampaignFit wrong = *none;
  const int wrong_one = twin::ParameterIndex(Nanotubes().description(), "Rc");
  wrong.parameters = {wrong_one};
  wrong.z(wrong_one) += 0.5;
  wrong.covariance = Eigen::MatrixXd::Constant(1, 1, 0.01);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation proof, Prove(*gathered, wrong));
  ASSERT_TRUE(proof.validation.leads.has_value());
  ASSERT_FALSE(proof.validation.leads->parameters.empty());
  EXPECT_EQ(proof.validation.leads->parameters.front().parameter, "vd0");
  EXPECT_GT(proof.validation.leads->parameters.front().step_sd, 0.0);
}

TEST(ValidateCampaignTest, OutcomesThatGetWorseAndRightCallsAreAmongItsChecks) {
  const auto gathered = GatherShifted(Bench::kChirality, 44);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* right, search.Fit({gathered->TermOf("vd0")}));
  // The cause, and with it particles of another size.
  CampaignFit spoilt = *right;
  const int dp0 = twin::ParameterIndex(Nanotubes().description(), "dp0");
  spoilt.parameters.push_back(dp0);
  spoilt.z(dp0) += 1.0;
  spoilt.covariance = Eigen::MatrixXd::Identity(2, 2) * 0.01;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation proof, Prove(*gathered, spoilt));
  EXPECT_FALSE(proof.validation.decision.accepted);
  bool refused = false, height = false;
  for (const calibration::ValidationCheck& check : proof.validation.decision.checks) {
    refused |= check.name == "rmse growth outcome/chirality" && !check.passed;
    height |= check.name == "rmse growth outcome/height";
  }
  EXPECT_TRUE(refused) << proof.validation.decision.because;
  EXPECT_TRUE(height) << proof.validation.decision.because;
  const auto counted = std::find_if(
      proof.validation.decision.checks.begin(), proof.validation.decision.checks.end(),
      [](const auto& check) { return check.name == "right calls of the dominant species"; });
  ASSERT_NE(counted, proof.validation.decision.checks.end());
  EXPECT_DOUBLE_EQ(counted->figure, SuccessAfter(proof.validation.chirality) *
                                        static_cast<double>(proof.validation.chirality.size()));
}

/// Figures of a channel on held-out runs; empty where it was not scored.
ChannelValidation FiguresOf(const Validation& validation, const std::string& channel) {
  for (const ChannelValidation& one : validation.channels) {
    if (one.channel == channel) return one;
  }
  return {};
}

TEST(ValidateCampaignTest, IntervalsAllowForWhatDiffersFromRunToRunAndNoVerdictSeesIt) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 45);
  what.calibrate_runs = 6;
  what.validate_runs = 8;
  what.shifts = {{"vd0", 2.0}};
  what.spreads = {{"vd0", 0.8}};
  const auto gathered = Gather(what);
  ASSERT_NE(gathered, nullptr);
  const testing::Campaign& campaign = gathered->campaign;
  std::vector<CampaignRun> held_out;
  for (const signal::RunRecord& record : campaign.validate) {
    held_out.push_back(GatherRows(campaign.rig, Nanotubes(), record, campaign.assumed).value());
  }
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* found, search.Fit({gathered->TermOf("vd0")}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<RunSpread> spreads,
                                SpreadBetweenRuns(search, *found));
  ASSERT_GT(spreads.front().Allowed(), 0.0);
  CampaignFit fit = *found;
  const auto prove = [&] {
    return ValidateCampaign(Nanotubes(), campaign.assumed, fit, {}, held_out, 1);
  };
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation without, prove());
  fit.spread = Eigen::VectorXd::Constant(1, spreads.front().Allowed());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignValidation with, prove());

  for (const char* channel : {"laser/height", "outcome/height"}) {
    const ChannelValidation narrow = FiguresOf(without.validation, channel);
    const ChannelValidation wide = FiguresOf(with.validation, channel);
    EXPECT_LT(narrow.coverage_90, 0.6) << channel;
    EXPECT_LT(std::abs(wide.coverage_90 - 0.9), 0.5 * std::abs(narrow.coverage_90 - 0.9))
        << channel;
    EXPECT_LT(wide.crps_after, narrow.crps_after) << channel;
    EXPECT_EQ(wide.rmse_after, narrow.rmse_after) << channel;
  }
  EXPECT_EQ(with.mean_z2, without.mean_z2);
  EXPECT_EQ(with.p_value, without.p_value);
  EXPECT_EQ(with.chance, without.chance);
  EXPECT_EQ(with.validation.gap_after, without.validation.gap_after);
  EXPECT_EQ(with.validation.decision.elpd_low, without.validation.decision.elpd_low);
}

TEST(ValidateCampaignTest, AccusedChannelsProveNothing) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 43);
  what.fault = {.channel = "pyro/pyro_t", .offset = 40.0};
  const auto gathered = Gather(what);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* none, search.Fit({}));
  const auto gap = [&](const std::vector<std::string>& accused) {
    return ValidateCampaign(Nanotubes(), gathered->campaign.assumed, *none, accused, gathered->runs,
                            1)
        .value()
        .validation.gap_before;
  };
  EXPECT_GT(gap({}), 6.0);
  EXPECT_LT(gap({"pyro/pyro_t"}), 3.0);
}

TEST(ValidateCampaignTest, WithoutRunsNothingIsHeldOut) {
  const CampaignFit nothing{.terms = {}, .parameters = {}, .z = {}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const CampaignValidation proof,
      ValidateCampaign(Nanotubes(), testing::TruthOf({}).value(), nothing, {}, {}, 1));
  EXPECT_FALSE(proof.validation.held_out);
  EXPECT_TRUE(std::isnan(proof.validation.gap_before));
}

}  // namespace
}  // namespace parallax::pipeline
