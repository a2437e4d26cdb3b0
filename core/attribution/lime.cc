#include "core/attribution/lime.h"

#include <algorithm>
#include <bit>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/qr.h"
#include "core/base/sobol_points.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

constexpr Eigen::Index kMostLimeInputs = 40;

absl::Status Check(const Eigen::VectorXd& at, const LimeOptions& options) {
  if (at.size() < 1 || at.size() > kMostLimeInputs || !at.allFinite()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a point of %d inputs, must be 1 to %d, finite", at.size(), kMostLimeInputs));
  }
  if (options.samples_per_coefficient < 10) {
    return absl::InvalidArgumentError(absl::StrFormat("samples_per_coefficient = %d, must be >= 10",
                                                      options.samples_per_coefficient));
  }
  for (double width : options.widths) {
    if (width > 0.0 && std::isfinite(width)) continue;
    return absl::InvalidArgumentError(absl::StrFormat("a width is %g, must be > 0", width));
  }
  return absl::OkStatus();
}

/// Standard normal quantile; without promotion to long double it is the same on every CPU.
double NormalQuantile(double p) {
  using Policy = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  return -std::sqrt(2.0) * boost::math::erfc_inv(2.0 * p, Policy());
}

/// 1, z_i, then z_i z_j for i ≤ j.
Eigen::MatrixXd QuadraticTerms(const Eigen::MatrixXd& z) {
  const Eigen::Index d = z.cols();
  Eigen::MatrixXd terms(z.rows(), 1 + d + d * (d + 1) / 2);
  terms.col(0).setOnes();
  terms.middleCols(1, d) = z;
  Eigen::Index at = 1 + d;
  for (Eigen::Index i = 0; i < d; ++i) {
    for (Eigen::Index j = i; j < d; ++j) terms.col(at++) = z.col(i).cwiseProduct(z.col(j));
  }
  return terms;
}

/// The neighbourhood in units of its width, factored once for all widths.
struct Neighbourhood {
  Eigen::MatrixXd z;
  Eigen::VectorXd root_weight;
  base::HouseholderQr qr;     ///< of the weighted terms
  Eigen::VectorXd leverage;   ///< of each sample, in [0, 1)
  Eigen::MatrixXd influence;  ///< of each sample's weighted residual on the slopes
};

absl::StatusOr<Neighbourhood> Draw(Eigen::Index inputs, const LimeOptions& options) {
  const Eigen::Index coefficients = 1 + inputs + inputs * (inputs + 1) / 2;
  const auto least = static_cast<unsigned>(options.samples_per_coefficient * coefficients);
  PARALLAX_ASSIGN_OR_RETURN(
      Eigen::MatrixXd points,
      base::SobolPoints(static_cast<int>(inputs), static_cast<int>(std::bit_ceil(least)),
                        options.seed, options.stream));
  Eigen::MatrixXd z = points.unaryExpr(&NormalQuantile);
  Eigen::VectorXd root_weight =
      (-0.25 / static_cast<double>(inputs) * z.rowwise().squaredNorm().array()).exp();
  base::HouseholderQr qr(root_weight.asDiagonal() * QuadraticTerms(z));
  const Eigen::MatrixXd orthonormal = qr.ThinQ();
  const Eigen::MatrixXd inverse = qr.InverseR();
  return Neighbourhood{.z = std::move(z),
                       .root_weight = std::move(root_weight),
                       .qr = std::move(qr),
                       .leverage = orthonormal.rowwise().squaredNorm(),
                       .influence = orthonormal * inverse.middleRows(1, inputs).transpose()};
}

std::vector<int> RankBySize(const Eigen::VectorXd& slope) {
  std::vector<int> ranking(slope.size());
  std::iota(ranking.begin(), ranking.end(), 0);
  std::stable_sort(ranking.begin(), ranking.end(),
                   [&](int a, int b) { return std::abs(slope(a)) > std::abs(slope(b)); });
  return ranking;
}

/// Weighted share of the variance that the fit explains; 1 for a response that does not vary.
double RSquared(const Neighbourhood& sample, const Eigen::VectorXd& weighted_residual,
                const Eigen::VectorXd& y) {
  const Eigen::VectorXd weight = sample.root_weight.cwiseAbs2();
  const double mean = weight.dot(y) / weight.sum();
  const double total = weight.dot((y.array() - mean).square().matrix());
  return total > 0.0 ? 1.0 - weighted_residual.squaredNorm() / total : 1.0;
}

LocalExplanation Fit(const Neighbourhood& sample, double width, const Eigen::VectorXd& y,
                     double least_r_squared) {
  const Eigen::Index d = sample.z.cols();
  const Eigen::VectorXd weighted = sample.root_weight.cwiseProduct(y);
  const Eigen::VectorXd coefficients = sample.qr.Solve(weighted);
  const Eigen::VectorXd residual =
      weighted - sample.root_weight.cwiseProduct(QuadraticTerms(sample.z) * coefficients);
  LocalExplanation result{.width = width, .samples = static_cast<int>(y.size())};
  result.r_squared = RSquared(sample, residual, y);
  if (result.r_squared >= least_r_squared) result.fit = LocalFit::kTrusted;
  result.centre = coefficients(0);
  result.slope = coefficients.segment(1, d) / width;
  const Eigen::VectorXd jackknifed = residual.array() / (1.0 - sample.leverage.array());
  result.standard_error =
      (jackknifed.asDiagonal() * sample.influence).colwise().norm().transpose() / width;
  result.curvature.resize(d, d);
  Eigen::Index at = 1 + d;
  for (Eigen::Index i = 0; i < d; ++i) {
    for (Eigen::Index j = i; j < d; ++j) {
      const double second = coefficients(at++) / (width * width) * (i == j ? 2.0 : 1.0);
      result.curvature(i, j) = result.curvature(j, i) = second;
    }
  }
  result.ranking = RankBySize(result.slope);
  return result;
}

}  // namespace

absl::StatusOr<std::vector<LocalExplanation>> ExplainLocally(const Eigen::VectorXd& at,
                                                             const LocalResponse& response,
                                                             const LimeOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(at, options));
  PARALLAX_ASSIGN_OR_RETURN(const Neighbourhood sample, Draw(at.size(), options));
  std::vector<LocalExplanation> explanations;
  for (double width : options.widths) {
    Eigen::VectorXd y(sample.z.rows());
    base::ParallelFor(static_cast<size_t>(y.size()), [&](size_t k) {
      const auto row = static_cast<Eigen::Index>(k);
      y(row) = response(at + width * sample.z.row(row).transpose());
    });
    if (!y.allFinite()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the response is not finite everywhere within a neighbourhood of width %g", width));
    }
    explanations.push_back(Fit(sample, width, y, options.least_r_squared));
  }
  return explanations;
}

}  // namespace parallax::attribution
