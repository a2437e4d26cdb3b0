// Tabular regression sets on the splits that published figures use: RMSE, log likelihood and
// coverage of 90 % intervals beside the published bars. One setting for all sets.
//   uci_benchmark --data DIR [--set concrete] [--splits 20]
// With --inner no test part is looked at: the last ninth of each training part takes its place.
// This is how the setting was chosen.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/surrogate/bnn.h"

namespace parallax::surrogate {
namespace {

struct Bar {
  const char* set;
  double rmse;
  double log_density;
};

constexpr Bar kBars[] = {
    {"concrete", 4.83, -2.94}, {"energy", 0.54, -1.21}, {"yacht", 0.67, -1.25}};

Dataset Read(const std::string& path) {
  std::ifstream file(path);
  std::string line, cell;
  Dataset dataset;
  std::getline(file, line);
  for (std::stringstream head(line); std::getline(head, cell, ',');) {
    dataset.feature_names.push_back(cell);
  }
  std::vector<std::vector<double>> rows;
  while (std::getline(file, line)) {
    rows.emplace_back();
    for (std::stringstream row(line); std::getline(row, cell, ',');) {
      rows.back().push_back(std::stod(cell));
    }
    if (rows.back().size() != dataset.feature_names.size()) rows.clear();
  }
  if (rows.empty() || dataset.feature_names.size() < 2) {
    std::fprintf(stderr, "%s is no table of numbers\n", path.c_str());
    std::exit(1);
  }
  dataset.outcome_name = dataset.feature_names.back();
  dataset.feature_names.pop_back();
  const auto n = static_cast<Eigen::Index>(rows.size());
  const auto d = static_cast<Eigen::Index>(dataset.feature_names.size());
  dataset.features.resize(n, d);
  dataset.outcomes.resize(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Map<const Eigen::VectorXd> row(rows[static_cast<size_t>(i)].data(), d + 1);
    dataset.features.row(i) = row.head(d);
    dataset.outcomes(i) = row(d);
  }
  return dataset;
}

/// numpy.random.choice(range(n), n, replace=False) of a generator seeded with numpy.random.seed:
/// the splits of Hernandez-Lobato & Adams, ICML 2015, are successive ones after seed 1, the first
/// round(0.9 n) for training.
std::vector<Eigen::Index> NumpyPermutation(Eigen::Index n, std::mt19937* generator) {
  std::vector<Eigen::Index> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  for (size_t i = order.size() - 1; i >= 1; --i) {
    uint32_t mask = static_cast<uint32_t>(i), draw = 0;
    for (const int shift : {1, 2, 4, 8, 16}) mask |= mask >> shift;
    do draw = (*generator)() & mask;
    while (draw > i);
    std::swap(order[i], order[draw]);
  }
  return order;
}

struct Score {
  double rmse = 0.0;
  double log_density = 0.0;
  double covered = 0.0;
  double normal_covered = 0.0;  ///< by mean ± 1.645 sd
  double width = 0.0;
  double seconds = 0.0;
};

Score Run(const Dataset& training, const Dataset& test, const BnnOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<Bnn> model = TrainBnn(training, options);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  if (!model.ok()) {
    std::fprintf(stderr, "%s\n", model.status().ToString().c_str());
    std::exit(1);
  }
  const std::vector<Prediction> predictions = *model->Predict(test.features);
  const std::vector<Interval> intervals = *model->PredictIntervals(test.features, 0.9);
  Score score{.seconds = taken.count()};
  const auto n = static_cast<double>(predictions.size());
  for (size_t i = 0; i < predictions.size(); ++i) {
    const double outcome = test.outcomes(static_cast<Eigen::Index>(i));
    const double off = outcome - predictions[i].mean;
    score.rmse += off * off / n;
    score.log_density += LogDensity(predictions[i], outcome) / n;
    if (outcome >= intervals[i].lower && outcome <= intervals[i].upper) score.covered += 1.0 / n;
    if (off * off <= 2.7055 * predictions[i].variance()) score.normal_covered += 1.0 / n;
    score.width += (intervals[i].upper - intervals[i].lower) / n;
  }
  score.rmse = std::sqrt(score.rmse);
  return score;
}

struct MeanAndError {
  double mean = 0.0;
  double error = 0.0;
};

MeanAndError Over(const std::vector<Score>& scores, double Score::*field) {
  const auto n = static_cast<double>(scores.size());
  MeanAndError result;
  double square = 0.0;
  for (const Score& score : scores) result.mean += score.*field / n;
  for (const Score& score : scores)
    square += (score.*field - result.mean) * (score.*field - result.mean);
  result.error = std::sqrt(square / (n - 1.0) / n);
  return result;
}

void Show(const Bar& bar, const std::vector<Score>& scores) {
  const MeanAndError rmse = Over(scores, &Score::rmse), density = Over(scores, &Score::log_density),
                     covered = Over(scores, &Score::covered);
  std::printf(
      "| %s | %.3f ± %.3f | %.2f | %.3f ± %.3f | %.2f | %.1f ± %.1f %% | %.1f %% | %.2f | %.1f s "
      "|\n",
      bar.set, rmse.mean, rmse.error, bar.rmse, density.mean, density.error, bar.log_density,
      100.0 * covered.mean, 100.0 * covered.error,
      100.0 * Over(scores, &Score::normal_covered).mean, Over(scores, &Score::width).mean,
      Over(scores, &Score::seconds).mean);
  std::fflush(stdout);
}

}  // namespace
}  // namespace parallax::surrogate

