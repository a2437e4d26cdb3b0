#include "core/design/explanations.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/qr.h"
#include "core/design/cholesky.h"

namespace parallax::design {
namespace {

absl::Status CheckExplanation(const Explanation& one, Eigen::Index rows) {
  if (!(one.weight > 0.0) || !std::isfinite(one.weight)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "explanation \"%s\": weight = %g, must be > 0 and finite", one.name, one.weight));
  }
  if (one.prediction.size() != rows || one.sensitivities.rows() != rows ||
      one.covariance.rows() != one.sensitivities.cols() ||
      one.covariance.cols() != one.sensitivities.cols()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "explanation \"%s\": %d predictions, %d x %d sensitivities and a %d x %d covariance do not "
        "belong together on %d rows of noise",
        one.name, one.prediction.size(), one.sensitivities.rows(), one.sensitivities.cols(),
        one.covariance.rows(), one.covariance.cols(), rows));
  }
  if (!one.prediction.allFinite() || !one.sensitivities.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("explanation \"%s\": a prediction or sensitivity is not finite", one.name));
  }
  return absl::OkStatus();
}

/// The same lengths and angles of columns in as few rows as there are columns.
Eigen::MatrixXd Rotated(Eigen::MatrixXd columns) {
  if (columns.rows() <= columns.cols()) return columns;
  return base::HouseholderQr(columns).R();
}

/// What each pair of a mixture's Gaussians needs of each.
struct Factor {
  Eigen::MatrixXd root;  ///< d × d, lower
  double half_log_det = 0.0;
};

Factor FactorOf(const Eigen::MatrixXd& covariance) {
  Factor factor{.root = covariance.llt().matrixL()};
  factor.half_log_det = factor.root.diagonal().array().log().sum();
  return factor;
}

/// −Σᵢ wᵢ ln Σⱼ wⱼ exp(−Dᵢⱼ).
double FromDistances(const Eigen::VectorXd& weights, const Eigen::MatrixXd& distance) {
  const Eigen::VectorXd mixed = (-distance.array()).exp().matrix() * weights;
  return -weights.dot(mixed.array().log().matrix());
}

double Entropy(const Eigen::VectorXd& weights) {
  return -(weights.array() * weights.array().log()).sum();
}

Eigen::MatrixXd Bhattacharyya(const RivalPredictions::Mixture& mixture,
                              const std::vector<Factor>& factors) {
  const auto count = static_cast<size_t>(mixture.weights.size());
  Eigen::MatrixXd distance = Eigen::MatrixXd::Zero(mixture.weights.size(), mixture.weights.size());
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Factor middle = FactorOf(0.5 * (mixture.covariances[i] + mixture.covariances[j]));
      const Eigen::VectorXd off = middle.root.triangularView<Eigen::Lower>().solve(
          mixture.means.col(static_cast<Eigen::Index>(i)) -
          mixture.means.col(static_cast<Eigen::Index>(j)));
      const double value = 0.125 * off.squaredNorm() + middle.half_log_det -
                           0.5 * (factors[i].half_log_det + factors[j].half_log_det);
      distance(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = value;
      distance(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i)) = value;
    }
  }
  return distance.cwiseMax(0.0);
}

double KullbackLeibler(const Factor& from, const Factor& to,
                       const Eigen::Ref<const Eigen::VectorXd>& off) {
  const Eigen::MatrixXd ratio = to.root.triangularView<Eigen::Lower>().solve(from.root);
  const Eigen::VectorXd distance = to.root.triangularView<Eigen::Lower>().solve(off);
  return 0.5 * (ratio.squaredNorm() + distance.squaredNorm() - static_cast<double>(off.size())) +
         to.half_log_det - from.half_log_det;
}

std::vector<Factor> FactorsOf(const RivalPredictions::Mixture& mixture) {
  std::vector<Factor> factors;
  for (const Eigen::MatrixXd& covariance : mixture.covariances) {
    factors.push_back(FactorOf(covariance));
  }
  return factors;
}

}  // namespace

