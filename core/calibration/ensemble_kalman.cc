#include "core/calibration/ensemble_kalman.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/base/svd.h"

namespace parallax::calibration {
namespace {

/// Columns less their mean, over √(n − 1): A Aᵀ is the covariance.
Eigen::MatrixXd Anomalies(const Eigen::MatrixXd& columns) {
  const Eigen::VectorXd mean = columns.rowwise().mean();
  return (columns.colwise() - mean) / std::sqrt(static_cast<double>(columns.cols() - 1));
}

class Inversion {
 public:
  Inversion(const EnsembleKalmanProblem& problem, const EnsembleKalmanOptions& options)
      : problem_(problem), options_(options), random_(options.seed, options.stream) {
    const Eigen::Index p = problem.prior_mean.size();
    const Eigen::Index count =
        options.members > 0 ? options.members : std::max<Eigen::Index>(50, 5 * p);
    x_.resize(p, count);
    for (Eigen::Index k = 0; k < count; ++k) {
      x_.col(k) = problem.prior_mean + problem.prior_sd.cwiseProduct(Normals(p));
    }
  }

  absl::StatusOr<EnsembleKalmanEstimate> Run() {
    while (estimate_.temper < 1.0) {
      if (estimate_.iterations >= options_.max_iterations) {
        return Finish(EnsembleKalmanEnd::kIterationLimit);
      }
      if (estimate_.evaluations + x_.cols() > options_.max_evaluations) {
        return Finish(EnsembleKalmanEnd::kEvaluationLimit);
      }
      PARALLAX_RETURN_IF_ERROR(EvaluateMembers());
      if (x_.cols() < x_.rows() + 2) return Finish(EnsembleKalmanEnd::kTooFewMembers);
      Update();
      ++estimate_.iterations;
      if (options_.progress &&
          !options_.progress({estimate_.iterations, estimate_.temper, estimate_.evaluations})) {
        return Finish(EnsembleKalmanEnd::kCancelled);
      }
    }
    return Finish(EnsembleKalmanEnd::kTempered);
  }

 private:
  using Rows = std::optional<Eigen::VectorXd>;

  Eigen::VectorXd Normals(Eigen::Index count) {
    Eigen::VectorXd normal(count);
    for (double& value : normal) value = random_.Normal();
    return normal;
  }

  /// Evaluates the given members in parallel, one random stream an evaluation.
  void Evaluate(const std::vector<Eigen::Index>& members, std::vector<Rows>* rows) {
    const uint64_t first = options_.stream + 1 + static_cast<uint64_t>(estimate_.evaluations);
    base::ParallelFor(members.size(), [&](size_t k) {
      base::Random random(options_.seed, first + k);
      Eigen::VectorXd residuals;
      const bool ok = problem_.evaluate(x_.col(members[k]), random, &residuals);
      Rows& result = (*rows)[static_cast<size_t>(members[k])];
      result.reset();
      if (ok && residuals.size() > 0 && residuals.allFinite()) result = std::move(residuals);
    });
    estimate_.evaluations += static_cast<int64_t>(members.size());
  }

  /// Evaluates all, redraws those that fail, and drops those that still do.
  absl::Status EvaluateMembers() {
    std::vector<Rows> rows(static_cast<size_t>(x_.cols()));
    std::vector<Eigen::Index> todo(rows.size());
    for (size_t k = 0; k < todo.size(); ++k) todo[k] = static_cast<Eigen::Index>(k);
    for (int attempt = 0; true; ++attempt) {
      Evaluate(todo, &rows);
      todo.clear();
      for (size_t k = 0; k < rows.size(); ++k) {
        if (!rows[k]) todo.push_back(static_cast<Eigen::Index>(k));
      }
      estimate_.failures += static_cast<int>(todo.size());
      const int64_t after = estimate_.evaluations + static_cast<int64_t>(todo.size());
      if (todo.empty() || attempt == options_.resamples || after > options_.max_evaluations ||
          rows.size() - todo.size() < 2) {
        break;
      }
      Redraw(todo, rows);
    }
    return Keep(rows);
  }

  /// Draws from the normal distribution with mean and covariance of the members that have rows.
  void Redraw(const std::vector<Eigen::Index>& failed, const std::vector<Rows>& rows) {
    std::vector<Eigen::Index> good;
    for (size_t k = 0; k < rows.size(); ++k) {
      if (rows[k]) good.push_back(static_cast<Eigen::Index>(k));
    }
    const Eigen::MatrixXd sound = x_(Eigen::all, good);
    const Eigen::MatrixXd anomalies = Anomalies(sound);
    const Eigen::VectorXd mean = sound.rowwise().mean();
    for (const Eigen::Index k : failed) x_.col(k) = mean + anomalies * Normals(sound.cols());
    estimate_.resampled += static_cast<int>(failed.size());
  }

