#include "core/pipeline/twin_surrogate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::pipeline {
namespace {

constexpr double kLeftOutShare = 1e-6;

/// Third standardised moment.
double Skewness(const Eigen::VectorXd& values) {
  const Eigen::ArrayXd centered = values.array() - values.mean();
  const double variance = centered.square().mean();
  return variance > 0.0 ? centered.cube().mean() / std::pow(variance, 1.5) : 0.0;
}

/// Rates multiply: an outcome whose logarithm is the more symmetric is learnt as such.
bool BetterAsLogarithm(const Eigen::VectorXd& values) {
  if (values.minCoeff() <= 0.0) return false;
  const Eigen::VectorXd logarithm = values.array().log();
  return std::abs(Skewness(logarithm)) < std::abs(Skewness(values));
}

absl::Status CheckSurrogateOptions(const TwinSurrogateOptions& options, const TwinSample& sample) {
  if (options.most_directions < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("most_directions = %d, must be >= 1", options.most_directions));
  }
  if (sample.slopes.empty() || sample.z.rows() < kLeastSurrogateRuns) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sample of %d runs with %d slopes, must be >= %d with one an outcome",
                        sample.z.rows(), sample.slopes.size(), kLeastSurrogateRuns));
  }
  return absl::OkStatus();
}

}  // namespace

Eigen::MatrixXd ActiveDirections(const Eigen::Ref<const Eigen::MatrixXd>& gradients, int most) {
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(
      gradients.transpose() * gradients / static_cast<double>(gradients.rows()));
  const Eigen::Index p = eigen.values.size();
  const double all = eigen.values.cwiseMax(0.0).sum();
  double kept = 0.0;
  Eigen::Index count = 0;
  while (count < std::min<Eigen::Index>(p, most) && kept < (1.0 - kLeftOutShare) * all) {
    kept += std::max(0.0, eigen.values(p - 1 - count++));
  }
  Eigen::MatrixXd directions =
      eigen.vectors.rightCols(std::max<Eigen::Index>(count, 1)).rowwise().reverse();
  for (Eigen::Index k = 0; k < directions.cols(); ++k) {
    Eigen::Index largest = 0;
    directions.col(k).cwiseAbs().maxCoeff(&largest);
    if (directions(largest, k) < 0.0) directions.col(k) *= -1.0;
  }
  return directions;
}

absl::StatusOr<TwinSurrogate> TwinSurrogate::Train(const TwinSample& sample, int outcome,
                                                   const std::string& name,
                                                   const TwinSurrogateOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckSurrogateOptions(options, sample));
  Eigen::VectorXd values = sample.outcomes.col(outcome);
  if (!values.allFinite() || values.maxCoeff() == values.minCoeff()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("outcome %s: not finite, or the same in all draws of the twin", name));
  }
  const bool logarithm = BetterAsLogarithm(values);
  Eigen::MatrixXd gradients = sample.slopes[static_cast<size_t>(outcome)];
  if (logarithm) {
    gradients.array().colwise() /= values.array();
    values = values.array().log().matrix().eval();
  }
  Eigen::MatrixXd directions = ActiveDirections(gradients, options.most_directions);
  surrogate::Dataset data{
      .features = sample.z * directions, .outcome_name = name, .outcomes = std::move(values)};
  for (Eigen::Index k = 0; k < directions.cols(); ++k) {
    data.feature_names.push_back(absl::StrFormat("direction_%d", k + 1));
  }
  PARALLAX_ASSIGN_OR_RETURN(surrogate::Bnn network,
                            surrogate::TrainBnn(data, gradients * directions,
                                                {.members = options.members,
                                                 .hidden = options.hidden,
                                                 .calibration_share = options.calibration_share,
                                                 .epochs = options.epochs,
                                                 .seed = options.seed}));
  return TwinSurrogate(std::move(network), std::move(directions), logarithm);
}

absl::StatusOr<std::vector<surrogate::Prediction>> TwinSurrogate::Predict(
    const Eigen::Ref<const Eigen::MatrixXd>& z) const {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<surrogate::Prediction> predictions,
                            network_.Predict(z * directions_));
  if (!logarithm_) return predictions;
  for (surrogate::Prediction& one : predictions) {
    one.mean = std::exp(one.mean);
    one.epistemic_variance *= one.mean * one.mean;
    one.aleatoric_variance *= one.mean * one.mean;
  }
  return predictions;
}

absl::StatusOr<std::vector<surrogate::Interval>> TwinSurrogate::PredictIntervals(
    const Eigen::Ref<const Eigen::MatrixXd>& z, double level) const {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<surrogate::Interval> intervals,
                            network_.PredictIntervals(z * directions_, level));
  if (!logarithm_) return intervals;
  for (surrogate::Interval& one : intervals) {
    one = {.lower = std::exp(one.lower), .upper = std::exp(one.upper)};
  }
  return intervals;
}

}  // namespace parallax::pipeline
