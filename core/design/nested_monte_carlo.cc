#include "core/design/nested_monte_carlo.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::design {
namespace {

constexpr int kGroups = 16;  ///< of draws, left out one after the other for standard errors
constexpr uint64_t kNoiseStream = uint64_t{1} << 40;
constexpr uint64_t kContrastStream = uint64_t{1} << 41;

absl::Status CheckNested(const Eigen::Ref<const Eigen::VectorXd>& mean, const Belief& belief,
                         const Eigen::Ref<const Eigen::MatrixXd>& sensitivities, const Noise& noise,
                         const NestedOptions& options) {
  const bool posterior = options.contrast == Contrast::kPosterior;
  if (options.outer < kGroups || (posterior && options.inner < 2) || !(options.inflation > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("outer = %d, inner = %d, inflation = %g, must be >= %d, >= 2, > 0",
                        options.outer, options.inner, options.inflation, kGroups));
  }
  if (mean.size() != belief.size() || !mean.allFinite()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "mean of %d parameters, must be finite and of %d", mean.size(), belief.size()));
  }
  if (posterior && (sensitivities.rows() != noise.rows() || !sensitivities.allFinite() ||
                    sensitivities.cols() != belief.size())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sensitivities are %d x %d, must be finite and %d x %d",
                        sensitivities.rows(), sensitivities.cols(), noise.rows(), belief.size()));
  }
  return absl::OkStatus();
}

Eigen::VectorXd Normals(base::Random random, Eigen::Index count) {
  Eigen::VectorXd normals(count);
  for (double& one : normals) one = random.Normal();
  return normals;
}

/// Predictions at mean + L u of each column u, whitened: rows × columns.
class Predictor {
 public:
  Predictor(const Eigen::VectorXd& mean, const Belief& belief, const PredictData& predict,
            const Noise& noise)
      : mean_(mean), belief_(belief), predict_(predict), noise_(noise) {}

  absl::StatusOr<Eigen::VectorXd> At(const Eigen::Ref<const Eigen::VectorXd>& unit) const {
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd data, predict_(mean_ + belief_.root() * unit));
    if (data.size() != noise_.rows() || !data.allFinite()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "prediction of %d rows, must be finite and of %d", data.size(), noise_.rows()));
    }
    return Eigen::VectorXd(noise_.Whiten(data));
  }

  absl::StatusOr<Eigen::MatrixXd> All(const Eigen::MatrixXd& units) const {
    Eigen::MatrixXd predictions(noise_.rows(), units.cols());
    std::vector<absl::Status> status(static_cast<size_t>(units.cols()));
    base::ParallelFor(status.size(), [&](size_t i) {
      const auto column = static_cast<Eigen::Index>(i);
      absl::StatusOr<Eigen::VectorXd> one = At(units.col(column));
      status[i] = one.status();
      if (one.ok()) predictions.col(column) = *one;
    });
    for (const absl::Status& one : status) PARALLAX_RETURN_IF_ERROR(one);
    return predictions;
  }

 private:
  const Eigen::VectorXd& mean_;
  const Belief& belief_;
  const PredictData& predict_;
  const Noise& noise_;
};

double LogMeanExp(const Eigen::Ref<const Eigen::VectorXd>& values) {
  const double top = values.maxCoeff();
  return top + std::log((values.array() - top).exp().mean());
}

Estimate MeanOf(const Eigen::VectorXd& values) {
  const double n = static_cast<double>(values.size()), mean = values.mean();
  return {.value = mean,
          .standard_error = std::sqrt((values.array() - mean).square().sum() / (n * (n - 1.0))),
          .draws = static_cast<int>(values.size())};
}

NestedGain Combined(const Estimate& lower, const Estimate& upper, int predictions) {
  NestedGain gain{.lower = lower, .upper = upper};
  // The upper bound may have a tail that few draws see: each counts by how well it is known.
  const double low = lower.standard_error, high = upper.standard_error;
  const double both = low * low + high * high;
  const double share = both > 0.0 ? low * low / both : 0.5;
  const double gap = std::max(0.0, upper.value - lower.value);
  gain.value = (1.0 - share) * lower.value + share * upper.value;
  const double spread = (1.0 - share) * low + share * high;
  const double off = (std::pow(share, 3) + std::pow(1.0 - share, 3)) / 3.0;
  gain.standard_error = std::sqrt(spread * spread + gap * gap * off);
  gain.predictions = predictions;
  return gain;
}

