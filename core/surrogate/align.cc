#include "core/surrogate/align.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/principal_components.h"
#include "core/base/qr.h"
#include "core/base/shrunk_covariance.h"
#include "core/base/status_macros.h"
#include "core/base/svd.h"
#include "core/base/symmetric_eigen.h"
#include "core/surrogate/dataset.h"

namespace parallax::surrogate {
namespace {

constexpr Eigen::Index kLeastRealRuns = 3;

absl::Status CheckAlignOptions(const AlignmentOptions& options) {
  const auto inside = [](double value) { return value > 0.0 && value < 1.0; };
  if (!inside(options.rank_tolerance) || options.most_components < 1 ||
      !(options.explained_share > 0.0 && options.explained_share <= 1.0) ||
      !(options.most_information_drop >= 0.0 && options.most_information_drop < 1.0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "explained_share = %g must be in (0, 1], most_components = %d >= 1, rank_tolerance = %g in "
        "(0, 1), most_information_drop = %g in [0, 1)",
        options.explained_share, options.most_components, options.rank_tolerance,
        options.most_information_drop));
  }
  return absl::OkStatus();
}

absl::Status CheckAlignInput(const AlignmentInput& input) {
  const Eigen::Index n = input.simulated.rows(), d = input.simulated.cols();
  const Eigen::Index p = input.parameters.cols();
  if (d == 0 || p == 0 || input.parameters.rows() != n || input.real.cols() != d) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d x %d simulated features, %d x %d parameters and %d x %d real features do not belong "
        "together",
        n, d, input.parameters.rows(), p, input.real.rows(), input.real.cols()));
  }
  if (!input.simulated.allFinite() || !input.parameters.allFinite() || !input.real.allFinite()) {
    return absl::InvalidArgumentError("features and parameters of an alignment must be finite");
  }
  for (const Eigen::MatrixXd& sensitivity : input.sensitivities) {
    if (sensitivity.rows() != d || sensitivity.cols() != p || !sensitivity.allFinite()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a %d x %d sensitivity, must be finite and %d x %d", sensitivity.rows(),
                          sensitivity.cols(), d, p));
    }
  }
  if (input.real.rows() < kLeastRealRuns || n < p + 3) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%d real and %d simulated runs: an alignment needs at least %d and %d",
                        input.real.rows(), n, kLeastRealRuns, p + 3));
  }
  return absl::OkStatus();
}

/// Latent coordinates w = into x + shift, in which all that moves a simulated run but its
/// parameters has unit covariance, and the way back for differences.
struct LatentSpace {
  Eigen::MatrixXd into;                        // k × d
  Eigen::VectorXd shift;                       // k
  Eigen::MatrixXd back;                        // d × k
  std::vector<Eigen::MatrixXd> sensitivities;  // of w, k × p each

  Eigen::MatrixXd Scores(const Eigen::MatrixXd& features) const {
    return (features * into.transpose()).rowwise() + shift.transpose();
  }
};

/// Covariance, k × k, of scores about their linear regression on the parameters, and the slopes
/// of that, p × k.
struct NuisanceFit {
  Eigen::MatrixXd covariance;
  Eigen::MatrixXd slopes;
};

NuisanceFit FitNuisance(const Eigen::MatrixXd& scores, const Eigen::MatrixXd& parameters) {
  const Eigen::RowVectorXd mean = parameters.colwise().mean();
  const base::PivotedQr qr(parameters.rowwise() - mean);
  const Eigen::RowVectorXd score_mean = scores.colwise().mean();
  const Eigen::MatrixXd centered = scores.rowwise() - score_mean;
  NuisanceFit fit;
  fit.slopes = qr.Solve(centered);
  const Eigen::MatrixXd rest = centered - (parameters.rowwise() - mean) * fit.slopes;
  const auto n = static_cast<double>(scores.rows());
  fit.covariance =
      n / (n - 1.0 - static_cast<double>(qr.rank())) * base::LedoitWolf(rest).covariance;
  return fit;
}

