#include <benchmark/benchmark.h>

#include <cmath>
#include <limits>

#include "core/twin/furnace/furnace.h"
#include "core/twin/twin.h"
#include "core/twin/two_heater/two_heater.h"

// Time of one prediction, without and with its Jacobian: a board recording of 2 h at 0.5 s with a
// change of power every 105 s, and a furnace run of 12 h. The counter is how much faster than the
// rig itself the twin runs.
namespace parallax::twin {
namespace {

Drive BoardRun() {
  constexpr Eigen::Index kRows = 15'602;
  Drive drive;
  drive.time_s = Eigen::VectorXd::LinSpaced(kRows, 0.0, 7800.0);
  drive.inputs.resize(kRows, 2);
  for (Eigen::Index i = 0; i < kRows; ++i) {
    const Eigen::Index step = i / 210;
    const auto level = static_cast<double>(step);
    drive.inputs.row(i) << 0.5 + 0.3 * std::sin(level), 0.5 + 0.3 * std::cos(level);
  }
  drive.initial = Eigen::Vector2d(296.0, 295.5);
  drive.constants.resize(kBoardConstants);
  drive.constants << 2.0, 0.001, 0.0002, 293.15;
  return drive;
}

Drive FurnaceRun() {
  constexpr Eigen::Index kRows = 4'560;
  Drive drive;
  drive.time_s = Eigen::VectorXd::LinSpaced(kRows, 0.0, 45'600.0);
  drive.inputs.resize(kRows, kFurnaceInputs);
  for (Eigen::Index i = 0; i < kRows; ++i) {
    drive.inputs.row(i) << 1.4e-3 + 2e-4 * std::sin(static_cast<double>(i)), 1.0, 1.0;
  }
  drive.initial = Eigen::VectorXd::Constant(1, std::numeric_limits<double>::quiet_NaN());
  drive.constants.resize(kFurnaceConstants);
  drive.constants << 1e6, 295.15;
  return drive;
}

void Run(benchmark::State& state, const Twin& twin, const Drive& drive, Jacobian* jacobian) {
  const Eigen::VectorXd parameters = ParametersFromAssumptions(twin.description(), {}).value();
  Prediction prediction;
  for ([[maybe_unused]] auto _ : state) {
    if (!twin.Predict(parameters, drive, &prediction, jacobian).ok()) {
      state.SkipWithError("Predict failed");
    }
    benchmark::DoNotOptimize(prediction.outputs.data());
  }
  const double span_s = drive.time_s[drive.time_s.size() - 1] - drive.time_s[0];
  state.counters["times_real_time"] =
      benchmark::Counter(span_s, benchmark::Counter::kIsIterationInvariantRate);
}

void BM_TwoHeaterPredict(benchmark::State& state) {
  Run(state, *MakeTwoHeater(), BoardRun(), nullptr);
}
BENCHMARK(BM_TwoHeaterPredict)->Unit(benchmark::kMillisecond);

void BM_TwoHeaterPredictWithJacobian(benchmark::State& state) {
  Jacobian jacobian;
  Run(state, *MakeTwoHeater(), BoardRun(), &jacobian);
}
BENCHMARK(BM_TwoHeaterPredictWithJacobian)->Unit(benchmark::kMillisecond);

void BM_FurnacePredict(benchmark::State& state) {
  Run(state, *MakeFurnace(), FurnaceRun(), nullptr);
}
BENCHMARK(BM_FurnacePredict)->Unit(benchmark::kMillisecond);

void BM_FurnacePredictWithJacobian(benchmark::State& state) {
  Jacobian jacobian;
  Run(state, *MakeFurnace(), FurnaceRun(), &jacobian);
}
BENCHMARK(BM_FurnacePredictWithJacobian)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parallax::twin
