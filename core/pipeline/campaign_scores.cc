#include "core/pipeline/campaign_scores.h"

#include <cmath>
#include <utility>

#include "core/base/parallel.h"
#include "core/base/random.h"

namespace parallax::pipeline {
namespace {

constexpr uint64_t kScoreStream = 0x7477696e73;  // "twins"

/// Sums over the rows of each window, divided by their number: places × rows.
Eigen::MatrixXd Averages(const std::vector<int>& window_of, Eigen::Index places,
                         const Eigen::VectorXd& row_sd) {
  Eigen::MatrixXd averages = Eigen::MatrixXd::Zero(places, row_sd.size());
  for (size_t i = 0; i < window_of.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (window_of[i] >= 0) averages(window_of[i], row) = 1.0;
  }
  const Eigen::VectorXd rows = averages.rowwise().sum();
  return rows.cwiseInverse().asDiagonal() * averages * row_sd.cwiseInverse().asDiagonal();
}

}  // namespace

CampaignScores::CampaignScores(const CampaignModel& model, const CampaignNoise& noise,
                               uint64_t seed)
    : model_(&model), noise_(&noise), draws_(model.rows(), kRightTwins) {
  base::ParallelFor(kRightTwins, [&](size_t i) {
    base::Random random(seed, kScoreStream + i);
    draws_.col(static_cast<Eigen::Index>(i)) = noise.Draw(&random);
  });
  for (ObservableCourse& course : CoursesOf(model)) {
    observables_.push_back(Prepare(std::move(course)));
  }
}

CampaignScores::Observable CampaignScores::Prepare(ObservableCourse course) const {
  Observable out;
  if (course.kind == SignalKind::kChannel) {
    std::vector<RunCourse> runs;
    for (const size_t b : course.blocks) {
      const EvidenceBlock& block = model_->blocks()[b];
      runs.push_back(
          {&model_->runs()[static_cast<size_t>(block.run)].clean.run.recipe, block.time_s});
    }
    out.windows = CutWindows(runs);
  }
  const auto runs = static_cast<Eigen::Index>(course.blocks.size());
  const auto places = static_cast<Eigen::Index>(out.windows.places.size());
  out.twins.scores.assign(kRightTwins, Eigen::MatrixXd(runs, course.dimensions));
  out.twins.windows = Eigen::MatrixXd::Zero(kRightTwins, places);
  for (size_t r = 0; r < course.blocks.size(); ++r) {
    const EvidenceBlock& block = model_->blocks()[course.blocks[r]];
    const Eigen::VectorXd sd = noise_->row_sd().segment(block.begin, block.rows());
    const Eigen::MatrixXd project =
        course.shapes[r].transpose() * sd.cwiseAbs2().cwiseInverse().asDiagonal();
    const auto draws = draws_.middleRows(block.begin, block.rows());
    const Eigen::MatrixXd projected = project * draws;
    const Eigen::MatrixXd covariance = projected * projected.transpose() / kRightTwins;
    const Eigen::LLT<Eigen::MatrixXd> llt(covariance);
    out.to_scores.emplace_back(llt.matrixL().solve(project));
    const Eigen::MatrixXd scores = out.to_scores.back() * draws;
    for (int i = 0; i < kRightTwins; ++i) {
      out.twins.scores[static_cast<size_t>(i)].row(static_cast<Eigen::Index>(r)) =
          scores.col(i).transpose();
    }
    if (places == 0) continue;
    out.to_windows.push_back(Averages(out.windows.window_of[r], places, sd));
    out.twins.windows += (out.to_windows.back() * draws).transpose() / static_cast<double>(runs);
  }
  out.course = std::move(course);
  return out;
}

RunScores CampaignScores::ScoresOf(const Observable& observable,
                                   const Eigen::VectorXd& residuals) const {
  const auto runs = static_cast<Eigen::Index>(observable.course.blocks.size());
  RunScores out{.scores = Eigen::MatrixXd(runs, observable.course.dimensions),
                .windows = Eigen::MatrixXd(runs, std::ssize(observable.windows.places))};
  for (Eigen::Index r = 0; r < runs; ++r) {
    const auto i = static_cast<size_t>(r);
    const EvidenceBlock& block = model_->blocks()[observable.course.blocks[i]];
    const auto rows = residuals.segment(block.begin, block.rows());
    out.scores.row(r) = (observable.to_scores[i] * rows).transpose();
    if (out.windows.cols() > 0) out.windows.row(r) = (observable.to_windows[i] * rows).transpose();
  }
  return out;
}

std::vector<ComparedSignal> CampaignScores::Compare(const Eigen::VectorXd& assumed,
                                                    const Eigen::VectorXd& fitted) const {
  std::vector<ComparedSignal> out;
  for (const Observable& one : observables_) {
    ComparedSignal signal{.signal = one.course.channel,
                          .observable = one.course.observable,
                          .kind = one.course.kind,
                          .places = one.windows.places,
                          .assumed = ScoresOf(one, assumed),
                          .fitted = std::nullopt,
                          .twins = one.twins};
    if (fitted.size() > 0) signal.fitted = ScoresOf(one, fitted);
    out.push_back(std::move(signal));
  }
  return out;
}

}  // namespace parallax::pipeline