/// Sums of likelihoods over groups of contrasts, so that any group can be left out.
class PriorContrasts {
 public:
  /// @param score  n × n, log likelihood of data i at draw j.
  explicit PriorContrasts(const Eigen::MatrixXd& score)
      : own_(score.rows()), sums_(score.rows(), kGroups) {
    sums_.setZero();
    for (Eigen::Index i = 0; i < score.rows(); ++i) {
      const double top = score.row(i).maxCoeff();
      own_(i) = score(i, i) - top;
      for (Eigen::Index j = 0; j < score.cols(); ++j) {
        if (j != i) sums_(i, j % kGroups) += std::exp(score(i, j) - top);
      }
    }
  }

  /// Mean bound over draws outside of group `without` (−1: all), contrasts outside of it as well;
  /// `self` is 1 with the draw itself among its contrasts, 0 without.
  double Bound(int without, int self) const {
    double sum = 0.0;
    int count = 0;
    for (Eigen::Index i = 0; i < own_.size(); ++i) count += i % kGroups != without;
    for (Eigen::Index i = 0; i < own_.size(); ++i) {
      if (i % kGroups == without) continue;
      double likelihood = self * std::exp(own_(i));
      for (int g = 0; g < kGroups; ++g) likelihood += g == without ? 0.0 : sums_(i, g);
      // All contrasts may be so far off that nothing of them is left in a double.
      likelihood = std::max(likelihood, std::numeric_limits<double>::min());
      sum += own_(i) - std::log(likelihood / (count - 1 + self));
    }
    return sum / count;
  }

  /// Draws serve as contrasts of all others, so that terms depend on each other: the error is that
  /// of leaving out a group of draws.
  Estimate Jackknife(int self) const {
    std::array<double, kGroups> without{};
    double mean = 0.0, squares = 0.0;
    for (int g = 0; g < kGroups; ++g) mean += (without[g] = Bound(g, self)) / kGroups;
    for (const double one : without) squares += (one - mean) * (one - mean);
    return {.value = Bound(-1, self),
            .standard_error = std::sqrt(squares * (kGroups - 1) / kGroups),
            .draws = static_cast<int>(own_.size())};
  }

 private:
  Eigen::VectorXd own_;   ///< n, log likelihood of each at itself less the largest of its row
  Eigen::MatrixXd sums_;  ///< n × groups, likelihoods over the row's largest, itself left out
};

/// −½ ‖yᵢ − f_j‖², n × n, from whitened columns.
Eigen::MatrixXd Scores(const Eigen::MatrixXd& data, const Eigen::MatrixXd& predictions) {
  const Eigen::VectorXd center = predictions.rowwise().mean();
  const Eigen::MatrixXd y = data.colwise() - center, f = predictions.colwise() - center;
  Eigen::MatrixXd score = y.transpose() * f;
  score.colwise() -= 0.5 * y.colwise().squaredNorm().transpose();
  score.rowwise() -= 0.5 * f.colwise().squaredNorm();
  return score;
}

/// Contrasts of one draw from the Gauss–Newton posterior of its data, in units of the prior.
class PosteriorContrasts {
 public:
  PosteriorContrasts(const Predictor& predictor, const Belief& belief,
                     const Eigen::MatrixXd& white_sensitivities, Eigen::VectorXd center,
                     const NestedOptions& options)
      : predictor_(predictor),
        options_(options),
        moves_(white_sensitivities * belief.root()),
        center_(std::move(center)),
        eigen_(base::DecomposeSymmetric(moves_.transpose() * moves_)) {
    shrink_ = (1.0 + eigen_.values.array().max(0.0)).rsqrt();
  }

