#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {

/// How the residuals of one output of the twin are weighed. The twin is wrong by more than the
/// sensor's noise, and wrong for minutes on end: residuals of neighbouring bins are not
/// independent. A likelihood of independent rows raised to the power 1/inflation keeps the robust
/// point estimate and gives posterior standard deviations that account for the autocorrelation.
/// Source: composite likelihood, Varin, Reid & Firth, Statistica Sinica 21 (2011) 5, sec. 2.3.
struct ChannelNoise {
  double scale = 1.0;  ///< of one bin's residual [SI]: sensor noise and misfit, at least the former
  double inflation = 1.0;  ///< bins that carry the information of one independent bin, >= 1
};

/// Noise by output of the twin.
using NoiseModel = std::vector<ChannelNoise>;

/// The sensors' own noise with no misfit and no correlation: where every fit starts.
NoiseModel SensorNoise(const Model& model);

/// The same re-estimated from residuals: scale by their median absolute deviation, inflation by
/// their integrated autocorrelation (Geyer's initial positive sequence).
NoiseModel EstimateNoise(const Model& model, const Eigen::VectorXd& residuals);

/// Integrated autocorrelation 1 + 2 Σ ρ of a series of residuals, summed over pairs of lags while
/// their sum is positive; at least 1. Source: Geyer, Statistical Science 7 (1992) 473, sec. 3.3.
double IntegratedAutocorrelation(const Eigen::VectorXd& x);

/// 1/(scale·√inflation) of each row of Model::Residuals.
Eigen::VectorXd RowWeights(const Model& model, const NoiseModel& noise);

/// Least-squares problem of the coordinates without prior rows: rows in units of scale·√inflation,
/// robust threshold set for each. Borrows `model`.
calibration::LeastSquaresProblem DataProblem(const Model& model, const NoiseModel& noise);

/// The same with the standard-normal prior of every coordinate as rows of its own.
calibration::LeastSquaresProblem MapProblem(const Model& model, const NoiseModel& noise);

/// Where a maximum a posteriori fit ended.
struct MapFit {
  Eigen::VectorXd z;  ///< coordinates
  NoiseModel noise;   ///< at z
  calibration::Posterior posterior;
  Eigen::VectorXd residuals;  ///< [SI], at z
  Eigen::MatrixXd jacobian;   ///< [SI] a prior sd, rows × coordinates, at z
  calibration::Termination termination = calibration::Termination::kFailed;
  int starts_agreeing = 0;
  int starts = 0;
  int evaluations = 0;
};

/// Robust maximum a posteriori fit of all coordinates from many starts. The point treats rows as
/// independent with the sensors' own noise and Huber's loss, which on twins that are wrong for
/// minutes on end predicts better than whitening (docs/methods.md has the figures); its posterior
/// accounts for the correlation. Deterministic for a seed. Errors: those of the twin.
absl::StatusOr<MapFit> FitMap(const Model& model, uint64_t seed);

/// Posterior of a fit of independent rows whose residuals are in truth correlated: normal with the
/// precision H M⁻¹ H + I, the Godambe information of the data rows (H their Gauss–Newton Hessian)
/// plus the prior's. M is the covariance of their gradient under an Ornstein–Uhlenbeck term of the
/// residuals' scale and correlation time plus, for each run and channel, an offset and a slope
/// over the run of the sensor's noise each, and 5 % of the gap that the fit closed (methods.md §3),
/// a share that wanders over the run because a twin is not wrong by the same factor all day.
/// Errors: those of the twin. Source: Ribatet, Cooley & Davison, Statistica Sinica 22 (2012) 813.
absl::StatusOr<calibration::Posterior> CorrelatedPosterior(const Model& model,
                                                           const NoiseModel& noise,
                                                           const calibration::FitResult& fit);

/// One maximum a posteriori fit from one start at a noise model that is given.
absl::StatusOr<calibration::FitResult> Refit(const Model& model, const NoiseModel& noise,
                                             const Eigen::VectorXd& start);

/// Tolerances and loss of every fit of an analysis.
calibration::LeastSquaresOptions FitSolverOptions();

/// Huber's threshold in units of ChannelNoise::scale.
inline constexpr double kRobustThreshold = 1.0;

}  // namespace parallax::pipeline
