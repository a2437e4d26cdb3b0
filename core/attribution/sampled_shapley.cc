#include "core/attribution/sampled_shapley.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/attribution/pair_sample.h"
#include "core/attribution/parity_regression.h"
#include "core/attribution/sampling.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

constexpr double kRounding = 1e-12;  // residuals this small against the pairs are rounding

/// Signs of membership, one pair a row.
Eigen::MatrixXd Signs(int players, const std::vector<uint64_t>& coalitions) {
  Eigen::MatrixXd signs(coalitions.size(), players);
  for (Eigen::Index i = 0; i < signs.cols(); ++i) {
    for (Eigen::Index k = 0; k < signs.rows(); ++k) {
      signs(k, i) = ((coalitions[k] >> i) & 1u) != 0 ? 1.0 : -1.0;
    }
  }
  return signs;
}

/// Orthonormal contrasts of n players, n × (n − 1): columns sum to zero (Helmert).
Eigen::MatrixXd Contrasts(int players) {
  Eigen::MatrixXd contrasts = Eigen::MatrixXd::Zero(players, players - 1);
  for (int k = 1; k < players; ++k) {
    const double scale = 1.0 / std::sqrt(k * (k + 1.0));
    contrasts.col(k - 1).head(k).setConstant(scale);
    contrasts(k, k - 1) = -k * scale;
  }
  return contrasts;
}

/// Weighted least squares of pair differences on signs, Σφ given.
class ProjectedLeastSquares {
 public:
  ProjectedLeastSquares(Eigen::MatrixXd signs, const Eigen::VectorXd& weight)
      : signs_(std::move(signs)) {
    const Eigen::MatrixXd contrasts = Contrasts(static_cast<int>(signs_.cols()));
    const Eigen::MatrixXd x = signs_ * contrasts;
    const Eigen::MatrixXd weighted = weight.asDiagonal() * x;
    const Eigen::LLT<Eigen::MatrixXd> llt(x.transpose() * weighted);
    ok_ = llt.info() == Eigen::Success && llt.rcond() > kRounding;
    if (ok_) influence_ = contrasts * llt.solve(weighted.transpose());
  }

  bool ok() const { return ok_; }
  /// What a unit of residual of each pair adds to each value, n × pairs.
  const Eigen::MatrixXd& influence() const { return influence_; }

  Eigen::VectorXd Residual(const Eigen::VectorXd& y, const Eigen::VectorXd& phi) const {
    return y - signs_ * phi;
  }
  Eigen::VectorXd Solve(const Eigen::VectorXd& y, double total) const {
    const Eigen::VectorXd equal =
        Eigen::VectorXd::Constant(signs_.cols(), total / static_cast<double>(signs_.cols()));
    return equal + influence_ * Residual(y, equal);
  }

 private:
  Eigen::MatrixXd signs_;
  Eigen::MatrixXd influence_;
  bool ok_ = false;
};

/// Variance of Σ_k influence_k residual_k over drawings, by strata.
Eigen::VectorXd SamplingVariance(const PairSample& sample, const ProjectedLeastSquares& squares,
                                 const Eigen::VectorXd& residual) {
  Eigen::VectorXd variance = Eigen::VectorXd::Zero(squares.influence().rows());
  for (const PairStratum& stratum : sample.strata) {
    if (stratum.count >= stratum.population) continue;
    const double unseen = 1.0 - stratum.count / stratum.population;
    const Eigen::MatrixXd part = squares.influence().middleCols(stratum.first, stratum.count) *
                                 residual.segment(stratum.first, stratum.count).asDiagonal();
    const Eigen::MatrixXd centered = part.colwise() - part.rowwise().mean();
    variance += unseen * stratum.count / (stratum.count - 1.0) * centered.rowwise().squaredNorm();
  }
  return variance;
}

bool Exhaustive(const PairSample& sample) {
  return std::all_of(sample.strata.begin(), sample.strata.end(), [](const PairStratum& stratum) {
    return stratum.count >= stratum.population;
  });
}

/// Values and standard errors from the pairs' differences.
void Estimate(int players, const PairSample& sample, const ProjectedLeastSquares& squares,
              const Eigen::VectorXd& y, SampledValues* out) {
  const Eigen::VectorXd linear = squares.Solve(y, out->all - out->none);
  const Eigen::VectorXd residual = squares.Residual(y, linear);
  out->value = linear;
  out->standard_error = Eigen::VectorXd::Zero(players);
  if (Exhaustive(sample)) return;
  const double scale = std::sqrt(residual.squaredNorm() / static_cast<double>(residual.size()));
  if (scale <= kRounding * y.cwiseAbs().maxCoeff()) return;
  const Eigen::VectorXd rest = residual / scale;
  const ParityFit fit = FitParities(players, sample.coalitions, rest, sample.weight);
  const double owed = -fit.shapley.sum();
  const Eigen::VectorXd corrected = squares.Solve(rest - fit.fitted, owed);
  const Eigen::VectorXd unseen = rest - fit.left_out;
  const Eigen::VectorXd cautious = squares.Solve(unseen, owed);
  const Eigen::VectorXd variance =
      SamplingVariance(sample, squares, squares.Residual(unseen, cautious));
  const double disagreement = (cautious - corrected).squaredNorm() / players;
  out->value += scale * (fit.shapley + corrected);
  out->standard_error = scale * (variance.array() + disagreement).sqrt();
}

}  // namespace

absl::StatusOr<SampledValues> SampledShapley(int players, const Game& game,
                                             const SamplingOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckSampling(players, options));
  base::Random random(options.seed, options.stream);
  const PairSample sample = DrawPairs(players, (options.evaluations - 2) / 2, random);
  std::vector<uint64_t> coalitions = {0, EveryPlayer(players)};
  for (uint64_t coalition : sample.coalitions) {
    coalitions.push_back(coalition);
    coalitions.push_back(EveryPlayer(players) & ~coalition);
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> worths, Evaluate(game, coalitions));
  Eigen::VectorXd y(static_cast<Eigen::Index>(sample.coalitions.size()));
  for (Eigen::Index k = 0; k < y.size(); ++k) y(k) = worths[2 * k + 2] - worths[2 * k + 3];
  const ProjectedLeastSquares squares(Signs(players, sample.coalitions), sample.weight);
  if (!squares.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%d pairs of coalitions drawn leave the values of %d players undetermined: evaluate more "
        "than %d",
        y.size(), players, options.evaluations));
  }
  SampledValues out{
      .none = worths[0], .all = worths[1], .evaluations = static_cast<int>(coalitions.size())};
  Estimate(players, sample, squares, y, &out);
  return out;
}

}  // namespace parallax::attribution
