#include "core/pipeline/residual_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"
#include "core/pipeline/learn.h"
#include "core/surrogate/covariance.h"

namespace parallax::pipeline {
namespace {

constexpr double kHalfOf90 = 1.6448536269514722;
/// What a measurement's own noise may be of the residuals' scatter: no model may take residuals
/// for exact, nor for noise alone.
constexpr double kLeastNoiseShare = 0.1, kMostNoiseShare = 0.8;
constexpr int kFolds = 5;
/// Fewer locked runs decide nothing.
constexpr int kLeastLockedRuns = 3;

/// Halvings of the interval of a logarithm: to the last digit that matters.
constexpr int kHalvings = 60;
constexpr double kRounding = 1e-12;  ///< of a bound that is divided and multiplied

/// Eigenvalues of the covariance of a process at its runs, noise apart.
Eigen::VectorXd EigenvaluesOf(const surrogate::GaussianProcess& process) {
  const surrogate::GpHyperparameters& found = process.hyperparameters();
  const Eigen::MatrixXd scaled =
      process.runs().features * found.length_scales.cwiseInverse().asDiagonal();
  const Eigen::MatrixXd covariance =
      found.signal_variance * surrogate::Correlation(process.kernel(), scaled, scaled);
  return base::DecomposeSymmetric(covariance).values.cwiseMax(0.0);
}

/// Of a process with a constant trend.
double EffectiveParameters(const Eigen::VectorXd& eigenvalues, double noise_variance) {
  return 1.0 + surrogate::EffectiveParameters(eigenvalues, std::max(noise_variance, 1e-300));
}

/// The least noise at which a process has no more than `most` > 1 effective parameters.
double SmoothingNoise(const Eigen::VectorXd& eigenvalues, double noise_variance, double most) {
  // Σ λ/(λ + σ²) <= Σ λ/σ², so that the upper end holds.
  double low = std::log(std::max(noise_variance, 1e-300));
  double high = std::max(low, std::log(eigenvalues.sum() / (most - 1.0)));
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (EffectiveParameters(eigenvalues, std::exp(middle)) > most ? low : high) = middle;
  }
  return std::exp(high);
}

absl::StatusOr<ResidualFit> FitProcess(const surrogate::Dataset& residuals, double scatter,
                                       double noise_sd) {
  surrogate::GpOptions options;
  options.noise_sd.median = std::clamp(noise_sd / scatter, kLeastNoiseShare, kMostNoiseShare);
  options.noise_sd.log_sd = 0.5;
  PARALLAX_ASSIGN_OR_RETURN(surrogate::GaussianProcess process,
                            surrogate::FitGaussianProcess(residuals, options));
  const Eigen::VectorXd eigenvalues = EigenvaluesOf(process);
  double effective = EffectiveParameters(eigenvalues, process.hyperparameters().noise_variance);
  const double most = (1.0 - kRounding) * static_cast<double>(residuals.outcomes.size()) /
                      surrogate::kRunsPerParameter;
  const bool smoothed = effective > most;
  if (smoothed) {
    options.hyperparameters = process.hyperparameters();
    options.hyperparameters->noise_variance =
        SmoothingNoise(eigenvalues, options.hyperparameters->noise_variance, most);
    effective = EffectiveParameters(eigenvalues, options.hyperparameters->noise_variance);
    PARALLAX_ASSIGN_OR_RETURN(process, surrogate::FitGaussianProcess(residuals, options));
  }
  HeldOut left_out =
      CompareWithTwin(process.LeaveOneOut().predictions, residuals.outcomes, scatter);
  return ResidualFit{.model = std::move(process),
                     .scatter = scatter,
                     .effective_parameters = effective,
                     .smoothed = smoothed,
                     .left_out = left_out};
}

/// One network a fold, which foretells the runs of the fold, then one of all runs.
absl::StatusOr<ResidualFit> FitNetwork(const surrogate::Dataset& residuals, double scatter,
                                       uint64_t seed) {
  const Eigen::Index n = residuals.outcomes.size();
  // Some fifty to a few hundred runs: a small network, as many members as the spread needs.
  const surrogate::BnnOptions options{.members = 5, .hidden = {20}, .seed = seed};
  std::vector<surrogate::Prediction> left_out(static_cast<size_t>(n));
  for (Eigen::Index fold = 0; fold < kFolds; ++fold) {
    std::vector<Eigen::Index> in, out;
    for (Eigen::Index i = 0; i < n; ++i) (i % kFolds == fold ? out : in).push_back(i);
    surrogate::BnnOptions of_fold = options;
    of_fold.stream = static_cast<uint64_t>((fold + 1) * (options.members + 1));
    PARALLAX_ASSIGN_OR_RETURN(const surrogate::Bnn network,
                              surrogate::TrainBnn(surrogate::RowsOf(residuals, in), of_fold));
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<surrogate::Prediction> predictions,
                              network.Predict(surrogate::RowsOf(residuals, out).features));
    for (size_t k = 0; k < out.size(); ++k) left_out[static_cast<size_t>(out[k])] = predictions[k];
  }
  PARALLAX_ASSIGN_OR_RETURN(surrogate::Bnn network, surrogate::TrainBnn(residuals, options));
  const double effective = network.effective_parameters();
  return ResidualFit{.model = std::move(network),
                     .scatter = scatter,
                     .effective_parameters = effective,
                     .left_out = CompareWithTwin(left_out, residuals.outcomes, scatter)};
}

}  // namespace