absl::StatusOr<RivalPredictions> RivalPredictions::Make(
    const std::vector<Explanation>& explanations, const Noise& noise) {
  const size_t count = explanations.size();
  if (count < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d explanations, must be at least 2 to be told apart", count));
  }
  RivalPredictions rivals;
  rivals.weights_.resize(static_cast<Eigen::Index>(count));
  Eigen::Index columns = static_cast<Eigen::Index>(count) - 1;
  for (const Explanation& one : explanations) {
    if (absl::Status status = CheckExplanation(one, noise.rows()); !status.ok()) return status;
    rivals.weights_(static_cast<Eigen::Index>(rivals.names_.size())) = one.weight;
    rivals.names_.push_back(one.name);
    rivals.free_.push_back(one.sensitivities.cols());
    columns += one.sensitivities.cols();
  }
  rivals.weights_ /= rivals.weights_.sum();
  Eigen::MatrixXd raw(noise.rows(), columns);
  Eigen::Index at = 0;
  for (const Explanation& one : explanations) {
    const Eigen::Index free = one.sensitivities.cols();
    if (free == 0) continue;
    absl::StatusOr<Eigen::MatrixXd> root =
        CholeskyRoot(one.covariance, absl::StrFormat("explanation \"%s\": covariance", one.name));
    if (!root.ok()) return root.status();
    raw.middleCols(at, free).noalias() = one.sensitivities * *root;
    at += free;
  }
  for (size_t k = 1; k < count; ++k) {
    raw.col(at++) = explanations[k].prediction - explanations[0].prediction;
  }
  rivals.columns_ = Rotated(noise.Whiten(raw));
  return rivals;
}

RivalPredictions RivalPredictions::Join(const std::vector<const RivalPredictions*>& experiments) {
  PARALLAX_CHECK(!experiments.empty());
  RivalPredictions joined = *experiments.front();
  Eigen::Index rows = 0;
  for (const RivalPredictions* one : experiments) {
    PARALLAX_CHECK(one->names_ == joined.names_ && one->free_ == joined.free_ &&
                   one->weights_ == joined.weights_);
    rows += one->columns_.rows();
  }
  Eigen::MatrixXd stacked(rows, joined.columns_.cols());
  Eigen::Index at = 0;
  for (const RivalPredictions* one : experiments) {
    stacked.middleRows(at, one->columns_.rows()) = one->columns_;
    at += one->columns_.rows();
  }
  joined.columns_ = Rotated(std::move(stacked));
  return joined;
}

RivalPredictions::Mixture RivalPredictions::Reduce() const {
  const Eigen::Index rows = columns_.rows(), count = weights_.size();
  Mixture mixture{.names = names_,
                  .weights = weights_,
                  .means = Eigen::MatrixXd::Zero(rows, count),
                  .covariances = {}};
  mixture.means.rightCols(count - 1) = columns_.rightCols(count - 1);
  Eigen::Index at = 0;
  for (const Eigen::Index free : free_) {
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Identity(rows, rows);
    covariance.noalias() +=
        columns_.middleCols(at, free) * columns_.middleCols(at, free).transpose();
    mixture.covariances.push_back(std::move(covariance));
    at += free;
  }
  return mixture;
}

double LeastSeparation(const RivalPredictions::Mixture& mixture) {
  const Eigen::MatrixXd distance = Bhattacharyya(mixture, FactorsOf(mixture));
  return std::max(0.0, FromDistances(mixture.weights, distance));
}

SeparationBounds BoundSeparation(const RivalPredictions::Mixture& mixture) {
  const std::vector<Factor> factors = FactorsOf(mixture);
  const Eigen::Index count = mixture.weights.size();
  SeparationBounds bounds{.entropy = Entropy(mixture.weights),
                          .divergence = Eigen::MatrixXd::Zero(count, count)};
  for (Eigen::Index i = 0; i < count; ++i) {
    for (Eigen::Index j = 0; j < count; ++j) {
      if (i == j) continue;
      const Eigen::VectorXd off = mixture.means.col(i) - mixture.means.col(j);
      bounds.divergence(i, j) = std::max(
          0.0,
          KullbackLeibler(factors[static_cast<size_t>(i)], factors[static_cast<size_t>(j)], off));
    }
  }
  const Eigen::MatrixXd distance = Bhattacharyya(mixture, factors);
  bounds.lower = std::max(0.0, FromDistances(mixture.weights, distance));
  bounds.upper = std::max(bounds.lower, FromDistances(mixture.weights, bounds.divergence));
  return bounds;
}

}  // namespace parallax::design