absl::StatusOr<LatentSpace> FitLatentSpace(const AlignmentInput& input,
                                           const AlignmentOptions& options) {
  PARALLAX_ASSIGN_OR_RETURN(const Standardizer standardizer, Standardizer::Fit(input.simulated));
  const Eigen::MatrixXd standard = standardizer.Apply(input.simulated);
  PARALLAX_ASSIGN_OR_RETURN(
      const base::PrincipalComponents components,
      base::FitPrincipalComponents(standard, options.explained_share, options.most_components));
  const Eigen::MatrixXd scores =
      (standard.rowwise() - components.center.transpose()) * components.axes;
  const NuisanceFit nuisance = FitNuisance(scores, input.parameters);
  const Eigen::LLT<Eigen::MatrixXd> llt(nuisance.covariance);
  const double total = scores.squaredNorm() / static_cast<double>(scores.rows());
  if (llt.info() != Eigen::Success || !(nuisance.covariance.trace() > 1e-20 * total)) {
    return absl::FailedPreconditionError(
        "the parameters explain the simulated features exactly: nothing else moves them that could "
        "be aligned");
  }
  const Eigen::MatrixXd lower = llt.matrixL();
  const Eigen::VectorXd inverse_scale = standardizer.scale().cwiseInverse();
  LatentSpace space;
  const Eigen::MatrixXd axes = components.axes.transpose() * inverse_scale.asDiagonal();
  space.into = llt.matrixL().solve(axes);
  space.shift = -(space.into * standardizer.center()) -
                llt.matrixL().solve(components.axes.transpose() * components.center);
  space.back = standardizer.scale().asDiagonal() * components.axes * lower;
  for (const Eigen::MatrixXd& sensitivity : input.sensitivities) {
    space.sensitivities.emplace_back(space.into * sensitivity);
  }
  if (space.sensitivities.empty()) {
    space.sensitivities.emplace_back(llt.matrixL().solve(nuisance.slopes.transpose()));
  }
  return space;
}

/// Orthonormal basis, k × r, of what the parameters move.
Eigen::MatrixXd SensitiveDirections(const LatentSpace& space, double tolerance) {
  const Eigen::Index k = space.into.rows(), p = space.sensitivities[0].cols();
  const auto count = static_cast<Eigen::Index>(space.sensitivities.size());
  Eigen::MatrixXd all(k, p * count);
  for (Eigen::Index s = 0; s < count; ++s) all.middleCols(s * p, p) = space.sensitivities[s];
  const base::Svd svd = base::ThinSvd(all);
  Eigen::Index rank = 0;
  while (rank < svd.s.size() && svd.s(rank) > 0.0 && svd.s(rank) >= tolerance * svd.s(0)) ++rank;
  return svd.u.leftCols(rank);
}

/// Orthonormal basis, k × (k − r), of all that is orthogonal to the k × r columns.
Eigen::MatrixXd Complement(const Eigen::MatrixXd& columns) {
  const Eigen::Index k = columns.rows();
  if (columns.cols() == 0) return Eigen::MatrixXd::Identity(k, k);
  return base::HouseholderQr(columns).Q().rightCols(k - columns.cols());
}

double Information(const Eigen::MatrixXd& sensitivity) {
  return 0.5 * base::SingularValues(sensitivity).array().square().log1p().sum();
}

void JudgeInformation(const LatentSpace& space, const Eigen::MatrixXd& aligned,
                      const AlignmentOptions& options, AlignmentResult* result) {
  const auto count = static_cast<double>(space.sensitivities.size());
  for (const Eigen::MatrixXd& sensitivity : space.sensitivities) {
    const Eigen::MatrixXd taken = aligned * (aligned.transpose() * sensitivity);
    result->information_before += Information(sensitivity) / count;
    result->information_after += Information(sensitivity - taken) / count;
  }
  if (!(result->information_before > 0.0)) return;
  result->information_drop =
      std::clamp(1.0 - result->information_after / result->information_before, 0.0, 1.0);
  if (result->information_drop > options.most_information_drop) {
    result->refused = true;
    result->because.push_back(absl::StrFormat(
        "it takes %.1f %% of the information about the parameters (%.3g of %.3g nats left), at "
        "most %.1f %% are allowed",
        100.0 * result->information_drop, result->information_after, result->information_before,
        100.0 * options.most_information_drop));
  }
}

/// vectors diag(valuesᵖ) vectorsᵀ of a positive definite matrix.
Eigen::MatrixXd Power(const Eigen::MatrixXd& m, double exponent) {
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(m);
  return eigen.vectors * eigen.values.array().pow(exponent).matrix().asDiagonal() *
         eigen.vectors.transpose();
}

/// CORAL on the latent directions `aligned`, k × a, as a map of features.
absl::StatusOr<AlignmentMap> Correlate(const AlignmentInput& input, const LatentSpace& space,
                                       const Eigen::MatrixXd& aligned, AlignmentResult* result) {
  const Eigen::MatrixXd simulated = space.Scores(input.simulated) * aligned;
  const Eigen::MatrixXd real = space.Scores(input.real) * aligned;
  const base::ShrunkCovariance from = base::LedoitWolf(simulated), to = base::LedoitWolf(real);
  if (!(to.covariance.trace() > 1e-20 * from.covariance.trace())) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the %d real runs do not differ from one another", real.rows()));
  }
  result->shrinkage_simulated = from.shrinkage;
  result->shrinkage_real = to.shrinkage;
  const Eigen::Index a = aligned.cols(), d = input.simulated.cols();
  const Eigen::MatrixXd change =
      Power(to.covariance, 0.5) * Power(from.covariance, -0.5) - Eigen::MatrixXd::Identity(a, a);
  const Eigen::VectorXd mean = simulated.colwise().mean().transpose();
  const Eigen::VectorXd moved = real.colwise().mean().transpose() - mean;
  const Eigen::MatrixXd back = space.back * aligned, into = aligned.transpose() * space.into;
  AlignmentMap map;
  map.matrix = Eigen::MatrixXd::Identity(d, d) + back * (change * into);
  map.offset = back * (change * (aligned.transpose() * space.shift - mean) + moved);
  return map;
}