  /// Keeps the members that have rows, in their order.
  absl::Status Keep(const std::vector<Rows>& rows) {
    std::vector<Eigen::Index> good;
    for (size_t k = 0; k < rows.size(); ++k) {
      if (!rows[k]) continue;
      if (row_count_ == 0) row_count_ = rows[k]->size();
      if (rows[k]->size() != row_count_) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "an evaluation gave %d rows, must be %d like the others", rows[k]->size(), row_count_));
      }
      good.push_back(static_cast<Eigen::Index>(k));
    }
    estimate_.left_out += static_cast<int>(rows.size() - good.size());
    x_ = x_(Eigen::all, good).eval();
    residuals_.resize(row_count_, x_.cols());
    for (size_t k = 0; k < good.size(); ++k) {
      residuals_.col(static_cast<Eigen::Index>(k)) = *rows[static_cast<size_t>(good[k])];
    }
    return absl::OkStatus();
  }

  /// Δt of the data misfit controller.
  double Step() const {
    const Eigen::VectorXd misfit = 0.5 * residuals_.colwise().squaredNorm();
    const double mean = misfit.mean();
    const double variance =
        (misfit.array() - mean).square().sum() / static_cast<double>(misfit.size() - 1);
    const auto rows = static_cast<double>(residuals_.rows());
    const double step = std::max(0.5 * rows / mean, std::sqrt(0.5 * rows / variance));
    const double left = 1.0 - estimate_.temper;
    return step < left ? step : left;  // also where both are NaN: no misfit at all
  }

  /// Moves all members, in the span of their anomalies: with R = U S Vᵀ those of the rows,
  /// Cˣʳ(Cʳʳ + α)⁻¹ = A V S (S² + α)⁻¹ Uᵀ, whatever the number of rows.
  void Update() {
    estimate_.misfit.push_back(residuals_.squaredNorm() / static_cast<double>(residuals_.size()));
    const double step = Step(), alpha = 1.0 / step;
    const base::Svd svd = base::ThinSvd(Anomalies(residuals_));
    const Eigen::ArrayXd s = svd.s;
    const Eigen::VectorXd weight = (s / (s.square() + alpha)).matrix();
    const Eigen::MatrixXd gain = Anomalies(x_) * svd.v * weight.asDiagonal();
    for (Eigen::Index k = 0; k < x_.cols(); ++k) {
      const Eigen::VectorXd target = std::sqrt(alpha) * Normals(residuals_.rows());
      x_.col(k) += gain * (svd.u.transpose() * (target - residuals_.col(k)));
    }
    estimate_.temper = step >= 1.0 - estimate_.temper ? 1.0 : estimate_.temper + step;
  }

  EnsembleKalmanEstimate Finish(EnsembleKalmanEnd end) {
    estimate_.end = end;
    estimate_.members = x_;
    if (x_.cols() > 1) {
      estimate_.mean = x_.rowwise().mean();
      estimate_.spread = Anomalies(x_).rowwise().norm();
    }
    return std::move(estimate_);
  }

  const EnsembleKalmanProblem& problem_;
  const EnsembleKalmanOptions& options_;
  base::Random random_;        // of priors, redraws and perturbations: the calling thread's only
  Eigen::MatrixXd x_;          // p × members
  Eigen::MatrixXd residuals_;  // rows × members
  Eigen::Index row_count_ = 0;
  EnsembleKalmanEstimate estimate_;
};

absl::Status Check(const EnsembleKalmanProblem& problem, const EnsembleKalmanOptions& options) {
  const Eigen::Index p = problem.prior_mean.size();
  if (!problem.evaluate) return absl::InvalidArgumentError("the problem has no evaluate function");
  if (p == 0 || problem.prior_sd.size() != p || !problem.prior_mean.allFinite() ||
      !problem.prior_sd.allFinite() || !(problem.prior_sd.minCoeff() > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the prior has %d means and %d sds, must be finite, as many and sds > 0", p,
                        problem.prior_sd.size()));
  }
  if (options.members != 0 && options.members < p + 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("members = %d, must be 0 or >= %d", options.members, p + 2));
  }
  if (options.max_iterations < 1 || options.resamples < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("max_iterations = %d, resamples = %d, must be >= 1 and >= 0",
                        options.max_iterations, options.resamples));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EnsembleKalmanEstimate> InvertByEnsembleKalman(
    const EnsembleKalmanProblem& problem, const EnsembleKalmanOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(problem, options));
  return Inversion(problem, options).Run();
}

}  // namespace parallax::calibration
