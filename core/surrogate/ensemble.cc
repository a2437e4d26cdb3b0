#include "core/surrogate/ensemble.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

/// Most of (residual / sd)² that one run may pull its log variance with.
constexpr double kMostPull = 20.0;
/// Share of a step in the running mean of squared residuals, and where that starts.
constexpr double kLevelShare = 0.01;
constexpr double kLevelStart = 0.1;

class Adam {
 public:
  explicit Adam(Eigen::Index size)
      : mean_(Eigen::VectorXd::Zero(size)), square_(Eigen::VectorXd::Zero(size)) {}

  void Step(const Eigen::Ref<const Eigen::VectorXd>& gradient, double rate,
            Eigen::VectorXd* parameters) {
    mean_fade_ *= 0.9;
    square_fade_ *= 0.999;
    mean_ += 0.1 * (gradient - mean_);
    square_.array() += 0.001 * (gradient.array().square() - square_.array());
    parameters->array() -= rate / (1.0 - mean_fade_) * mean_.array() /
                           ((square_.array() / (1.0 - square_fade_)).sqrt() + 1e-8);
  }

 private:
  Eigen::VectorXd mean_;
  Eigen::VectorXd square_;
  double mean_fade_ = 1.0;
  double square_fade_ = 1.0;
};

/// One member on its way.
class Member {
 public:
  Member(const Eigen::Ref<const Eigen::MatrixXd>& points,
         const Eigen::Ref<const Eigen::VectorXd>& outcomes,
         const Eigen::Ref<const Eigen::MatrixXd>& slopes, const EnsembleTraining& training,
         uint64_t stream)
      : points_(points),
        targets_(outcomes),
        slopes_(slopes),
        training_(training),
        random_(training.seed, stream),
        network_(Mlp::Draw(training.shape, training.prior, &random_)),
        anchor_(network_.parameters()),
        precision_(PriorSd(training.shape, training.prior).array().square().inverse()),
        gradient_(training.shape),
        adam_(anchor_.size()),
        order_(static_cast<size_t>(outcomes.size())),
        slope_levels_(Eigen::VectorXd::Constant(points.rows(), kLevelStart)) {
    std::iota(order_.begin(), order_.end(), Eigen::Index{0});
    if (!training.noise_variance) return;
    level_ = *training.noise_variance;
    for (double& target : targets_) target += std::sqrt(level_) * random_.Normal();
  }

  Mlp Train() {
    const Eigen::Index n = targets_.size(), batch = std::min<Eigen::Index>(training_.batch, n);
    const int64_t steps = training_.epochs * ((n + batch - 1) / batch);
    int64_t step = 0;
    for (int epoch = 0; epoch < training_.epochs; ++epoch) {
      for (size_t i = order_.size(); i > 1; --i) {
        std::swap(order_[i - 1], order_[random_.Below(i)]);
      }
      for (Eigen::Index first = 0; first < n; first += batch, ++step) {
        const double share = static_cast<double>(step) / static_cast<double>(steps);
        Step(first, std::min(batch, n - first),
             training_.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share)));
      }
    }
    return network_;
  }

 private:
  /// On runs order_[first] … order_[first + count − 1]: the gradient of `level` times the loss.
  void Step(Eigen::Index first, Eigen::Index count, double rate) {
    chosen_.resize(points_.rows(), count);
    Eigen::RowVectorXd wanted(count);
    for (Eigen::Index k = 0; k < count; ++k) {
      const Eigen::Index i = order_[static_cast<size_t>(first + k)];
      chosen_.col(k) = points_.col(i);
      wanted(k) = targets_(i);
    }
    const Eigen::MatrixXd& outputs = gradient_.Forward(network_.parameters(), chosen_);
    Eigen::MatrixXd slopes = Eigen::MatrixXd::Zero(2, count);
    slopes.row(0) = outputs.row(0) - wanted;
    const double level = level_;
    if (!training_.noise_variance) {
      const Eigen::RowVectorXd square = slopes.row(0).array().square();
      const Eigen::RowVectorXd variance =
          outputs.row(1).array().max(kLeastLogVariance).min(kMostLogVariance).exp();
      slopes.row(1) =
          0.5 * level * (1.0 - (square.array() / variance.array()).min(kMostPull)).matrix();
      level_ += kLevelShare * (square.mean() - level_);
    }
    const Eigen::VectorXd& of_batch =
        slopes_.cols() == 0
            ? gradient_.Backward(network_.parameters(), slopes)
            : gradient_.Backward(network_.parameters(), slopes, BySlopes(first, count, level));
    const Eigen::VectorXd total = of_batch / static_cast<double>(count) +
                                  level / static_cast<double>(targets_.size()) *
                                      precision_.cwiseProduct(network_.parameters() - anchor_);
    adam_.Step(total, rate, &network_.mutable_parameters());
  }

  /// Derivative of `level` times the loss by the network's slopes at the runs of a step.
  Eigen::MatrixXd BySlopes(Eigen::Index first, Eigen::Index count, double level) {
    Eigen::MatrixXd residuals = gradient_.PointSlopes(network_.parameters());
    for (Eigen::Index k = 0; k < count; ++k) {
      residuals.col(k) -= slopes_.col(order_[static_cast<size_t>(first + k)]);
    }
    const Eigen::VectorXd weights = level / slope_levels_.array();
    slope_levels_ +=
        kLevelShare * (residuals.array().square().rowwise().mean().matrix() - slope_levels_);
    return weights.asDiagonal() * residuals;
  }

  const Eigen::Ref<const Eigen::MatrixXd> points_;
  Eigen::VectorXd targets_;
  const Eigen::Ref<const Eigen::MatrixXd> slopes_;
  const EnsembleTraining& training_;
  base::Random random_;
  Mlp network_;
  const Eigen::VectorXd anchor_;
  const Eigen::VectorXd precision_;
  MlpGradient gradient_;
  Adam adam_;
  std::vector<Eigen::Index> order_;
  Eigen::MatrixXd chosen_;
  double level_ = kLevelStart;
  Eigen::VectorXd slope_levels_;  // of each coordinate
};

}  // namespace

