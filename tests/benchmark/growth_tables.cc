// What the Gaussian processes say of two tables of real growths, out of their sight: MoS2 by nested
// cross-validation (rows, or all rows of equal settings, left out together), ReSe2 round by round.
// growth_tables.py runs this, holds it against scikit-learn on the same folds and prints figures.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/surrogate/gp.h"
#include "core/surrogate/gp_classifier.h"

namespace parallax::surrogate {
namespace {

constexpr Kernel kKernels[] = {Kernel::kSquaredExponential, Kernel::kMatern52};

/// Cells of a table without quotes, its header left out.
std::vector<std::vector<std::string>> ReadTable(const std::string& name) {
  std::ifstream file(std::string(PARALLAX_TEST_DATA "/cvd_tables/") + name);
  PARALLAX_CHECK(file.good());
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells = absl::StrSplit(line, ',');
    for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
    rows.push_back(std::move(cells));
  }
  return rows;
}

double NumberIn(const std::string& cell) {
  if (cell == "Face Down (Flat)") return 0.0;
  if (cell == "Face Down (Tilted)") return 1.0;
  double value = 0.0;
  PARALLAX_CHECK(absl::SimpleAtod(cell, &value));
  return value;
}

/// Columns [first, first + names) are features, the one after them the outcome.
Dataset ToDataset(const std::vector<std::vector<std::string>>& rows, size_t first,
                  const std::vector<std::string>& names, const std::string& outcome) {
  const auto n = static_cast<Eigen::Index>(rows.size());
  const auto d = static_cast<Eigen::Index>(names.size());
  Dataset runs{.feature_names = names,
               .features = Eigen::MatrixXd(n, d),
               .outcome_name = outcome,
               .outcomes = Eigen::VectorXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < d; ++j) runs.features(i, j) = NumberIn(rows[i][first + j]);
    runs.outcomes(i) = NumberIn(rows[i][first + names.size()]);
  }
  return runs;
}

/// Number of each row's distinct settings.
std::vector<int> Settings(const Dataset& runs) {
  std::map<std::vector<double>, int> seen;
  std::vector<int> settings;
  for (const auto& row : runs.features.rowwise()) {
    settings.push_back(
        seen.try_emplace(std::vector<double>(row.begin(), row.end()), seen.size()).first->second);
  }
  return settings;
}

/// A fold of each row: groups are dealt in an order at chance, those with most outcomes of 0 apart
/// from those with most of 1, so that both are spread evenly. Rows of a group stay together.
std::vector<int> Folds(const std::vector<int>& groups, const Eigen::VectorXd& outcomes, int folds,
                       base::Random* random) {
  const int count = 1 + *std::max_element(groups.begin(), groups.end());
  std::vector<double> balance(count, 0.0);
  for (size_t i = 0; i < groups.size(); ++i) {
    balance[groups[i]] += outcomes(static_cast<Eigen::Index>(i)) - 0.5;
  }
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (int k = count - 1; k > 0; --k) std::swap(order[k], order[random->Below(k + 1)]);
  std::stable_partition(order.begin(), order.end(), [&](int k) { return balance[k] > 0.0; });
  std::vector<int> fold_of_group(count), fold(groups.size());
  for (int k = 0; k < count; ++k) fold_of_group[order[k]] = k % folds;
  for (size_t i = 0; i < groups.size(); ++i) fold[i] = fold_of_group[groups[i]];
  return fold;
}

std::pair<std::vector<Eigen::Index>, std::vector<Eigen::Index>> Split(const std::vector<int>& fold,
                                                                      int left_out) {
  std::pair<std::vector<Eigen::Index>, std::vector<Eigen::Index>> kept_and_left;
  for (size_t i = 0; i < fold.size(); ++i) {
    (fold[i] == left_out ? kept_and_left.second : kept_and_left.first)
        .push_back(static_cast<Eigen::Index>(i));
  }
  return kept_and_left;
}

Eigen::VectorXd Probabilities(const Dataset& train, const Dataset& test,
                              const GpClassifierOptions& options) {
  const absl::StatusOr<GpClassifier> classifier = FitGpClassifier(train, options);
  PARALLAX_CHECK(classifier.ok());
  const absl::StatusOr<std::vector<ClassProbability>> answers = classifier->Predict(test.features);
  PARALLAX_CHECK(answers.ok());
  Eigen::VectorXd probabilities(test.outcomes.size());
  for (size_t i = 0; i < answers->size(); ++i) {
    probabilities(static_cast<Eigen::Index>(i)) = (*answers)[i].probability;
  }
  return probabilities;
}

/// The kernel of the least log loss in an inner cross-validation of five folds.
Kernel ChooseKernel(const Dataset& train, const std::vector<int>& groups, base::Random* random) {
  const std::vector<int> fold = Folds(groups, train.outcomes, 5, random);
  double losses[] = {0.0, 0.0};
  for (int left = 0; left < 5; ++left) {
    const auto [kept, out] = Split(fold, left);
    const Dataset inner = RowsOf(train, kept), test = RowsOf(train, out);
    for (size_t k = 0; k < std::size(kKernels); ++k) {
      const Eigen::ArrayXd p =
          Probabilities(inner, test,
                        {.kernel = kKernels[k],
                         .draws = 1,
                         .search = {.starts = 1, .tolerance = 1e-2, .improvement = 1e-5}});
      losses[k] -=
          (test.outcomes.array() * p.log() + (1.0 - test.outcomes.array()) * (1.0 - p).log()).sum();
    }
  }
  return losses[0] < losses[1] ? kKernels[0] : kKernels[1];
}

