// The surrogate of the nanotube twin over the whole prior of its parameters, at a fixed recipe of
// two rigs: a forest (heights) and Co-Mo on silica (shares of species). Error, coverage and time
// beside the twin's own; times are of the processor, threads summed. --runs N of the twin for
// training and calibration, --fresh N to judge on.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/pipeline/run_outcomes.h"
#include "core/pipeline/twin_sample.h"
#include "core/pipeline/twin_surrogate.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/core/pipeline/planted_recipe.h"
#include "tests/support/campaign_files.h"

namespace parallax::pipeline {
namespace {

/// Of the processor, all threads together: other programs on the machine do not count.
double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Processor time of one of some passes [s].
double TimeOf(int passes, const std::function<void(Eigen::Index pass)>& one) {
  const double begin_s = ProcessorSeconds();
  for (Eigen::Index i = 0; i < passes; ++i) one(i);
  return (ProcessorSeconds() - begin_s) / passes;
}

struct Case {
  std::string name;
  signal::Rig rig;
  signal::Run run;
  std::vector<std::string> outcomes;
};

std::vector<Case> Cases() {
  const std::string folder = PARALLAX_TEST_DATA "/swcnt-case-a";
  const signal::Rig chirality = parallax::testing::ReadRig(folder + "/rig.json");
  return {{.name = "forest",
           .rig = testing::RigOf(testing::Bench::kForest),
           .run = testing::DrawRuns(testing::Bench::kForest, 1, 540.0, 1).front(),
           .outcomes = {"height", "d_over_g", "mean_diameter"}},
          {.name = "case-a",
           .rig = chirality,
           .run = parallax::testing::ReadRunFolder(chirality, folder + "/runs/r01").run,
           .outcomes = {"mean_diameter", "share_6_5", "share_7_5", "share_7_6", "share_8_4",
                        "share_8_6"}}};
}

struct Judged {
  double rmse = 0.0, worst = 0.0, covered = 0.0, width = 0.0;  ///< all but `covered` over the range
};

Judged Judge(const TwinSurrogate& surrogate, const Eigen::MatrixXd& z,
             const Eigen::VectorXd& truth) {
  const std::vector<surrogate::Prediction> predictions = surrogate.Predict(z).value();
  const std::vector<surrogate::Interval> intervals = surrogate.PredictIntervals(z, 0.9).value();
  const double range = truth.maxCoeff() - truth.minCoeff();
  const auto n = static_cast<double>(truth.size());
  Judged judged;
  for (Eigen::Index i = 0; i < truth.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const double off = std::abs(predictions[at].mean - truth(i)) / range;
    judged.rmse += off * off / n;
    judged.worst = std::max(judged.worst, off);
    judged.covered +=
        (truth(i) >= intervals[at].lower && truth(i) <= intervals[at].upper ? 1.0 : 0.0) / n;
    judged.width += (intervals[at].upper - intervals[at].lower) / range / n;
  }
  judged.rmse = std::sqrt(judged.rmse);
  return judged;
}

void RunCase(const Case& one, int runs, int fresh, uint64_t seed,
             const TwinSurrogateOptions& options) {
  const twin::Twin& twin = testing::Nanotubes();
  const twin::Drive drive =
      twin.Prepare(one.rig, {.run = one.run}, twin::DriveMode::kRecipe).value();
  const surrogate::Randomizer prior =
      surrogate::Randomizer::Create(
          {.parameters = PriorBelief(twin.description()), .posterior_share = 0.0, .seed = seed})
          .value();
  const TwinSample sample = SampleTwin(twin, {drive}, prior, 0, runs, Slopes::kExact).value();
  const TwinSample judge =
      SampleTwin(twin, {drive}, prior, static_cast<uint64_t>(runs), fresh, Slopes::kNone).value();
  twin::Prediction prediction;
  const double twin_s =
      TimeOf(std::min(200, static_cast<int>(judge.z.rows())), [&](Eigen::Index i) {
        (void)twin.Predict(NaturalOf(twin.description(), judge.z.row(i).transpose()), drive,
                           &prediction, nullptr);
      });
  std::printf("%s: %d runs of the twin (%d refused), judged on %d; twin %.2f ms a run\n",
              one.name.c_str(), runs, sample.failed, fresh, twin_s * 1e3);
  for (const std::string& name : one.outcomes) {
    const int outcome = FindOutcome(twin.description(), name);
    const double begin_s = ProcessorSeconds();
    const TwinSurrogate surrogate = TwinSurrogate::Train(sample, outcome, name, options).value();
    const double training_s = ProcessorSeconds() - begin_s;
    const Judged judged = Judge(surrogate, judge.z, judge.outcomes.col(outcome));
    const double each_s =
        TimeOf(10, [&](Eigen::Index) { (void)surrogate.Predict(judge.z).value(); }) /
        static_cast<double>(judge.z.rows());
    std::printf(
        "| %s %s | %s | %d | %.2f %% | %.1f %% | %.1f %% | %.1f %% | %.1f s | %.1f us | %.0f |\n",
        one.name.c_str(), name.c_str(), surrogate.learnt_as_logarithm() ? "log" : "as is",
        static_cast<int>(surrogate.directions().cols()), 100 * judged.rmse, 100 * judged.worst,
        100 * judged.covered, 100 * judged.width, training_s, each_s * 1e6, twin_s / each_s);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace parallax::pipeline

int main(int argc, char** argv) {
  CLI::App app("Judges the surrogate of the nanotube twin over its prior");
  int runs = 2000, fresh = 4000;
  uint64_t seed = 7;
  parallax::pipeline::TwinSurrogateOptions options;
  app.add_option("--runs", runs, "runs of the twin to train and calibrate on");
  app.add_option("--fresh", fresh, "runs of the twin to judge on");
  app.add_option("--members", options.members, "networks");
  app.add_option("--epochs", options.epochs, "of training");
  app.add_option("--hidden", options.hidden, "units of each hidden layer");
  app.add_option("--directions", options.most_directions, "of the parameters' space, at most");
  app.add_option("--kept", options.calibration_share, "share of the runs kept for intervals");
  app.add_option("--seed", seed, "of the draws of the twin; settings were chosen on 101 and 103");
  CLI11_PARSE(app, argc, argv);
  std::printf(
      "| outcome | scale | directions | rmse/range | worst/range | 90 %% covers | width/range |"
      " training | an evaluation | faster |\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const auto& one : parallax::pipeline::Cases()) {
    parallax::pipeline::RunCase(one, runs, fresh, seed, options);
  }
}
