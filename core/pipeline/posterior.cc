#include <algorithm>
#include <cmath>

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

/// Gradient covariance of one channel of one run; rows are in units of the sensor's noise.
absl::Status AddBlock(const ChannelObservations& channel, const ChannelNoise& noise, double bin_s,
                      double sensor_sd, const Eigen::VectorXd& closed,
                      const Eigen::MatrixXd& scores, Eigen::MatrixXd* sum) {
  const Eigen::Index n = channel.bin_time_s.size();
  const Eigen::VectorXd& t = channel.bin_time_s;
  const double white = std::max(1e-3, channel.white_sd / sensor_sd);
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::MatrixXd correlated,
      calibration::ScoreCovariance(
          t, Eigen::VectorXd::Constant(n, white),
          {.sd = noise.scale / sensor_sd, .tau_s = 0.5 * bin_s * noise.inflation}, scores));
  *sum += correlated;
  AddShape(scores, Eigen::VectorXd::Ones(n), sum);
  const double half_s = std::max(0.5 * (t(n - 1) - t(0)), 1.0);
  AddShape(scores, (t.array() - t(0) - half_s).matrix() / half_s, sum);
  AddShape(scores, kForgivenShare / sensor_sd * closed, sum);
  return absl::OkStatus();
}

/// Pseudo-inverse of a covariance: a direction that no row moves carries no information.
Eigen::MatrixXd PseudoInverse(const Eigen::MatrixXd& symmetric) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(symmetric);
  const Eigen::VectorXd& values = solver.eigenvalues();
  const double least = 1e-12 * std::max(values.maxCoeff(), 1e-300);
  const Eigen::VectorXd inverse =
      values.unaryExpr([least](double v) { return v > least ? 1.0 / v : 0.0; });
  return solver.eigenvectors() * inverse.asDiagonal() * solver.eigenvectors().transpose();
}

/// Normal posterior with precision H M⁺ H + I.
absl::StatusOr<calibration::Posterior> GodambePosterior(
    const Eigen::VectorXd& mean, const Eigen::Ref<const Eigen::MatrixXd>& data_jacobian,
    const Eigen::MatrixXd& score_covariance) {
  const Eigen::MatrixXd hessian = data_jacobian.transpose() * data_jacobian;
  const Eigen::Index n = mean.size();
  Eigen::MatrixXd precision = hessian * PseudoInverse(score_covariance) * hessian;
  precision = 0.5 * (precision + precision.transpose()).eval();
  precision += Eigen::MatrixXd::Identity(n, n);
  const Eigen::LLT<Eigen::MatrixXd> llt(precision);
  if (llt.info() != Eigen::Success) {
    return absl::FailedPreconditionError("posterior precision is not positive definite");
  }
  calibration::Posterior posterior{.mean = mean,
                                   .covariance = llt.solve(Eigen::MatrixXd::Identity(n, n))};
  posterior.sd = posterior.covariance.diagonal().cwiseSqrt();
  posterior.correlation = posterior.sd.cwiseInverse().asDiagonal() * posterior.covariance *
                          posterior.sd.cwiseInverse().asDiagonal();
  posterior.contraction = 1.0 - posterior.sd.array();
  posterior.log_det_hessian = 2.0 * llt.matrixLLT().diagonal().array().log().sum();
  return posterior;
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
    PARALLAX_RETURN_IF_ERROR(AddBlock(model.Channel(block), noise[output],
                                      model.runs()[static_cast<size_t>(block.run)].bin_s,
                                      sensor[output].scale, closed.segment(block.begin, block.bins),
                                      scores.middleRows(block.begin, block.bins), &covariance));
  }
  return GodambePosterior(fit.x, fit.jacobian.topRows(model.rows()), covariance);
}

}  // namespace parallax::pipeline