void PrintMos2(const std::string& unit, int repeats, int folds) {
  const Dataset runs = ToDataset(ReadTable("mos2/train.csv"), 1,
                                 {"nacl", "sulfur_distance_cm", "boat_tilted", "flow_sccm",
                                  "reaction_temperature_c", "ramp_time_min", "reaction_time_min"},
                                 "grown");
  const std::vector<int> settings = Settings(runs);
  std::vector<int> groups = settings;
  if (unit == "rows") std::iota(groups.begin(), groups.end(), 0);
  std::vector<std::vector<int>> fold(repeats);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    base::Random random(7, repeat);
    fold[repeat] = Folds(groups, runs.outcomes, folds, &random);
  }
  Eigen::MatrixXd probabilities(runs.outcomes.size(), repeats);
  base::ParallelFor(static_cast<size_t>(repeats) * folds, [&](size_t task) {
    const int repeat = static_cast<int>(task) / folds, left = static_cast<int>(task) % folds;
    const auto [kept, out] = Split(fold[repeat], left);
    std::map<int, int> dense;  // groups of the kept rows, numbered anew
    std::vector<int> kept_groups;
    for (const Eigen::Index i : kept) {
      kept_groups.push_back(
          dense.try_emplace(groups[i], static_cast<int>(dense.size())).first->second);
    }
    const Dataset train = RowsOf(runs, kept);
    base::Random random(8, task);
    const Kernel kernel = ChooseKernel(train, kept_groups, &random);
    const Eigen::VectorXd p =
        Probabilities(train, RowsOf(runs, out), {.kernel = kernel, .search = {.starts = 2}});
    for (size_t i = 0; i < out.size(); ++i) {
      probabilities(out[i], repeat) = p(static_cast<Eigen::Index>(i));
    }
  });
  std::puts("repeat,fold,row,setting,grown,probability");
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (Eigen::Index i = 0; i < runs.outcomes.size(); ++i) {
      std::printf("%d,%d,%d,%d,%d,%.17g\n", repeat, fold[repeat][i], static_cast<int>(i),
                  settings[i], static_cast<int>(runs.outcomes(i)), probabilities(i, repeat));
    }
  }
}

/// E max(0, f − best) of a normal f. Source: Jones, Schonlau & Welch, J. Global Optim. 13 (1998)
/// 455.
double ExpectedImprovement(const Prediction& prediction, double best) {
  const double sd = std::sqrt(prediction.epistemic_variance), z = (prediction.mean - best) / sd;
  return sd * (z * 0.5 * std::erfc(-z / std::sqrt(2.0)) +
               std::exp(-0.5 * z * z) / std::sqrt(2.0 * 3.14159265358979323846));
}

void PrintRese2() {
  const std::vector<std::vector<std::string>> rows = ReadTable("rese2/rounds_0_to_2.csv");
  const Dataset runs = ToDataset(rows, 2, {"x1", "x2", "x3", "x4", "x5"}, "y1");
  std::puts("round,experiment,y,mean,epistemic,aleatoric,improvement");
  for (const int round : {1, 2}) {
    std::vector<Eigen::Index> before, now;
    for (size_t i = 0; i < rows.size(); ++i) {
      const double of_row = NumberIn(rows[i][1]);
      if (of_row < round) before.push_back(static_cast<Eigen::Index>(i));
      if (of_row == round) now.push_back(static_cast<Eigen::Index>(i));
    }
    const Dataset known = RowsOf(runs, before), done = RowsOf(runs, now);
    const absl::StatusOr<GaussianProcess> process = FitGaussianProcess(known);
    PARALLAX_CHECK(process.ok());
    const auto seen = process->Predict(known.features), asked = process->Predict(done.features);
    PARALLAX_CHECK(seen.ok() && asked.ok());
    // The best so far is a mean: the highest reading is high by its noise, too.
    double best = -std::numeric_limits<double>::infinity();
    for (const Prediction& one : *seen) best = std::max(best, one.mean);
    for (size_t i = 0; i < now.size(); ++i) {
      const Prediction& one = (*asked)[i];
      std::printf("%d,%s,%.17g,%.17g,%.17g,%.17g,%.17g\n", round, rows[now[i]][0].c_str(),
                  runs.outcomes(now[i]), one.mean, one.epistemic_variance, one.aleatoric_variance,
                  ExpectedImprovement(one, best));
    }
  }
}

}  // namespace
}  // namespace parallax::surrogate

int main(int argc, char** argv) {
  CLI::App app("Gaussian processes on tables of real growths");
  app.require_subcommand(1);
  CLI::App* mos2 = app.add_subcommand("mos2", "probability of growth by nested cross-validation");
  std::string unit = "rows";
  int repeats = 5, folds = 10;
  mos2->add_option("--unit", unit, "what is left out together: rows or settings")
      ->check(CLI::IsMember({"rows", "settings"}));
  mos2->add_option("--repeats", repeats, "of the cross-validation")->check(CLI::Range(1, 100));
  mos2->add_option("--folds", folds, "of each")->check(CLI::Range(2, 50));
  app.add_subcommand("rese2", "rounds of an optimisation campaign, each from those before it");
  CLI11_PARSE(app, argc, argv);
  if (mos2->parsed()) {
    parallax::surrogate::PrintMos2(unit, repeats, folds);
  } else {
    parallax::surrogate::PrintRese2();
  }
  return 0;
}
