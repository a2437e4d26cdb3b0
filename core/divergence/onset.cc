#include "core/divergence/onset.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::divergence {
namespace {

absl::Status Check(const Eigen::Ref<const Eigen::MatrixXd>& differences, double level,
                   int permutations) {
  if (differences.rows() < 5 || differences.cols() < 1 || !differences.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("differences of %d runs x %d windows: must be finite, at least 5 x 1",
                        differences.rows(), differences.cols()));
  }
  if (!(level > 0.0 && level < 1.0)) {
    return absl::InvalidArgumentError(absl::StrFormat("level = %g, must be in (0, 1)", level));
  }
  if (permutations >= 199) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("permutations = %d, must be >= 199", permutations));
}

/// |Σ s d|/√Σ d² of every window; zero where nothing differs.
Eigen::RowVectorXd Statistics(const Eigen::MatrixXd& differences, const Eigen::RowVectorXd& root,
                              const Eigen::VectorXd& signs) {
  const Eigen::RowVectorXd sums = (signs.transpose() * differences).cwiseAbs();
  return (root.array() > 0.0).select(sums.cwiseQuotient(root), 0.0);
}

}  // namespace

absl::StatusOr<GapOnset> FindOnset(const Eigen::Ref<const Eigen::MatrixXd>& differences,
                                   double level, const TestOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(differences, level, options.permutations));
  const Eigen::MatrixXd d = differences;
  const Eigen::RowVectorXd root = d.colwise().norm();
  base::Random random(options.seed, options.stream);
  Eigen::MatrixXd signs(d.rows(), options.permutations);
  for (Eigen::Index k = 0; k < signs.size(); ++k) signs(k) = random.Below(2) == 0 ? -1.0 : 1.0;
  std::vector<double> largest(options.permutations);
  base::ParallelFor(largest.size(), [&](size_t b) {
    largest[b] = Statistics(d, root, signs.col(static_cast<Eigen::Index>(b))).maxCoeff();
  });
  const Eigen::RowVectorXd observed = Statistics(d, root, Eigen::VectorXd::Ones(d.rows()));
  GapOnset result;
  const double all = static_cast<double>(largest.size()) + 1.0;
  result.smallest_p = std::max(1.0 / all, std::exp2(1.0 - static_cast<double>(d.rows())));
  for (Eigen::Index w = 0; w < d.cols(); ++w) {
    double extreme = 0.0;
    for (double value : largest) extreme += value >= observed(w) * (1.0 - kTie) ? 1.0 : 0.0;
    const double total = d.squaredNorm();
    result.windows.push_back({.mean = d.col(w).mean(),
                              .statistic = observed(w),
                              .p_value = (1.0 + extreme) / all,
                              .share = total > 0.0 ? root(w) * root(w) / total : 0.0});
    if (result.first < 0 && result.windows.back().p_value <= level) {
      result.first = static_cast<int>(w);
    }
  }
  return result;
}

}  // namespace parallax::divergence
