#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/attribution/verdict_thresholds.h"
#include "core/base/status_macros.h"
#include "core/calibration/sandwich.h"
#include "core/pipeline/fit.h"

namespace parallax::pipeline {
namespace {

/// Adds (gᵀ u)(gᵀ u)ᵀ, the gradient covariance of a term with shape `u` in raw units.
void AddShape(const Eigen::MatrixXd& scores, const Eigen::VectorXd& shape, Eigen::MatrixXd* sum) {
  const Eigen::VectorXd projected = scores.transpose() * shape;
  *sum += projected * projected.transpose();
}

/// What the twin is forgiven wanders over a run: correlation time as a share of the run.
constexpr double kForgivenTime = 1.0 / 3.0;

/// Rows of one channel of one run that a fit weighs, in order of time.
struct SeriesRows {
  Eigen::VectorXd time_s;
  Eigen::VectorXd closed;  ///< of the gap, by the fit [SI]
  Eigen::MatrixXd scores;  ///< in units of the sensor's noise
};

/// All bins, and those readings at the floor above which the twin predicts: the others have no
/// slope, and say nothing at the point.
SeriesRows RowsOf(const Model& model, const RowBlock& block, const Eigen::VectorXd& closed,
                  const Eigen::MatrixXd& scores) {
  const ChannelObservations& channel = model.Channel(block);
  const Eigen::VectorXd& grid_s = model.runs()[static_cast<size_t>(block.run)].drive.time_s;
  std::vector<std::pair<double, Eigen::Index>> rows;
  for (Eigen::Index i = 0; i < block.bins; ++i) {
    rows.emplace_back(channel.bin_time_s(i), block.begin + i);
  }
  for (Eigen::Index i = 0; i < block.censored; ++i) {
    const Eigen::Index row = block.begin + block.bins + i;
    if (scores.row(row).isZero(0.0)) continue;
    rows.emplace_back(channel.censored_points[static_cast<size_t>(i)].Interpolate(grid_s), row);
  }
  std::sort(rows.begin(), rows.end());
  const auto n = static_cast<Eigen::Index>(rows.size());
  SeriesRows series{Eigen::VectorXd(n), Eigen::VectorXd(n), Eigen::MatrixXd(n, scores.cols())};
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto& [time_s, row] = rows[static_cast<size_t>(i)];
    series.time_s(i) = time_s;
    series.closed(i) = closed(row);
    series.scores.row(i) = scores.row(row);
  }
  return series;
}

/// Gradient covariance of one channel of one run.
absl::StatusOr<Eigen::MatrixXd> BlockCovariance(const SeriesRows& rows, double white_sd,
                                                const ChannelNoise& noise, double bin_s,
                                                double sensor_sd) {
  const Eigen::VectorXd& t = rows.time_s;
  const Eigen::MatrixXd& scores = rows.scores;
  const Eigen::Index n = t.size();
  const double length_s = std::max(t(n - 1) - t(0), 1.0);
  const double white = std::max(1e-3, white_sd / sensor_sd);
  PARALLAX_ASSIGN_OR_RETURN(
      Eigen::MatrixXd covariance,
      calibration::ScoreCovariance(
          t, Eigen::VectorXd::Constant(n, white),
          {.sd = noise.scale / sensor_sd, .tau_s = 0.5 * bin_s * noise.inflation}, scores));
  const Eigen::VectorXd forgiven = attribution::kForgivenErrors.gap_share / sensor_sd * rows.closed;
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::MatrixXd wandering,
      calibration::ScoreCovariance(t, Eigen::VectorXd::Constant(n, 1e-3),
                                   {.sd = 1.0, .tau_s = kForgivenTime * length_s},
                                   forgiven.asDiagonal() * scores));
  covariance += wandering;
  AddShape(scores, Eigen::VectorXd::Ones(n), &covariance);
  AddShape(scores, ((t.array() - t(0)) / (0.5 * length_s) - 1.0).matrix(), &covariance);
  return covariance;
}

}  // namespace

absl::StatusOr<calibration::Posterior> CorrelatedPosterior(const Model& model,
                                                           const NoiseModel& noise,
                                                           const calibration::FitResult& fit) {
  const int n = model.space().size();
  const NoiseModel sensor = SensorNoise(model);
  Eigen::VectorXd assumed;
  Eigen::VectorXd fitted;
  PARALLAX_RETURN_IF_ERROR(model.Residuals(Eigen::VectorXd::Zero(n), &assumed, nullptr));
  PARALLAX_RETURN_IF_ERROR(model.Residuals(fit.x, &fitted, nullptr));
  const Eigen::VectorXd closed = assumed - fitted;
  const Eigen::MatrixXd scores = calibration::ScoreRows(fit);
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(n, n);
  for (const RowBlock& block : model.blocks()) {
    const SeriesRows rows = RowsOf(model, block, closed, scores);
    if (rows.time_s.size() < 2) continue;
    const auto output = static_cast<size_t>(model.Channel(block).output);
    PARALLAX_ASSIGN_OR_RETURN(
        const Eigen::MatrixXd added,
        BlockCovariance(rows, model.Channel(block).white_sd, noise[output],
                        model.runs()[static_cast<size_t>(block.run)].bin_s, sensor[output].scale));
    covariance += added;
  }
  return calibration::GodambePosterior(fit.x, fit.jacobian.topRows(model.rows()), covariance);
}

}  // namespace parallax::pipeline