absl::Status JudgeHeldOut(const AlignmentInput& input, const HeldOutErrors& held_out,
                          AlignmentResult* result) {
  PARALLAX_ASSIGN_OR_RETURN(result->errors_before, held_out(input.simulated));
  PARALLAX_ASSIGN_OR_RETURN(result->errors_after, held_out(result->map.Apply(input.simulated)));
  const Eigen::VectorXd& before = result->errors_before;
  const Eigen::VectorXd& after = result->errors_after;
  if (before.size() == 0 || before.size() != after.size() || !before.allFinite() ||
      !after.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d held-out errors before and %d after the alignment, must be as many, at "
                        "least 1, and finite",
                        before.size(), after.size()));
  }
  if (after.mean() > before.mean()) {
    result->refused = true;
    result->because.push_back(
        absl::StrFormat("the mean squared error of %d held-out runs grows from %.3g to %.3g",
                        before.size(), before.mean(), after.mean()));
  }
  return absl::OkStatus();
}

absl::StatusOr<LatentMap> MapRuns(const AlignmentInput& input, const AlignmentMap& map) {
  PARALLAX_ASSIGN_OR_RETURN(const Standardizer standardizer, Standardizer::Fit(input.simulated));
  const Eigen::Index n = input.simulated.rows(), m = input.real.rows();
  Eigen::MatrixXd all(n + m, input.simulated.cols());
  all << standardizer.Apply(input.simulated), standardizer.Apply(input.real);
  PARALLAX_ASSIGN_OR_RETURN(const base::PrincipalComponents components,
                            base::FitPrincipalComponents(all, 1.0, 2));
  const double total = (all.rowwise() - components.center.transpose()).squaredNorm() /
                       static_cast<double>(n + m - 1);
  const auto project = [&](const Eigen::MatrixXd& features) {
    Eigen::MatrixXd scores = Eigen::MatrixXd::Zero(features.rows(), 2);
    scores.leftCols(components.axes.cols()) =
        (standardizer.Apply(features).rowwise() - components.center.transpose()) * components.axes;
    return scores;
  };
  LatentMap latent{.simulated = project(input.simulated),
                   .aligned = project(map.Apply(input.simulated)),
                   .real = project(input.real),
                   .explained = Eigen::Vector2d::Zero()};
  latent.explained.head(components.sd.size()) = components.sd.array().square() / total;
  return latent;
}

}  // namespace

Eigen::MatrixXd AlignmentMap::Apply(const Eigen::Ref<const Eigen::MatrixXd>& features) const {
  PARALLAX_CHECK(features.cols() == matrix.cols());
  return (features * matrix.transpose()).rowwise() + offset.transpose();
}

absl::StatusOr<AlignmentResult> Align(const AlignmentInput& input, const AlignmentOptions& options,
                                      const HeldOutErrors& held_out) {
  PARALLAX_RETURN_IF_ERROR(CheckAlignOptions(options));
  PARALLAX_RETURN_IF_ERROR(CheckAlignInput(input));
  PARALLAX_ASSIGN_OR_RETURN(const LatentSpace space, FitLatentSpace(input, options));
  const Eigen::MatrixXd sensitive = SensitiveDirections(space, options.rank_tolerance);
  const Eigen::Index k = space.into.rows(), d = input.simulated.cols();
  const Eigen::MatrixXd aligned = options.directions == AlignedDirections::kAll
                                      ? Eigen::MatrixXd::Identity(k, k)
                                      : Complement(sensitive);
  AlignmentResult result;
  result.components = static_cast<int>(k);
  result.protected_directions = static_cast<int>(sensitive.cols());
  JudgeInformation(space, aligned, options, &result);
  if (aligned.cols() == 0) {
    result.refused = true;
    result.because.push_back(absl::StrFormat(
        "parameters move all %d directions of the latent space: none is left to align", k));
    result.map = {.matrix = Eigen::MatrixXd::Identity(d, d), .offset = Eigen::VectorXd::Zero(d)};
  } else {
    PARALLAX_ASSIGN_OR_RETURN(result.map, Correlate(input, space, aligned, &result));
    if (held_out) PARALLAX_RETURN_IF_ERROR(JudgeHeldOut(input, held_out, &result));
  }
  PARALLAX_ASSIGN_OR_RETURN(result.latent, MapRuns(input, result.map));
  return result;
}

}  // namespace parallax::surrogate