HeldOut CompareWithTwin(const std::vector<surrogate::Prediction>& predictions,
                        const Eigen::Ref<const Eigen::VectorXd>& residuals, double scatter) {
  const surrogate::Prediction twin{.aleatoric_variance = scatter * scatter};
  HeldOut held{.runs = static_cast<int>(residuals.size())};
  Eigen::VectorXd gains(residuals.size());
  for (Eigen::Index i = 0; i < residuals.size(); ++i) {
    const surrogate::Prediction& one = predictions[static_cast<size_t>(i)];
    const double off = residuals(i) - one.mean;
    held.rmse += off * off;
    held.rmse_twin += residuals(i) * residuals(i);
    const double density = surrogate::LogDensity(one, residuals(i));
    const double density_twin = surrogate::LogDensity(twin, residuals(i));
    held.log_density += density;
    held.log_density_twin += density_twin;
    gains(i) = density - density_twin;
    held.coverage_90 += std::abs(off) <= kHalfOf90 * std::sqrt(one.variance()) ? 1.0 : 0.0;
  }
  const auto n = static_cast<double>(residuals.size());
  held.rmse = std::sqrt(held.rmse / n);
  held.rmse_twin = std::sqrt(held.rmse_twin / n);
  held.log_density /= n;
  held.log_density_twin /= n;
  held.coverage_90 /= n;
  const double spread = (gains.array() - gains.mean()).matrix().norm();
  if (spread > 0.0) held.gain_score = gains.mean() / spread * std::sqrt(n * (n - 1.0));
  return held;
}

absl::StatusOr<ResidualFit> FitResidual(const surrogate::Dataset& residuals, double noise_sd,
                                        uint64_t seed) {
  PARALLAX_RETURN_IF_ERROR(surrogate::CheckDataset(residuals, kLeastLearnRuns));
  const Eigen::Index runs = residuals.outcomes.size();
  const double scatter = std::sqrt(residuals.outcomes.squaredNorm() / static_cast<double>(runs));
  absl::StatusOr<ResidualFit> fit = runs < kLeastNetworkRuns
                                        ? FitProcess(residuals, scatter, noise_sd)
                                        : FitNetwork(residuals, scatter, seed);
  PARALLAX_RETURN_IF_ERROR(fit.status());
  PARALLAX_ASSIGN_OR_RETURN(
      fit->guard, surrogate::JudgeTraining({.simulated_loss = {},
                                            .real_loss = {},
                                            .real_share = 1.0,
                                            .effective_parameters = fit->effective_parameters,
                                            .real_runs = static_cast<int>(runs),
                                            .training_draws = {},
                                            .judging_draws = {}},
                                           {.real_loss = surrogate::RealLoss::kNotNeeded}));
  return fit;
}

std::vector<std::string> Objections(const ResidualFit& fit, const HeldOut& locked) {
  std::vector<std::string> because = fit.guard.because;
  const HeldOut& left_out = fit.left_out;
  if (!(left_out.rmse < left_out.rmse_twin)) {
    because.push_back(absl::StrFormat(
        "left-out runs are foretold to %.3g rms, no better than the twin alone with %.3g",
        left_out.rmse, left_out.rmse_twin));
  } else if (!(left_out.gain_score >= kLeastGainScore)) {
    because.push_back(absl::StrFormat(
        "the log density of left-out runs, %.3g a run against the twin's alone, %.3g, gains %.2g "
        "standard errors, at least %.2g are asked",
        left_out.log_density, left_out.log_density_twin, left_out.gain_score, kLeastGainScore));
  }
  if (locked.runs >= kLeastLockedRuns && !(locked.rmse < locked.rmse_twin)) {
    because.push_back(
        absl::StrFormat("%d locked runs are foretold to %.3g rms, the twin alone to %.3g",
                        locked.runs, locked.rmse, locked.rmse_twin));
  }
  return because;
}

}  // namespace parallax::pipeline
