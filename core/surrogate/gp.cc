#include "core/surrogate/gp.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/surrogate/gp_checks.h"
#include "core/surrogate/gp_likelihood.h"
#include "core/surrogate/model_bytes.h"

namespace parallax::surrogate {
namespace {

constexpr char kGpKind[] = "plx-gp";
constexpr uint64_t kGpVersion = 1;
constexpr Eigen::Index kLeastRuns = 5;
constexpr double kNegligible = 1e-6;  ///< weight of a draw

/// H: a column of ones and, with a linear trend, the features.
Eigen::MatrixXd TrendTerms(Trend trend, const Eigen::Ref<const Eigen::MatrixXd>& standardized) {
  const Eigen::Index terms = trend == Trend::kLinear ? 1 + standardized.cols() : 1;
  Eigen::MatrixXd h(standardized.rows(), terms);
  h.col(0).setOnes();
  if (trend == Trend::kLinear) h.rightCols(standardized.cols()) = standardized;
  return h;
}

absl::Status CheckHyperparameters(const GpHyperparameters& hyperparameters, Eigen::Index features) {
  PARALLAX_RETURN_IF_ERROR(CheckLengthScales(hyperparameters.length_scales, features));
  if (!(hyperparameters.signal_variance > 0.0) || !std::isfinite(hyperparameters.signal_variance) ||
      !(hyperparameters.noise_variance >= 0.0) || !std::isfinite(hyperparameters.noise_variance)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signal_variance = %g, noise_variance = %g: must be finite, > 0 and >= 0",
                        hyperparameters.signal_variance, hyperparameters.noise_variance));
  }
  return absl::OkStatus();
}

/// Hyperparameters in the units of the runs, the most probable ones first and with weight 0 unless
/// they are alone.
struct WeightedHyperparameters {
  GpHyperparameters hyperparameters;
  double weight;
};

/// By a search in standard deviations of features and outcome.
absl::StatusOr<std::vector<WeightedHyperparameters>> FitHyperparameters(const Dataset& runs,
                                                                        const GpOptions& options) {
  PARALLAX_ASSIGN_OR_RETURN(const Standardizer features, Standardizer::Fit(runs.features));
  PARALLAX_ASSIGN_OR_RETURN(const Standardizer outcome, Standardizer::Fit(runs.outcomes));
  const Eigen::MatrixXd x = features.Apply(runs.features);
  const Eigen::VectorXd y = outcome.Apply(runs.outcomes);
  const Eigen::MatrixXd h = TrendTerms(options.trend, x);
  const Eigen::Index d = x.cols();
  const LogNormal& length = options.length_scale;
  Eigen::VectorXd mean(d + 2), sd(d + 2);
  mean.head(d).setConstant(std::log(length.median * std::sqrt(static_cast<double>(d))));
  mean.tail(2) << std::log(options.signal_sd.median), std::log(options.noise_sd.median);
  sd.head(d).setConstant(length.log_sd);
  sd.tail(2) << options.signal_sd.log_sd, options.noise_sd.log_sd;
  const LogLikelihood likelihood = [&](const Eigen::VectorXd& theta, double* value,
                                       Eigen::VectorXd* gradient) {
    return RestrictedLogLikelihood(options.kernel, x, h, y, theta, value, gradient);
  };
  PARALLAX_ASSIGN_OR_RETURN(const MapEstimate mode,
                            MaximizePosterior(likelihood, mean, sd, options.search));
  PARALLAX_ASSIGN_OR_RETURN(const WeightedDraws draws,
                            DrawPosterior(likelihood, mean, sd, mode.x, options.draws,
                                          options.search.seed, options.search.stream + 1));
  const double unit = outcome.scale()(0);
  const auto in_units = [&](const Eigen::VectorXd& theta) {
    return GpHyperparameters{
        .length_scales = theta.head(d).array().exp() * features.scale().array(),
        .signal_variance = unit * unit * std::exp(2.0 * theta(d)),
        .noise_variance = unit * unit * std::exp(2.0 * theta(d + 1))};
  };
  if (draws.weights.size() == 1) return std::vector{WeightedHyperparameters{in_units(mode.x), 1.0}};
  std::vector<WeightedHyperparameters> fitted = {{in_units(mode.x), 0.0}};
  for (Eigen::Index k = 0; k < draws.weights.size(); ++k) {
    if (draws.weights(k) < kNegligible) continue;
    fitted.push_back({in_units(draws.x.col(k)), draws.weights(k)});
  }
  return fitted;
}