  /// Log of prior, likelihood over proposal: first of the draw itself, then of its contrasts.
  absl::StatusOr<Eigen::VectorXd> Weights(const Eigen::VectorXd& draw, const Eigen::VectorXd& own,
                                          const Eigen::VectorXd& data, uint64_t index) const {
    const Eigen::VectorXd axes =
        eigen_.vectors.transpose() * (moves_.transpose() * (data - center_));
    const Eigen::VectorXd middle = shrink_.array().square() * axes.array();
    const double wide = std::sqrt(options_.inflation);
    const Eigen::VectorXd at = eigen_.vectors.transpose() * draw - middle;
    Eigen::VectorXd weights(options_.inner + 1);
    weights(0) = Weight(draw, at.cwiseQuotient(shrink_) / wide, own, data);
    base::Random random(options_.seed, kContrastStream + index);
    for (int k = 1; k <= options_.inner; ++k) {
      Eigen::VectorXd normal(draw.size());
      for (double& one : normal) one = random.Normal();
      const Eigen::VectorXd unit = eigen_.vectors * (middle + wide * shrink_.cwiseProduct(normal));
      PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd prediction, predictor_.At(unit));
      weights(k) = Weight(unit, normal, prediction, data);
    }
    return weights;
  }

 private:
  double Weight(const Eigen::VectorXd& unit, const Eigen::VectorXd& normal,
                const Eigen::VectorXd& prediction, const Eigen::VectorXd& data) const {
    const double jacobian = shrink_.array().log().sum() +
                            0.5 * static_cast<double>(unit.size()) * std::log(options_.inflation);
    return -0.5 * (data - prediction).squaredNorm() - 0.5 * unit.squaredNorm() +
           0.5 * normal.squaredNorm() + jacobian;
  }

  const Predictor& predictor_;
  const NestedOptions& options_;
  Eigen::MatrixXd moves_;   ///< rows × p, whitened sensitivities in units of the prior
  Eigen::VectorXd center_;  ///< rows, whitened prediction at the mean
  base::SymmetricEigen eigen_;
  Eigen::VectorXd shrink_;  ///< p, posterior sd along the axes in units of the prior
};

absl::StatusOr<NestedGain> WithPosterior(const PosteriorContrasts& contrasts,
                                         const Eigen::MatrixXd& units,
                                         const Eigen::MatrixXd& predictions,
                                         const Eigen::MatrixXd& data,
                                         const NestedOptions& options) {
  const auto count = static_cast<size_t>(options.outer);
  Eigen::VectorXd lower(options.outer), upper(options.outer);
  std::vector<absl::Status> status(count);
  base::ParallelFor(count, [&](size_t i) {
    const auto column = static_cast<Eigen::Index>(i);
    const absl::StatusOr<Eigen::VectorXd> weights =
        contrasts.Weights(units.col(column), predictions.col(column), data.col(column), i);
    status[i] = weights.status();
    if (!weights.ok()) return;
    const double own = -0.5 * (data.col(column) - predictions.col(column)).squaredNorm();
    lower(column) = own - LogMeanExp(*weights);
    upper(column) = own - LogMeanExp(weights->tail(options.inner));
  });
  for (const absl::Status& one : status) PARALLAX_RETURN_IF_ERROR(one);
  return Combined(MeanOf(lower), MeanOf(upper), 1 + options.outer * (1 + options.inner));
}

}  // namespace

absl::StatusOr<NestedGain> NestedMonteCarlo(const Eigen::Ref<const Eigen::VectorXd>& mean,
                                            const Belief& belief, const PredictData& predict,
                                            const Eigen::Ref<const Eigen::MatrixXd>& sensitivities,
                                            const Noise& noise, const NestedOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckNested(mean, belief, sensitivities, noise, options));
  const Eigen::VectorXd center = mean;
  const Predictor predictor(center, belief, predict, noise);
  Eigen::MatrixXd units(belief.size(), options.outer);
  Eigen::MatrixXd data(noise.rows(), options.outer);
  for (int i = 0; i < options.outer; ++i) {
    const auto stream = static_cast<uint64_t>(i);
    units.col(i) = Normals(base::Random(options.seed, stream), units.rows());
    data.col(i) = Normals(base::Random(options.seed, kNoiseStream + stream), data.rows());
  }
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd predictions, predictor.All(units));
  data += predictions;
  if (options.contrast == Contrast::kPosterior) {
    PARALLAX_ASSIGN_OR_RETURN(Eigen::VectorXd at_mean,
                              predictor.At(Eigen::VectorXd::Zero(belief.size())));
    const PosteriorContrasts contrasts(predictor, belief, noise.Whiten(sensitivities),
                                       std::move(at_mean), options);
    return WithPosterior(contrasts, units, predictions, data, options);
  }
  const PriorContrasts contrasts(Scores(data, predictions));
  NestedGain gain = Combined(contrasts.Jackknife(1), contrasts.Jackknife(0), options.outer);
  gain.saturated = gain.lower.value > std::log(static_cast<double>(options.outer)) - 1.0;
  return gain;
}

}  // namespace parallax::design
