#include <benchmark/benchmark.h>

#include <memory>

#include "core/base/parallel.h"
#include "tests/core/twin/swcnt/fixture.h"

// The nanotube twin: one prediction of a 60-minute run with all outputs and outcomes, without and
// with its Jacobian; eight draws one after the other and on all cores.
namespace parallax::twin {
namespace {

testing::GrowthRecipe HourLong(double thickness_m) {
  return {.heat_s = 600.0,
          .reduce_s = 300.0,
          .anneal_s = 300.0,
          .grow_s = 2100.0,
          .cool_s = 300.0,
          .thickness_m = thickness_m};
}

Drive HourDrive(bool stage, DriveMode mode, double thickness_m = 1e-3) {
  const signal::Rig rig = stage ? testing::StageRig() : testing::HotWallRig();
  return mode == DriveMode::kRecipe ? testing::RecipeDrive(rig, HourLong(thickness_m))
                                    : testing::SteadyDrive(rig, HourLong(thickness_m));
}

void Run(benchmark::State& state, const Drive& drive, Jacobian* jacobian) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const Eigen::VectorXd p = testing::SwcntParameters();
  Prediction prediction;
  for ([[maybe_unused]] auto _ : state) {
    if (!twin->Predict(p, drive, &prediction, jacobian).ok()) state.SkipWithError("refused");
    benchmark::DoNotOptimize(prediction.outcome.data());
  }
  state.counters["times_real_time"] =
      benchmark::Counter(3600.0, benchmark::Counter::kIsIterationInvariantRate);
}

void BM_StageMeasured(benchmark::State& state) {
  Run(state, HourDrive(true, DriveMode::kMeasured), nullptr);
}
BENCHMARK(BM_StageMeasured)->Unit(benchmark::kMillisecond);

void BM_StageRecipe(benchmark::State& state) {
  Run(state, HourDrive(true, DriveMode::kRecipe), nullptr);
}
BENCHMARK(BM_StageRecipe)->Unit(benchmark::kMillisecond);

void BM_ThickStageMeasured(benchmark::State& state) {
  Run(state, HourDrive(true, DriveMode::kMeasured, 3e-3), nullptr);
}
BENCHMARK(BM_ThickStageMeasured)->Unit(benchmark::kMillisecond);

void BM_ThickStageRecipe(benchmark::State& state) {
  Run(state, HourDrive(true, DriveMode::kRecipe, 3e-3), nullptr);
}
BENCHMARK(BM_ThickStageRecipe)->Unit(benchmark::kMillisecond);

void BM_HotWallMeasured(benchmark::State& state) {
  Run(state, HourDrive(false, DriveMode::kMeasured), nullptr);
}
BENCHMARK(BM_HotWallMeasured)->Unit(benchmark::kMillisecond);

void BM_HotWallRecipe(benchmark::State& state) {
  Run(state, HourDrive(false, DriveMode::kRecipe), nullptr);
}
BENCHMARK(BM_HotWallRecipe)->Unit(benchmark::kMillisecond);

void BM_StageMeasuredJacobian(benchmark::State& state) {
  Jacobian jacobian;
  Run(state, HourDrive(true, DriveMode::kMeasured), &jacobian);
}
BENCHMARK(BM_StageMeasuredJacobian)->Unit(benchmark::kMillisecond);

void BM_StageRecipeJacobian(benchmark::State& state) {
  Jacobian jacobian;
  Run(state, HourDrive(true, DriveMode::kRecipe), &jacobian);
}
BENCHMARK(BM_StageRecipeJacobian)->Unit(benchmark::kMillisecond);

constexpr size_t kDraws = 8;

struct Draws {
  std::unique_ptr<Twin> twin = MakeSwcnt();
  Drive drive = HourDrive(true, DriveMode::kMeasured);
  std::vector<Eigen::VectorXd> parameters;
  std::vector<Prediction> predictions = std::vector<Prediction>(kDraws);
  Draws() {
    for (size_t i = 0; i < kDraws; ++i) parameters.push_back(testing::DrawSwcnt(i, 0.5));
  }
  void Predict(size_t i) { (void)twin->Predict(parameters[i], drive, &predictions[i], nullptr); }
};

void BM_EightDrawsOneCore(benchmark::State& state) {
  Draws draws;
  for ([[maybe_unused]] auto _ : state) {
    for (size_t i = 0; i < kDraws; ++i) draws.Predict(i);
  }
}
BENCHMARK(BM_EightDrawsOneCore)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_EightDrawsAllCores(benchmark::State& state) {
  Draws draws;
  for ([[maybe_unused]] auto _ : state) {
    base::ParallelFor(kDraws, [&](size_t i) { draws.Predict(i); });
  }
}
BENCHMARK(BM_EightDrawsAllCores)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace parallax::twin