absl::Status CheckOptions(const GpOptions& options, Eigen::Index features) {
  PARALLAX_RETURN_IF_ERROR(CheckHyperprior(options.length_scale, "length_scale"));
  PARALLAX_RETURN_IF_ERROR(CheckHyperprior(options.signal_sd, "signal_sd"));
  PARALLAX_RETURN_IF_ERROR(CheckHyperprior(options.noise_sd, "noise_sd"));
  PARALLAX_RETURN_IF_ERROR(CheckDraws(options.draws));
  return options.hyperparameters ? CheckHyperparameters(*options.hyperparameters, features)
                                 : absl::OkStatus();
}

}  // namespace

/// A process with one set of hyperparameters; all but these in standard deviations of features and
/// outcome.
struct GpMember {
  GpHyperparameters hyperparameters;
  double weight;
  double signal, noise;    ///< variances
  Eigen::MatrixXd scaled;  ///< features over length scales, n × d
  GpFactors factors;
};

namespace {

/// Mean and variances at some points, a row each, of every member, in standard deviations.
struct Moments {
  Eigen::VectorXd weights;  ///< of members
  Eigen::VectorXd noises;   ///< of members, variances
  Eigen::MatrixXd means, epistemic;

  Moments(const std::vector<GpMember>& members, Eigen::Index points)
      : weights(members.size()),
        noises(members.size()),
        means(points, members.size()),
        epistemic(points, members.size()) {
    for (size_t m = 0; m < members.size(); ++m) {
      weights(static_cast<Eigen::Index>(m)) = members[m].weight;
      noises(static_cast<Eigen::Index>(m)) = members[m].noise;
    }
  }
};

/// Mean and variances of the mixture at a row; that members disagree is epistemic.
Prediction Mixed(const Moments& moments, const Eigen::VectorXd& weights, Eigen::Index row,
                 const Standardizer& outcome) {
  const Eigen::VectorXd means = moments.means.row(row);
  const double mean = weights.dot(means);
  // A variance that is a difference may round below zero at a run without noise.
  const double epistemic = weights.dot(moments.epistemic.row(row).transpose().cwiseMax(0.0)) +
                           weights.dot((means.array() - mean).square().matrix());
  const double unit = outcome.scale()(0);
  return {.mean = outcome.center()(0) + unit * mean,
          .epistemic_variance = unit * unit * epistemic,
          .aleatoric_variance = unit * unit * weights.dot(moments.noises)};
}

/// What a member says of each run from the others.
struct DrawLeftOut {
  Eigen::VectorXd means, variances;
  Eigen::VectorXd log_densities;  ///< of the outcomes, up to a constant
  double spread;                  ///< tr(cov²) of the standardised residuals
};

DrawLeftOut LeaveOut(const GpMember& member, const Eigen::Ref<const Eigen::VectorXd>& outcomes) {
  const Eigen::MatrixXd precision = RestrictedPrecision(member.factors);
  DrawLeftOut left;
  left.variances = precision.diagonal().cwiseInverse();
  const Eigen::VectorXd off = member.factors.weights.cwiseProduct(left.variances);
  left.means = outcomes - off;
  left.log_densities =
      -0.5 * (left.variances.array().log() + off.array().square() / left.variances.array());
  const Eigen::VectorXd sd = left.variances.cwiseSqrt();
  left.spread = Eigen::MatrixXd(sd.asDiagonal() * precision * sd.asDiagonal()).squaredNorm();
  return left;
}

}  // namespace

struct GaussianProcess::State {
  Dataset runs;
  Kernel kernel;
  Trend trend;
  Standardizer features, outcome;
  std::vector<GpMember> members;  ///< as WeightedHyperparameters

  Eigen::MatrixXd Scaled(const Eigen::Ref<const Eigen::MatrixXd>& values,
                         const GpHyperparameters& hyperparameters) const {
    return features.Apply(values) *
           features.scale().cwiseQuotient(hyperparameters.length_scales).asDiagonal();
  }
  Eigen::MatrixXd Terms(const Eigen::Ref<const Eigen::MatrixXd>& values) const {
    return TrendTerms(trend, features.Apply(values));
  }
  Eigen::VectorXd StandardizedOutcomes() const { return outcome.Apply(runs.outcomes); }

