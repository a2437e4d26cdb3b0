#include "core/attribution/shapley_effects.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "core/attribution/scrambling.h"
#include "core/attribution/shapley.h"
#include "core/base/parallel.h"
#include "core/base/sobol_points.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

constexpr int kMostEffectInputs = 12;

bool In(size_t set, int input) { return ((set >> input) & 1u) != 0; }

absl::StatusOr<Eigen::VectorXd> EffectsOfWorths(const std::vector<double>& worths) {
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd phi, ShapleyFromWorths(worths));
  if (!(worths.back() > 0.0)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the variance to divide is %g, must be > 0", worths.back()));
  }
  return phi / worths.back();
}

/// Effects by one scrambling.
absl::StatusOr<Eigen::VectorXd> EffectsOfOneScrambling(int inputs, const Response& response,
                                                       const SensitivityOptions& options,
                                                       int index) {
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::MatrixXd points,
      base::SobolPoints(2 * inputs, options.points, options.seed, options.stream + index));
  std::vector<double> worths(size_t{1} << inputs, 0.0);
  Eigen::VectorXd mixed(inputs);
  for (Eigen::Index k = 0; k < points.rows(); ++k) {
    const Eigen::VectorXd x = points.row(k).head(inputs), other = points.row(k).tail(inputs);
    const double y = response(x);
    for (size_t set = 1; set < worths.size(); ++set) {
      for (int i = 0; i < inputs; ++i) mixed(i) = In(set, i) ? other(i) : x(i);
      const double change = y - response(mixed);
      worths[set] += 0.5 * change * change / static_cast<double>(points.rows());
    }
  }
  return EffectsOfWorths(worths);
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> ShapleyEffects(
    int inputs, const std::function<double(uint32_t set)>& explained_variance) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> worths,
                            AllCoalitions(inputs, explained_variance));
  return EffectsOfWorths(worths);
}

absl::StatusOr<Eigen::VectorXd> LinearGaussianShapleyEffects(const Eigen::VectorXd& beta,
                                                             const Eigen::MatrixXd& covariance) {
  const Eigen::Index n = beta.size();
  if (covariance.rows() != n || covariance.cols() != n ||
      Eigen::LLT<Eigen::MatrixXd>(covariance).info() != Eigen::Success) {
    return absl::InvalidArgumentError(
        absl::StrFormat("covariance is %d x %d, must be positive definite, %d x %d",
                        covariance.rows(), covariance.cols(), n, n));
  }
  const Eigen::VectorXd with_y = covariance * beta;
  return ShapleyEffects(static_cast<int>(n), [&](uint32_t set) {
    std::vector<Eigen::Index> known;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (In(set, static_cast<int>(i))) known.push_back(i);
    }
    if (known.empty()) return 0.0;
    const Eigen::MatrixXd own = covariance(known, known);
    const Eigen::VectorXd shared = with_y(known);
    return shared.dot(own.llt().solve(shared));
  });
}

absl::StatusOr<IndexEstimate> SampledShapleyEffects(int inputs, const Response& response,
                                                    const SensitivityOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckSensitivity(inputs, kMostEffectInputs, options));
  std::vector<absl::StatusOr<Eigen::VectorXd>> scramblings(options.scramblings);
  base::ParallelFor(scramblings.size(), [&](size_t k) {
    scramblings[k] = EffectsOfOneScrambling(inputs, response, options, static_cast<int>(k));
  });
  Eigen::MatrixXd effects(inputs, options.scramblings);
  for (Eigen::Index k = 0; k < effects.cols(); ++k) {
    PARALLAX_RETURN_IF_ERROR(scramblings[k].status());
    effects.col(k) = *scramblings[k];
  }
  return AverageScramblings(effects, options.confidence);
}

}  // namespace parallax::attribution
