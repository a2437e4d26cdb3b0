// What a prediction of a surrogate costs on one core, in batches, and training it on all cores.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

#include "core/base/one_thread.h"
#include "core/base/random.h"
#include "core/surrogate/bnn.h"

namespace parallax::surrogate {
namespace {

/// Runs of 24 features without noise, as those of a twin.
Dataset TwinLike(Eigen::Index n) {
  base::Random random(1, 0);
  Dataset runs{
      .features = Eigen::MatrixXd(n, 24), .outcome_name = "y", .outcomes = Eigen::VectorXd(n)};
  for (int j = 0; j < 24; ++j) runs.feature_names.push_back("x" + std::to_string(j));
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < 24; ++j) runs.features(i, j) = 2.0 * random.Uniform() - 1.0;
    runs.outcomes(i) = std::exp(runs.features(i, 0)) * std::sin(2.0 * runs.features(i, 1)) +
                       runs.features.row(i).tail(20).sum();
  }
  return runs;
}

BnnOptions Options(const benchmark::State& state, int epochs) {
  BnnOptions options{.members = static_cast<int>(state.range(0)), .epochs = epochs};
  options.hidden.assign(static_cast<size_t>(state.range(1)), 50);
  return options;
}

void Predict(benchmark::State& state) {
  const Bnn model = *TrainBnn(TwinLike(200), Options(state, 1));
  const Eigen::MatrixXd asked = TwinLike(4096).features;
  for (auto _ : state) {
    base::OnOneThread([&] { benchmark::DoNotOptimize(model.Predict(asked)); });
  }
  state.SetItemsProcessed(state.iterations() * asked.rows());
}
BENCHMARK(Predict)->ArgsProduct({{5, 10}, {1, 2}});

void Train2000(benchmark::State& state) {
  const Dataset runs = TwinLike(2000);
  for (auto _ : state) benchmark::DoNotOptimize(TrainBnn(runs, Options(state, 300)));
}
BENCHMARK(Train2000)
    ->Args({10, 2})
    ->Iterations(1)
    ->Unit(benchmark::kSecond)
    ->MeasureProcessCPUTime();

}  // namespace
}  // namespace parallax::surrogate
