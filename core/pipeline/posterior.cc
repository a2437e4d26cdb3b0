#include <algorithm>
#include <cmath>

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

/// Gradient covariance of one channel of one run; rows are in units of the sensor's noise.
absl::StatusOr<Eigen::MatrixXd> BlockCovariance(const ChannelObservations& channel,
                                                const ChannelNoise& noise, double bin_s,
                                                double sensor_sd, const Eigen::VectorXd& closed,
                                                const Eigen::MatrixXd& scores) {
  const Eigen::VectorXd& t = channel.bin_time_s;
  const Eigen::Index n = t.size();
  const double length_s = std::max(t(n - 1) - t(0), 1.0);
  const double white = std::max(1e-3, channel.white_sd / sensor_sd);
  PARALLAX_ASSIGN_OR_RETURN(
      Eigen::MatrixXd covariance,
      calibration::ScoreCovariance(
          t, Eigen::VectorXd::Constant(n, white),
          {.sd = noise.scale / sensor_sd, .tau_s = 0.5 * bin_s * noise.inflation}, scores));
  const Eigen::VectorXd forgiven = attribution::kForgivenErrors.gap_share / sensor_sd * closed;
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
    if (block.bins < 2) continue;
    const auto output = static_cast<size_t>(model.Channel(block).output);
    PARALLAX_ASSIGN_OR_RETURN(
        const Eigen::MatrixXd added,
        BlockCovariance(model.Channel(block), noise[output],
                        model.runs()[static_cast<size_t>(block.run)].bin_s, sensor[output].scale,
                        closed.segment(block.begin, block.bins),
                        scores.middleRows(block.begin, block.bins)));
    covariance += added;
  }
  return calibration::GodambePosterior(fit.x, fit.jacobian.topRows(model.rows()), covariance);
}

}  // namespace parallax::pipeline
