#include "core/surrogate/gp_classifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/surrogate/gp_checks.h"
#include "core/surrogate/gp_laplace.h"

namespace parallax::surrogate {

/// A classifier with one set of hyperparameters.
struct GpClassifierMember {
  GpClassifierHyperparameters hyperparameters;
  double weight;
  Eigen::MatrixXd scaled;  ///< features over length scales, n × d
  LaplaceMode mode;
};

namespace {

constexpr Eigen::Index kFewestRuns = 5;
constexpr double kNoWeight = 1e-6;

struct WeightedClassifier {
  GpClassifierHyperparameters hyperparameters;
  double weight;
};

absl::Status CheckOutcomes(const Dataset& runs) {
  PARALLAX_RETURN_IF_ERROR(CheckDataset(runs, kFewestRuns));
  for (Eigen::Index i = 0; i < runs.outcomes.size(); ++i) {
    if (runs.outcomes(i) != 0.0 && runs.outcomes(i) != 1.0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "row %d: outcome \"%s\" is %g, must be 0 or 1", i, runs.outcome_name, runs.outcomes(i)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckClassifierOptions(const GpClassifierOptions& options, Eigen::Index features) {
  PARALLAX_RETURN_IF_ERROR(CheckHyperprior(options.length_scale, "length_scale"));
  PARALLAX_RETURN_IF_ERROR(CheckHyperprior(options.latent_sd, "latent_sd"));
  PARALLAX_RETURN_IF_ERROR(CheckDraws(options.draws));
  if (!options.hyperparameters) return absl::OkStatus();
  const GpClassifierHyperparameters& given = *options.hyperparameters;
  PARALLAX_RETURN_IF_ERROR(CheckLengthScales(given.length_scales, features));
  if (given.latent_variance > 0.0 && std::isfinite(given.latent_variance) &&
      std::isfinite(given.latent_mean)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("latent_variance = %g, latent_mean = %g: must be finite, the variance > 0",
                      given.latent_variance, given.latent_mean));
}

/// By a search in standard deviations of the features; the most probable ones first, with weight 0
/// unless they are alone.
absl::StatusOr<std::vector<WeightedClassifier>> FitClassifierHyperparameters(
    const Dataset& runs, const GpClassifierOptions& options) {
  PARALLAX_ASSIGN_OR_RETURN(const Standardizer features, Standardizer::Fit(runs.features));
  const Eigen::MatrixXd x = features.Apply(runs.features);
  const Eigen::Index d = x.cols();
  const double ones = runs.outcomes.sum(), zeros = static_cast<double>(x.rows()) - ones;
  const double latent_mean = std::log((ones + 1.0) / (zeros + 1.0));
  Eigen::VectorXd mean(d + 1), sd(d + 1);
  mean.head(d).setConstant(
      std::log(options.length_scale.median * std::sqrt(static_cast<double>(d))));
  mean(d) = std::log(options.latent_sd.median);
  sd.head(d).setConstant(options.length_scale.log_sd);
  sd(d) = options.latent_sd.log_sd;
  const LogLikelihood likelihood = [&](const Eigen::VectorXd& theta, double* value,
                                       Eigen::VectorXd* gradient) {
    return LaplaceLogLikelihood(options.kernel, x, latent_mean, runs.outcomes, theta, value,
                                gradient);
  };
  PARALLAX_ASSIGN_OR_RETURN(const MapEstimate mode,
                            MaximizePosterior(likelihood, mean, sd, options.search));
  PARALLAX_ASSIGN_OR_RETURN(const WeightedDraws draws,
                            DrawPosterior(likelihood, mean, sd, mode.x, options.draws,
                                          options.search.seed, options.search.stream + 1));
  const auto in_units = [&](const Eigen::VectorXd& theta) {
    return GpClassifierHyperparameters{
        .length_scales = theta.head(d).array().exp() * features.scale().array(),
        .latent_variance = std::exp(2.0 * theta(d)),
        .latent_mean = latent_mean};
  };
  if (draws.weights.size() == 1) return std::vector{WeightedClassifier{in_units(mode.x), 1.0}};
  std::vector<WeightedClassifier> fitted = {{in_units(mode.x), 0.0}};
  for (Eigen::Index k = 0; k < draws.weights.size(); ++k) {
    if (draws.weights(k) < kNoWeight) continue;
    fitted.push_back({in_units(draws.x.col(k)), draws.weights(k)});
  }
  return fitted;
}

}  // namespace

struct GpClassifier::State {
  Dataset runs;
  Kernel kernel;
  Eigen::RowVectorXd center;                ///< of the features, so that none is lost in rounding
  std::vector<GpClassifierMember> members;  ///< as WeightedClassifier

  Eigen::MatrixXd Scaled(const Eigen::Ref<const Eigen::MatrixXd>& values,
                         const GpClassifierHyperparameters& hyperparameters) const {
    return (values.rowwise() - center) * hyperparameters.length_scales.cwiseInverse().asDiagonal();
  }

  absl::Status AddMember(const WeightedClassifier& drawn) {
    GpClassifierMember member{.hyperparameters = drawn.hyperparameters,
                              .weight = drawn.weight,
                              .scaled = Scaled(runs.features, drawn.hyperparameters),
                              .mode = {}};
    std::optional<LaplaceMode> mode = FindLaplaceMode(
        drawn.hyperparameters.latent_variance * Correlation(kernel, member.scaled, member.scaled),
        drawn.hyperparameters.latent_mean, runs.outcomes);
    if (!mode) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "outcome \"%s\": log odds of variance %g about %g have no mode", runs.outcome_name,
          drawn.hyperparameters.latent_variance, drawn.hyperparameters.latent_mean));
    }
    member.mode = *std::move(mode);
    members.push_back(std::move(member));
    return absl::OkStatus();
  }
};

GpClassifier::GpClassifier(std::shared_ptr<const State> state) : state_(std::move(state)) {}

absl::StatusOr<std::vector<ClassProbability>> GpClassifier::Predict(
    const Eigen::Ref<const Eigen::MatrixXd>& features) const {
  PARALLAX_RETURN_IF_ERROR(CheckAsked(features, state_->runs));
  const ClassProbability none{.probability = 0.0};
  std::vector<ClassProbability> answers(features.rows(), none);
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(features.rows());
  for (const GpClassifierMember& member : state_->members) {
    if (member.weight == 0.0) continue;
    const GpClassifierHyperparameters& given = member.hyperparameters;
    const Eigen::MatrixXd across =
        given.latent_variance *
        Correlation(state_->kernel, member.scaled, state_->Scaled(features, given));
    const Eigen::MatrixXd white =
        member.mode.curvature.matrixL().solve(member.mode.root_curvature.asDiagonal() * across);
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      const double mean = given.latent_mean + across.col(i).dot(member.mode.slope);
      const double variance = std::max(0.0, given.latent_variance - white.col(i).squaredNorm());
      answers[i].probability += member.weight * MeanLogistic(mean, variance);
      answers[i].latent_mean += member.weight * mean;
      answers[i].latent_variance += member.weight * variance;
      squares(i) += member.weight * mean * mean;
    }
  }
  // That members disagree is not knowing, too.
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    answers[i].latent_variance +=
        std::max(0.0, squares(i) - answers[i].latent_mean * answers[i].latent_mean);
  }
  return answers;
}

const GpClassifierHyperparameters& GpClassifier::hyperparameters() const {
  return state_->members.front().hyperparameters;
}

double GpClassifier::log_marginal_likelihood() const {
  return state_->members.front().mode.log_likelihood;
}

absl::StatusOr<GpClassifier> FitGpClassifier(const Dataset& runs,
                                             const GpClassifierOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckOutcomes(runs));
  PARALLAX_RETURN_IF_ERROR(CheckClassifierOptions(options, runs.features.cols()));
  std::vector<WeightedClassifier> drawn;
  if (options.hyperparameters) {
    drawn.push_back({*options.hyperparameters, 1.0});
  } else {
    PARALLAX_ASSIGN_OR_RETURN(drawn, FitClassifierHyperparameters(runs, options));
  }
  auto state = std::make_shared<GpClassifier::State>(
      GpClassifier::State{.runs = runs,
                          .kernel = options.kernel,
                          .center = runs.features.colwise().mean(),
                          .members = {}});
  for (const WeightedClassifier& one : drawn) PARALLAX_RETURN_IF_ERROR(state->AddMember(one));
  return GpClassifier(std::move(state));
}

}  // namespace parallax::surrogate