  absl::Status AddMember(const WeightedHyperparameters& drawn);
  static absl::StatusOr<std::shared_ptr<const State>> Make(
      const Dataset& runs, Kernel kernel, Trend trend,
      const std::vector<WeightedHyperparameters>& drawn);
};
absl::Status GaussianProcess::State::AddMember(const WeightedHyperparameters& drawn) {
  const double square = outcome.scale()(0) * outcome.scale()(0);
  GpMember member{.hyperparameters = drawn.hyperparameters,
                  .weight = drawn.weight,
                  .signal = drawn.hyperparameters.signal_variance / square,
                  .noise = drawn.hyperparameters.noise_variance / square,
                  .scaled = Scaled(runs.features, drawn.hyperparameters),
                  .factors = {}};
  std::optional<GpFactors> factors =
      FactorGp(Correlation(kernel, member.scaled, member.scaled), member.signal, member.noise,
               Terms(runs.features), StandardizedOutcomes());
  if (!factors) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the covariance of %d runs with outcome \"%s\" is singular: features of two runs are equal "
        "for a noise_variance of %g, or a feature is a linear function of others",
        runs.outcomes.size(), runs.outcome_name, drawn.hyperparameters.noise_variance));
  }
  member.factors = *std::move(factors);
  members.push_back(std::move(member));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const GaussianProcess::State>> GaussianProcess::State::Make(
    const Dataset& runs, Kernel kernel, Trend trend,
    const std::vector<WeightedHyperparameters>& drawn) {
  PARALLAX_ASSIGN_OR_RETURN(Standardizer features, Standardizer::Fit(runs.features));
  PARALLAX_ASSIGN_OR_RETURN(Standardizer outcome, Standardizer::Fit(runs.outcomes));
  auto state = std::make_shared<State>(State{.runs = runs,
                                             .kernel = kernel,
                                             .trend = trend,
                                             .features = std::move(features),
                                             .outcome = std::move(outcome),
                                             .members = {}});
  for (const WeightedHyperparameters& one : drawn) {
    PARALLAX_RETURN_IF_ERROR(state->AddMember(one));
  }
  return state;
}

GaussianProcess::GaussianProcess(std::shared_ptr<const State> state) : state_(std::move(state)) {}

absl::StatusOr<std::vector<Prediction>> GaussianProcess::Predict(
    const Eigen::Ref<const Eigen::MatrixXd>& features) const {
  PARALLAX_RETURN_IF_ERROR(CheckAsked(features, state_->runs));
  const Eigen::MatrixXd terms = state_->Terms(features);
  Moments moments(state_->members, features.rows());
  for (Eigen::Index m = 0; m < moments.weights.size(); ++m) {
    const GpMember& member = state_->members[m];
    const GpFactors& factors = member.factors;
    const Eigen::MatrixXd across =
        member.signal * Correlation(state_->kernel, member.scaled,
                                    state_->Scaled(features, member.hyperparameters));
    const Eigen::MatrixXd white = factors.covariance.matrixL().solve(across);
    const Eigen::MatrixXd untold = factors.information.matrixL().solve(
        terms.transpose() - factors.white_trend.transpose() * white);
    moments.means.col(m) = terms * factors.coefficients + across.transpose() * factors.weights;
    moments.epistemic.col(m) = (member.signal - white.colwise().squaredNorm().array() +
                                untold.colwise().squaredNorm().array())
                                   .transpose();
  }
  std::vector<Prediction> predictions(features.rows());
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    predictions[i] = Mixed(moments, moments.weights, i, state_->outcome);
  }
  return predictions;
}

LeaveOneOutCheck GaussianProcess::LeaveOneOut() const {
  const Eigen::VectorXd outcomes = state_->StandardizedOutcomes();
  const Eigen::Index n = outcomes.size();
  Moments moments(state_->members, n);
  Eigen::MatrixXd log_densities(n, moments.weights.size());
  double spread = 0.0;  // tr(cov²) of the standardised residuals
  for (Eigen::Index m = 0; m < moments.weights.size(); ++m) {
    const GpMember& member = state_->members[m];
    const DrawLeftOut left = LeaveOut(member, outcomes);
    moments.means.col(m) = left.means;
    moments.epistemic.col(m) = left.variances.array() - member.noise;
    log_densities.col(m) = left.log_densities;
    spread += member.weight * left.spread;
  }
  LeaveOneOutCheck check;
  check.standardized.resize(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    // p(θ | others) ∝ p(θ | all)/p(outcome | θ, others).
    const double least = log_densities.row(i).minCoeff();
    const Eigen::VectorXd weights =
        moments.weights.array() * (least - log_densities.row(i).transpose().array()).exp();
    const Prediction one = Mixed(moments, weights / weights.sum(), i, state_->outcome);
    const double off = state_->runs.outcomes(i) - one.mean;
    check.standardized(i) = off / std::sqrt(one.variance());
    check.mean_log_density += LogDensity(one, state_->runs.outcomes(i)) / static_cast<double>(n);
    check.rmse += off * off / static_cast<double>(n);
    check.predictions.push_back(one);
  }
  check.rmse = std::sqrt(check.rmse);
  check.dispersion_score =
      (check.standardized.squaredNorm() - static_cast<double>(n)) / std::sqrt(2.0 * spread);
  check.outlier_probability =
      std::min(1.0, static_cast<double>(n) *
                        std::erfc(check.standardized.cwiseAbs().maxCoeff() / std::sqrt(2.0)));
  return check;
}