absl::StatusOr<std::vector<Mlp>> TrainEnsemble(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                               const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                                               const Eigen::Ref<const Eigen::MatrixXd>& slopes,
                                               const EnsembleTraining& training) {
  PARALLAX_CHECK(points.rows() == training.shape.inputs && points.cols() == outcomes.size());
  PARALLAX_CHECK(slopes.cols() == 0 ||
                 (slopes.rows() == points.rows() && slopes.cols() == points.cols()));
  const Eigen::VectorXd none = Eigen::VectorXd::Zero(training.shape.parameter_count());
  std::vector<Mlp> members(static_cast<size_t>(training.members), Mlp(training.shape, none));
  base::ParallelFor(members.size(), [&](size_t k) {
    members[k] = Member(points, outcomes, slopes, training, training.stream + k).Train();
  });
  for (const Mlp& member : members) {
    if (member.parameters().allFinite()) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("training with learning_rate = %g did not stay finite, must be smaller",
                        training.learning_rate));
  }
  return members;
}

absl::StatusOr<LastLayer> FitLastLayer(const Eigen::Ref<const Eigen::MatrixXd>& design,
                                       const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                                       const Eigen::Ref<const Eigen::VectorXd>& noise_variances,
                                       const Eigen::Ref<const Eigen::VectorXd>& prior_sd) {
  const Eigen::Index size = design.rows();
  PARALLAX_CHECK(prior_sd.size() == size && design.cols() == outcomes.size() &&
                 noise_variances.size() == outcomes.size());
  // In units of the prior, w = S z: (S Φ R⁻¹ Φᵀ S + I) z = S Φ R⁻¹ y, with eigenvalues ≥ 1.
  const Eigen::VectorXd root = noise_variances.cwiseSqrt().cwiseInverse();
  const Eigen::MatrixXd whitened = prior_sd.asDiagonal() * design * root.asDiagonal();
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(size, size);
  Eigen::MatrixXd precision = identity;
  precision.selfadjointView<Eigen::Lower>().rankUpdate(whitened);
  const Eigen::LLT<Eigen::MatrixXd> llt(precision);
  const Eigen::MatrixXd covariance = llt.solve(identity);
  const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
  if (llt.info() != Eigen::Success || factor.info() != Eigen::Success) {
    return absl::FailedPreconditionError("the posterior of the last layer is not finite");
  }
  const Eigen::MatrixXd lower = factor.matrixL();
  return LastLayer{
      .weights = prior_sd.cwiseProduct(llt.solve(whitened * outcomes.cwiseProduct(root))),
      .covariance_factor = prior_sd.asDiagonal() * lower,
      .effective_parameters = static_cast<double>(size) - covariance.trace()};
}

}  // namespace parallax::surrogate
