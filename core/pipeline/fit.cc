#include "core/pipeline/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/status_macros.h"

namespace parallax::pipeline {
namespace {

constexpr int kStarts = 20;
/// Starts are spread over this many prior standard deviations.
constexpr double kStartReach = 2.0;

double MedianAbsolute(std::vector<double> values) {
  if (values.empty()) return 0.0;
  for (double& value : values) value = std::abs(value);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double SensorScale(const Model& model, const RowBlock& block) {
  const ChannelObservations& channel = model.Channel(block);
  const signal::CleanSeries* series =
      model.runs()[static_cast<size_t>(block.run)].clean.Find(channel.channel);
  return std::max(channel.white_sd, series->noise_sd_si);
}

}  // namespace

double IntegratedAutocorrelation(const Eigen::VectorXd& x) {
  const Eigen::Index n = x.size();
  if (n < 8) return 1.0;
  const Eigen::VectorXd centred = x.array() - x.mean();
  const double variance = centred.squaredNorm();
  if (variance <= 0.0) return 1.0;
  auto rho = [&](Eigen::Index lag) {
    return centred.head(n - lag).dot(centred.tail(n - lag)) / variance;
  };
  double sum = 0.0;
  for (Eigen::Index lag = 0; lag + 1 < n / 2; lag += 2) {
    const double pair = rho(lag) + rho(lag + 1);
    if (pair <= 0.0) break;
    sum += pair;
  }
  return std::max(1.0, 2.0 * sum - 1.0);
}

calibration::LeastSquaresOptions FitSolverOptions() {
  return {.max_iterations = 40,
          .function_tolerance = 1e-6,
          .gradient_tolerance = 1e-9,
          .parameter_tolerance = 1e-8,
          .loss = calibration::RobustLoss::kHuber};
}

NoiseModel SensorNoise(const Model& model) {
  NoiseModel noise(model.space().description().outputs.size(), {.scale = 0.0});
  for (const RowBlock& block : model.blocks()) {
    ChannelNoise& channel = noise[static_cast<size_t>(model.Channel(block).output)];
    channel.scale = std::max(channel.scale, SensorScale(model, block));
  }
  return noise;
}

NoiseModel EstimateNoise(const Model& model, const Eigen::VectorXd& residuals) {
  NoiseModel noise = SensorNoise(model);
  for (size_t output = 0; output < noise.size(); ++output) {
    std::vector<double> pooled;
    double weighted_inflation = 0.0;
    double bins = 0.0;
    for (const RowBlock& block : model.blocks()) {
      if (static_cast<size_t>(model.Channel(block).output) != output) continue;
      const Eigen::VectorXd rows = residuals.segment(block.begin, block.bins);
      pooled.insert(pooled.end(), rows.data(), rows.data() + rows.size());
      weighted_inflation += static_cast<double>(rows.size()) * IntegratedAutocorrelation(rows);
      bins += static_cast<double>(rows.size());
    }
    if (bins == 0.0) continue;
    noise[output].scale = std::max(noise[output].scale, 1.4826 * MedianAbsolute(pooled));
    noise[output].inflation = weighted_inflation / bins;
  }
  return noise;
}

Eigen::VectorXd RowWeights(const Model& model, const NoiseModel& noise) {
  Eigen::VectorXd weight(model.rows());
  for (const RowBlock& block : model.blocks()) {
    const ChannelNoise& channel = noise[static_cast<size_t>(model.Channel(block).output)];
    weight.segment(block.begin, block.bins + block.censored)
        .setConstant(1.0 / (channel.scale * std::sqrt(channel.inflation)));
  }
  return weight;
}

calibration::LeastSquaresProblem DataProblem(const Model& model, const NoiseModel& noise) {
  const Eigen::VectorXd weight = RowWeights(model, noise);
  Eigen::VectorXd threshold(model.rows());
  for (const RowBlock& block : model.blocks()) {
    const ChannelNoise& channel = noise[static_cast<size_t>(model.Channel(block).output)];
    threshold.segment(block.begin, block.bins + block.censored)
        .setConstant(kRobustThreshold / std::sqrt(channel.inflation));
  }
  calibration::LeastSquaresProblem problem;
  problem.parameters = model.space().size();
  problem.lower = model.space().lower();
  problem.upper = model.space().upper();
  problem.robust_scale = std::move(threshold);
  problem.evaluate = [&model, weight](const Eigen::VectorXd& z, Eigen::VectorXd* residuals,
                                      Eigen::MatrixXd* jacobian) {
    if (!model.Residuals(z, residuals, jacobian).ok()) return false;
    residuals->array() *= weight.array();
    if (jacobian != nullptr) *jacobian = weight.asDiagonal() * *jacobian;
    return true;
  };
  return problem;
}

calibration::LeastSquaresProblem MapProblem(const Model& model, const NoiseModel& noise) {
  calibration::LeastSquaresProblem data = DataProblem(model, noise);
  const int n = data.parameters;
  auto evaluate = std::move(data.evaluate);
  data.evaluate = [evaluate, n](const Eigen::VectorXd& z, Eigen::VectorXd* residuals,
                                Eigen::MatrixXd* jacobian) {
    Eigen::VectorXd rows;
    Eigen::MatrixXd derivative;
    if (!evaluate(z, &rows, jacobian != nullptr ? &derivative : nullptr)) return false;
    residuals->resize(rows.size() + n);
    *residuals << rows, z;
    if (jacobian != nullptr) {
      jacobian->resize(rows.size() + n, n);
      *jacobian << derivative, Eigen::MatrixXd::Identity(n, n);
    }
    return true;
  };
  const Eigen::Index rows = data.robust_scale.size();
  data.robust_scale.conservativeResize(rows + n);
  data.robust_scale.tail(n).setConstant(std::numeric_limits<double>::infinity());
  return data;
}

absl::StatusOr<calibration::FitResult> Refit(const Model& model, const NoiseModel& noise,
                                             const Eigen::VectorXd& start) {
  return calibration::MinimizeLeastSquares(MapProblem(model, noise), start, FitSolverOptions());
}

absl::StatusOr<MapFit> FitMap(const Model& model, uint64_t seed) {
  const int n = model.space().size();
  MapFit fit{.z = Eigen::VectorXd::Zero(n), .noise = SensorNoise(model)};
  const Eigen::VectorXd low =
      Eigen::VectorXd::Constant(n, -kStartReach).cwiseMax(model.space().lower());
  const Eigen::VectorXd high =
      Eigen::VectorXd::Constant(n, kStartReach).cwiseMin(model.space().upper());
  PARALLAX_ASSIGN_OR_RETURN(
      const calibration::MultiStartResult search,
      calibration::MinimizeFromManyStarts(
          MapProblem(model, fit.noise), fit.z, low, high,
          {.starts = kStarts, .seed = seed, .cost_tie = 1e-6, .solver = FitSolverOptions()}));
  const calibration::FitResult& best = search.best;
  fit.starts = kStarts;
  fit.starts_agreeing = search.agreeing;
  fit.evaluations = search.evaluations;
  fit.z = best.x;
  fit.termination = best.termination;
  PARALLAX_RETURN_IF_ERROR(model.Residuals(fit.z, &fit.residuals, &fit.jacobian));
  fit.noise = EstimateNoise(model, fit.residuals);
  PARALLAX_ASSIGN_OR_RETURN(fit.posterior, CorrelatedPosterior(model, fit.noise, best));
  return fit;
}

}  // namespace parallax::pipeline
