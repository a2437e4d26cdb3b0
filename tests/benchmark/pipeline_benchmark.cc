#include <benchmark/benchmark.h>

#include "core/pipeline/analysis.h"
#include "core/pipeline/campaign_rows.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/core/pipeline/planted_campaign.h"

// A whole analysis, from recordings to report: the bundled two-heater board, and a nanotube
// campaign of twelve runs whose conductivity is planted; and what such a campaign's runs cost
// where they are only predicted as assumed.
namespace parallax::pipeline {
namespace {

bool KeepGoing(std::string_view /*phase*/, double /*share_done*/) { return true; }

void Analyse(benchmark::State& state, const AnalysisInput& input) {
  for ([[maybe_unused]] auto _ : state) {
    const absl::StatusOr<AnalysisResult> result = Analyze(input, KeepGoing);
    if (!result.ok()) state.SkipWithError(result.status().ToString().c_str());
    benchmark::DoNotOptimize(result);
  }
}

void BM_AnalyseBoard(benchmark::State& state) {
  const signal::Rig rig = testing::BoardRig();
  const calibration::ParameterSet base = testing::Assumptions(testing::TwoHeater());
  const std::vector<signal::RunRecord> calibrate = {testing::BoardRecording("energy-balance-1s")};
  const std::vector<signal::RunRecord> validate = {testing::BoardRecording("mimo-3s")};
  Analyse(state, {.rig = rig,
                  .twin = testing::TwoHeater(),
                  .base = base,
                  .calibrate_runs = calibrate,
                  .validate_runs = validate,
                  .seed = 7});
}
BENCHMARK(BM_AnalyseBoard)->Unit(benchmark::kSecond)->UseRealTime();

testing::Campaign TwelveRuns() {
  return testing::Plant({.bench = testing::Bench::kChirality, .shifts = {{"nk", -3.0}}}).value();
}

void BM_AnalyseTwelveNanotubeRuns(benchmark::State& state) {
  const testing::Campaign campaign = TwelveRuns();
  Analyse(state, campaign.Input(1));
}
BENCHMARK(BM_AnalyseTwelveNanotubeRuns)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

/// Runs of a campaign, cleaned and ready to be predicted.
std::vector<CampaignRun> GatherAll(const testing::Campaign& campaign) {
  std::vector<CampaignRun> runs;
  for (const auto* split : {&campaign.calibrate, &campaign.validate}) {
    for (const signal::RunRecord& record : *split) {
      runs.push_back(
          GatherRows(campaign.rig, testing::Nanotubes(), record, campaign.assumed).value());
    }
  }
  return runs;
}

/// Cleaning, driving, clocks and flows, as every analysis begins.
void BM_GatherTwelveNanotubeRuns(benchmark::State& state) {
  const testing::Campaign campaign = TwelveRuns();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(GatherAll(campaign));
}
BENCHMARK(BM_GatherTwelveNanotubeRuns)->Unit(benchmark::kMillisecond);

void BM_PredictTwelveNanotubeRunsAsAssumed(benchmark::State& state) {
  const testing::Campaign campaign = TwelveRuns();
  const std::vector<CampaignRun> runs = GatherAll(campaign);
  twin::Prediction prediction;
  for ([[maybe_unused]] auto _ : state) {
    for (const CampaignRun& run : runs) {
      const absl::Status status =
          testing::Nanotubes().Predict(campaign.assumed, run.drive, &prediction, nullptr);
      if (!status.ok()) state.SkipWithError(status.ToString().c_str());
    }
  }
}
BENCHMARK(BM_PredictTwelveNanotubeRunsAsAssumed)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parallax::pipeline
