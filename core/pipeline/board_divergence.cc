#include "core/pipeline/board_divergence.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/pipeline/run_windows.h"

namespace parallax::pipeline {
namespace {

/// One run's blocks of one output.
struct Blocks {
  const signal::Recipe* recipe = nullptr;
  std::vector<double> time_s, score;
};

/// Level and trend, each standard normal where the scores are.
Eigen::RowVector2d LevelAndTrend(const Eigen::VectorXd& time_s, const Eigen::VectorXd& score) {
  const Eigen::VectorXd centred = time_s.array() - time_s.mean();
  return {score.sum() / std::sqrt(static_cast<double>(score.size())),
          centred.dot(score) / centred.norm()};
}

using RunsOfOutput = std::vector<Blocks>;

/// Every output that a run has at least two blocks of, by output.
std::map<int, RunsOfOutput> Collect(const Model& model, const GapMeter& meter,
                                    const Eigen::VectorXd& residuals) {
  const Eigen::MatrixXd scores = meter.Scores(residuals);
  std::map<int, RunsOfOutput> out;
  for (Eigen::Index output = 0; output < scores.cols(); ++output) {
    std::map<int, Blocks> by_run;
    for (Eigen::Index row = 0; row < scores.rows(); ++row) {
      if (std::isnan(scores(row, output))) continue;  // the run lacks the output
      const GapMeter::Place& place = meter.places()[static_cast<size_t>(row)];
      Blocks& blocks = by_run[place.run];
      blocks.recipe = &model.runs()[static_cast<size_t>(place.run)].clean.run.recipe;
      blocks.time_s.push_back(place.time_s);
      blocks.score.push_back(scores(row, output));
    }
    for (auto& [run, blocks] : by_run) {
      if (blocks.score.size() >= 2) out[static_cast<int>(output)].push_back(std::move(blocks));
    }
  }
  return out;
}

Eigen::VectorXd VectorOf(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), std::ssize(values));
}

CommonWindows WindowsOf(const RunsOfOutput& runs) {
  std::vector<RunCourse> courses;
  for (const Blocks& blocks : runs) courses.push_back({blocks.recipe, VectorOf(blocks.time_s)});
  return CutWindows(courses);
}

RunScores ScoresOf(const RunsOfOutput& runs, const CommonWindows& windows) {
  const Eigen::Index n = std::ssize(runs), places = std::ssize(windows.places);
  RunScores out{.scores = Eigen::MatrixXd(n, 2), .windows = Eigen::MatrixXd::Zero(n, places)};
  Eigen::MatrixXd rows = out.windows;
  for (Eigen::Index r = 0; r < n; ++r) {
    const Blocks& blocks = runs[static_cast<size_t>(r)];
    out.scores.row(r) = LevelAndTrend(VectorOf(blocks.time_s), VectorOf(blocks.score));
    for (size_t i = 0; i < blocks.score.size(); ++i) {
      const int window = windows.window_of[static_cast<size_t>(r)][i];
      if (window < 0) continue;
      out.windows(r, window) += blocks.score[i];
      rows(r, window) += 1.0;
    }
  }
  // Sums over the root of their number: standard normal, as the blocks are.
  out.windows = out.windows.cwiseQuotient(rows.cwiseSqrt());
  return out;
}

std::string ChannelOf(const Model& model, int output) {
  for (const RowBlock& block : model.blocks()) {
    if (model.Channel(block).output == output) return model.Channel(block).channel;
  }
  return model.space().description().outputs[static_cast<size_t>(output)].channel_id;
}

}  // namespace

absl::StatusOr<Divergences> CompareBoards(const Model& model, const GapMeter& meter,
                                          const Eigen::VectorXd& assumed,
                                          const Eigen::VectorXd& fitted, uint64_t seed) {
  Divergences out;
  const auto runs = static_cast<int>(model.runs().size());
  if (runs < kFewestRuns) {
    out.missing = absl::StrFormat("runs are compared as wholes, which takes %d; there %s %d",
                                  kFewestRuns, runs == 1 ? "is" : "are", runs);
    return out;
  }
  const std::map<int, RunsOfOutput> before = Collect(model, meter, assumed);
  const std::map<int, RunsOfOutput> after = Collect(model, meter, fitted);
  std::vector<ComparedSignal> signals;
  for (const auto& [output, measured] : before) {
    const std::string channel = ChannelOf(model, output);
    const CommonWindows windows = WindowsOf(measured);
    signals.push_back(
        {.signal = channel,
         .observable = channel.substr(channel.find('/') + 1),
         .kind = SignalKind::kChannel,
         .places = windows.places,
         .assumed = ScoresOf(measured, windows),
         .fitted = ScoresOf(after.at(output), windows),
         .twins = IndependentTwins(std::ssize(measured), 2, std::ssize(windows.places), seed)});
  }
  PARALLAX_ASSIGN_OR_RETURN(out.signals, CompareSignals(signals, seed));
  return out;
}

}  // namespace parallax::pipeline
