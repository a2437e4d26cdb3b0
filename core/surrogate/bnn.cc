#include "core/surrogate/bnn.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/surrogate/ensemble.h"

namespace parallax::surrogate {
namespace {

constexpr Eigen::Index kBlock = 256;  // points predicted at once: what they need stays in cache

/// Mean, epistemic and noise variance of one member at d × m standardised points: 3 × m.
Eigen::MatrixXd MemberMoments(const BnnParts& parts, const BnnMember& member,
                              const Eigen::Ref<const Eigen::MatrixXd>& points) {
  const Eigen::MatrixXd features = member.mlp.Features(points);
  const Eigen::MatrixXd outputs = member.mlp.Outputs(features);
  const Eigen::Index u = features.rows();
  const Eigen::MatrixXd& factor = member.covariance_factor;
  // φᵀ Σ φ = ‖Lᵀ φ‖², the bias's row and column apart.
  Eigen::MatrixXd spread =
      factor.topLeftCorner(u, u).triangularView<Eigen::Lower>().transpose() * features;
  spread.colwise() += factor.row(u).head(u).transpose();
  Eigen::MatrixXd moments(3, points.cols());
  moments.row(0) = outputs.row(0);
  moments.row(1) = spread.colwise().squaredNorm().array() + factor(u, u) * factor(u, u);
  moments.row(2) = NoiseVariances(parts, outputs);
  return moments;
}

/// Predictions at m × d points, to `predictions[0]` … `predictions[m - 1]`.
void PredictBlock(const BnnParts& parts, const Eigen::Ref<const Eigen::MatrixXd>& features,
                  Prediction* predictions) {
  const Eigen::MatrixXd points =
      Standardizer(parts.center, parts.scale).Apply(features).transpose();
  const auto count = static_cast<Eigen::Index>(parts.members.size());
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(3, points.cols());
  Eigen::MatrixXd means(count, points.cols());
  for (Eigen::Index k = 0; k < count; ++k) {
    const Eigen::MatrixXd moments =
        MemberMoments(parts, parts.members[static_cast<size_t>(k)], points);
    sums += moments;
    means.row(k) = moments.row(0);
  }
  const auto members = static_cast<double>(count);
  const double square = parts.outcome_scale * parts.outcome_scale;
  for (Eigen::Index i = 0; i < points.cols(); ++i) {
    const double mean = sums(0, i) / members;
    const double between = (means.col(i).array() - mean).square().sum() / (members - 1.0);
    predictions[i] = {.mean = parts.outcome_center + parts.outcome_scale * mean,
                      .epistemic_variance = square * (between + sums(1, i) / members),
                      .aleatoric_variance = square * sums(2, i) / members};
  }
}

absl::Status Misfit(const char* part) {
  return absl::InvalidArgumentError(absl::StrFormat("model: %s does not fit the others", part));
}

absl::Status NotFinite(const char* part) {
  return absl::InvalidArgumentError(absl::StrFormat("model: %s is out of its bounds", part));
}

absl::Status CheckMember(const BnnParts& parts, const BnnMember& member) {
  const MlpShape& shape = member.mlp.shape();
  if (!(shape == parts.members.front().mlp.shape()) ||
      shape.inputs != static_cast<int>(parts.feature_names.size())) {
    return Misfit("shape of a member");
  }
  const Eigen::Index size = shape.hidden.back() + 1;
  if (member.covariance_factor.rows() != size || member.covariance_factor.cols() != size) {
    return Misfit("covariance of a member");
  }
  if (!member.mlp.parameters().allFinite()) return NotFinite("parameters of a member");
  if (!member.covariance_factor.allFinite() ||
      !(member.covariance_factor.diagonal().array() > 0.0).all()) {
    return NotFinite("covariance of a member");
  }
  if (!(member.effective_parameters >= 0.0 &&
        member.effective_parameters <= static_cast<double>(size))) {
    return NotFinite("effective parameters of a member");
  }
  return absl::OkStatus();
}

bool Positive(double value) { return value > 0.0 && std::isfinite(value); }

absl::Status CheckParts(const BnnParts& parts) {
  const auto d = static_cast<Eigen::Index>(parts.feature_names.size());
  if (d < 1 || parts.center.size() != d) return Misfit("center of the features");
  if (parts.scale.size() != d) return Misfit("scale of the features");
  if (!parts.center.allFinite()) return NotFinite("center of the features");
  if (!parts.scale.allFinite() || !(parts.scale.array() > 0.0).all()) {
    return NotFinite("scale of the features");
  }
  if (parts.training_runs < 1) return NotFinite("number of training runs");
  if (!std::isfinite(parts.outcome_center)) return NotFinite("center of the outcome");
  if (!Positive(parts.outcome_scale)) return NotFinite("scale of the outcome");
  if (parts.noise_variance && !Positive(*parts.noise_variance)) return NotFinite("noise variance");
  if (!Positive(parts.noise_factor)) return NotFinite("noise factor");
  if (!parts.calibration_scores.allFinite() || !(parts.calibration_scores.array() >= 0.0).all()) {
    return NotFinite("calibration scores");
  }
  if (parts.members.size() < 2) return NotFinite("number of members");
  for (const BnnMember& member : parts.members) {
    if (absl::Status status = CheckMember(parts, member); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckFeatures(const BnnParts& parts,
                           const Eigen::Ref<const Eigen::MatrixXd>& features) {
  if (features.cols() != parts.center.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("%d features, must be %d as in training",
                                                      features.cols(), parts.center.size()));
  }
  if (features.allFinite()) return absl::OkStatus();
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    for (Eigen::Index j = 0; j < features.cols(); ++j) {
      if (std::isfinite(features(i, j))) continue;
      return absl::InvalidArgumentError(absl::StrFormat(
          "row %d: feature \"%s\" is not finite", i, parts.feature_names[static_cast<size_t>(j)]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Eigen::RowVectorXd NoiseVariances(const BnnParts& parts,
                                  const Eigen::Ref<const Eigen::MatrixXd>& outputs) {
  if (parts.noise_variance) {
    return Eigen::RowVectorXd::Constant(outputs.cols(), *parts.noise_variance);
  }
  return parts.noise_factor *
         outputs.row(1).array().max(kLeastLogVariance).min(kMostLogVariance).exp();
}

Bnn::Bnn(BnnParts parts) : parts_(std::move(parts)) {}

absl::StatusOr<Bnn> Bnn::FromParts(BnnParts parts) {
  if (absl::Status status = CheckParts(parts); !status.ok()) return status;
  return Bnn(std::move(parts));
}

absl::StatusOr<std::vector<Prediction>> Bnn::Predict(
    const Eigen::Ref<const Eigen::MatrixXd>& features) const {
  if (absl::Status status = CheckFeatures(parts_, features); !status.ok()) return status;
  std::vector<Prediction> predictions(static_cast<size_t>(features.rows()));
  const auto blocks = static_cast<size_t>((features.rows() + kBlock - 1) / kBlock);
  base::ParallelFor(blocks, [&](size_t block) {
    const Eigen::Index first = static_cast<Eigen::Index>(block) * kBlock;
    const Eigen::Index count = std::min(kBlock, features.rows() - first);
    PredictBlock(parts_, features.middleRows(first, count),
                 &predictions[static_cast<size_t>(first)]);
  });
  for (size_t i = 0; i < predictions.size(); ++i) {
    if (std::isfinite(predictions[i].mean) && std::isfinite(predictions[i].variance())) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "row %d is so far from the training set that its prediction is not finite", i));
  }
  return predictions;
}

absl::StatusOr<std::vector<Interval>> Bnn::PredictIntervals(
    const Eigen::Ref<const Eigen::MatrixXd>& features, double level) const {
  if (parts_.calibration_scores.size() == 0) {
    return absl::FailedPreconditionError(
        "no runs were kept from training: there is nothing to make conformal intervals from");
  }
  absl::StatusOr<std::vector<Prediction>> predictions = Predict(features);
  if (!predictions.ok()) return predictions.status();
  return SplitConformal(parts_.calibration_scores, *predictions, level);
}

double Bnn::effective_parameters() const {
  double sum = 0.0;
  for (const BnnMember& member : parts_.members) sum += member.effective_parameters;
  return sum / static_cast<double>(parts_.members.size());
}

}  // namespace parallax::surrogate