const GpHyperparameters& GaussianProcess::hyperparameters() const {
  return state_->members.front().hyperparameters;
}

double GaussianProcess::log_marginal_likelihood() const {
  return state_->members.front().factors.log_likelihood;
}

Kernel GaussianProcess::kernel() const { return state_->kernel; }

Trend GaussianProcess::trend() const { return state_->trend; }

const Dataset& GaussianProcess::runs() const { return state_->runs; }

std::string GaussianProcess::Encode() const {
  ModelWriter writer;
  writer.Number(static_cast<uint64_t>(state_->kernel));
  writer.Number(static_cast<uint64_t>(state_->trend));
  writer.Text(state_->runs.outcome_name);
  writer.Matrix(state_->runs.features);
  for (const std::string& name : state_->runs.feature_names) writer.Text(name);
  writer.Matrix(state_->runs.outcomes);
  writer.Number(state_->members.size() - 1);
  for (const GpMember& member : state_->members) {
    writer.Real(member.weight);
    writer.Matrix(member.hyperparameters.length_scales);
    writer.Real(member.hyperparameters.signal_variance);
    writer.Real(member.hyperparameters.noise_variance);
  }
  return writer.Finish(kGpKind, kGpVersion);
}

absl::StatusOr<GaussianProcess> GaussianProcess::Decode(std::string_view bytes) {
  ModelReader reader(bytes, kGpKind, kGpVersion);
  const auto kernel = static_cast<Kernel>(reader.Choice(2));
  const auto trend = static_cast<Trend>(reader.Choice(2));
  Dataset runs;
  runs.outcome_name = reader.Text();
  runs.features = reader.Matrix();
  for (Eigen::Index j = 0; j < runs.features.cols(); ++j)
    runs.feature_names.push_back(reader.Text());
  runs.outcomes = reader.Vector();
  std::vector<WeightedHyperparameters> drawn(1 + reader.Choice(kMostDraws + 1));
  for (WeightedHyperparameters& one : drawn) {
    one.weight = reader.Real();
    one.hyperparameters.length_scales = reader.Vector();
    one.hyperparameters.signal_variance = reader.Real();
    one.hyperparameters.noise_variance = reader.Real();
  }
  PARALLAX_RETURN_IF_ERROR(reader.Finish());
  const auto lost = [](const absl::Status& status) {
    return absl::DataLossError(
        absl::StrFormat("model file \"%s\": %s", kGpKind, std::string(status.message())));
  };
  if (absl::Status status = CheckDataset(runs, kLeastRuns); !status.ok()) return lost(status);
  for (const WeightedHyperparameters& one : drawn) {
    absl::Status status = CheckHyperparameters(one.hyperparameters, runs.features.cols());
    if (!status.ok()) return lost(status);
  }
  absl::StatusOr<std::shared_ptr<const State>> state = State::Make(runs, kernel, trend, drawn);
  if (!state.ok()) return lost(state.status());
  return GaussianProcess(*std::move(state));
}

absl::StatusOr<GaussianProcess> FitGaussianProcess(const Dataset& runs, const GpOptions& options) {
  const Eigen::Index d = runs.features.cols();
  const Eigen::Index terms = options.trend == Trend::kLinear ? 1 + d : 1;
  PARALLAX_RETURN_IF_ERROR(CheckDataset(runs, std::max(kLeastRuns, terms + 3)));
  PARALLAX_RETURN_IF_ERROR(CheckOptions(options, d));
  std::vector<WeightedHyperparameters> drawn;
  if (options.hyperparameters) {
    drawn.push_back({*options.hyperparameters, 1.0});
  } else {
    PARALLAX_ASSIGN_OR_RETURN(drawn, FitHyperparameters(runs, options));
  }
  PARALLAX_ASSIGN_OR_RETURN(
      std::shared_ptr<const GaussianProcess::State> state,
      GaussianProcess::State::Make(runs, options.kernel, options.trend, drawn));
  return GaussianProcess(std::move(state));
}

}  // namespace parallax::surrogate