int main(int argc, char** argv) {
  using namespace parallax::surrogate;  // NOLINT(google-build-using-namespace)
  CLI::App app("Tabular regression sets beside published figures");
  std::string folder, only;
  int splits = 20;
  std::ptrdiff_t inner = 0;
  BnnOptions options;
  app.add_option("--data", folder, "folder of concrete.csv, energy.csv, yacht.csv")->required();
  app.add_option("--set", only, "one of them");
  app.add_option("--splits", splits, "of each set")->check(CLI::Range(2, 20));
  app.add_option("--epochs", options.epochs, "of training");
  app.add_option("--members", options.members, "of the ensemble");
  app.add_option("--units", options.hidden, "of each hidden layer");
  app.add_option("--activation", options.activation, "0: tanh, 1: SiLU");
  app.add_option("--first-weight-sd", options.prior.first_weight_sd, "of the prior");
  app.add_option("--weight-sd", options.prior.weight_sd, "of the prior");
  app.add_option("--calibration-share", options.calibration_share, "of the training part");
  app.add_option("--output-sd", options.prior.output_sd, "of the prior");
  app.add_flag("--inner", inner, "validate within the training parts");
  CLI11_PARSE(app, argc, argv);
  std::printf(
      "| set | RMSE | bar | log likelihood | bar | 90 %% conformal | normal 90 %% | width | "
      "training |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const Bar& bar : kBars) {
    if (!only.empty() && only != bar.set) continue;
    const Dataset dataset = Read(folder + "/" + bar.set + ".csv");
    const Eigen::Index n = dataset.outcomes.size();
    const auto training = static_cast<std::ptrdiff_t>(std::round(0.9 * static_cast<double>(n)));
    std::mt19937 generator(1);
    std::vector<Score> scores;
    for (int split = 0; split < splits; ++split) {
      const std::vector<Eigen::Index> order = NumpyPermutation(n, &generator);
      const auto seen = order.begin() + training - inner * (training / 9);
      const auto end = inner > 0 ? order.begin() + training : order.end();
      scores.push_back(
          Run(RowsOf(dataset, {order.begin(), seen}), RowsOf(dataset, {seen, end}), options));
    }
    Show(bar, scores);
  }
  return 0;
}
