#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/surrogate/bnn.h"
#include "core/surrogate/ensemble.h"

namespace parallax::surrogate {
namespace {

absl::Status OutOfBounds(const char* field, double value, const char* bound) {
  return absl::InvalidArgumentError(absl::StrFormat("%s = %g, must be %s", field, value, bound));
}

absl::Status CheckPrior(const MlpPrior& prior) {
  const std::pair<const char*, double> values[] = {{"prior.first_weight_sd", prior.first_weight_sd},
                                                   {"prior.weight_sd", prior.weight_sd},
                                                   {"prior.bias_sd", prior.bias_sd},
                                                   {"prior.output_sd", prior.output_sd}};
  for (const auto& [field, value] : values) {
    if (!(value > 0.0 && value <= 100.0)) return OutOfBounds(field, value, "within (0, 100]");
  }
  return absl::OkStatus();
}

absl::Status CheckBnnOptions(const BnnOptions& options) {
  if (options.members < 2 || options.members > 256) {
    return OutOfBounds("members", options.members, "within [2, 256]");
  }
  if (options.hidden.empty() || options.hidden.size() > 4) {
    return OutOfBounds("number of hidden layers", static_cast<double>(options.hidden.size()),
                       "within [1, 4]");
  }
  for (const int units : options.hidden) {
    if (units < 1 || units > 1024) return OutOfBounds("hidden", units, "within [1, 1024]");
  }
  if (options.noise_sd && !(*options.noise_sd > 0.0 && std::isfinite(*options.noise_sd))) {
    return OutOfBounds("noise_sd", *options.noise_sd, "> 0 and finite");
  }
  const double share = options.calibration_share;
  if (!(share >= 0.0 && share <= 0.5)) {
    return OutOfBounds("calibration_share", share, "within [0, 0.5]");
  }
  if (share == 0.0 && !options.noise_sd) {
    return OutOfBounds("calibration_share", share, "> 0 where noise_sd is not known");
  }
  if (options.epochs < 1 || options.epochs > 100'000) {
    return OutOfBounds("epochs", options.epochs, "within [1, 100000]");
  }
  if (options.batch < 1) return OutOfBounds("batch", options.batch, ">= 1");
  if (!(options.learning_rate > 0.0 && options.learning_rate <= 1.0)) {
    return OutOfBounds("learning_rate", options.learning_rate, "within (0, 1]");
  }
  return CheckPrior(options.prior);
}

struct Parted {
  Dataset training;
  Eigen::MatrixXd slopes;  ///< of the training runs, n × d; no rows: not known
  Dataset calibration;
};

Parted Part(const Dataset& dataset, const Eigen::Ref<const Eigen::MatrixXd>& slopes,
            const BnnOptions& options) {
  std::vector<Eigen::Index> order(static_cast<size_t>(dataset.outcomes.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  base::Random random(options.seed, options.stream);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  std::ptrdiff_t kept = 0;
  if (options.calibration_share > 0.0) {
    const double share = std::round(options.calibration_share * static_cast<double>(order.size()));
    kept = std::max<std::ptrdiff_t>(kLeastCalibrationRuns, static_cast<std::ptrdiff_t>(share));
    // Up to 9, 19, 29 …: ranks of n scores divide (0, 1) in n + 1, here at each tenth, so that
    // intervals of 90 % cover 90 % and not as much as 27/29.
    kept += 9 - kept % 10;
  }
  const std::vector<Eigen::Index> training(order.begin() + kept, order.end());
  return {.training = RowsOf(dataset, training),
          .slopes = slopes.rows() == 0 ? Eigen::MatrixXd()
                                       : Eigen::MatrixXd(slopes(training, Eigen::all)),
          .calibration = RowsOf(dataset, {order.begin(), order.begin() + kept})};
}

/// The training runs in standardised units, a column a run.
struct Standardized {
  Eigen::MatrixXd points;
  Eigen::VectorXd outcomes;
  Eigen::MatrixXd slopes;  ///< d × n; no columns: not known
};

Standardized Standardize(const Parted& parted, const BnnParts& parts) {
  return {
      .points = Standardizer(parts.center, parts.scale).Apply(parted.training.features).transpose(),
      .outcomes = (parted.training.outcomes.array() - parts.outcome_center) / parts.outcome_scale,
      .slopes = parted.slopes.rows() == 0
                    ? Eigen::MatrixXd(parts.scale.size(), 0)
                    : Eigen::MatrixXd((parts.scale / parts.outcome_scale).asDiagonal() *
                                      parted.slopes.transpose())};
}

/// What a last layer is fitted to: the outcomes, then the slopes by each coordinate.
struct LastLayerRuns {
  Eigen::MatrixXd design;
  Eigen::VectorXd outcomes;
  Eigen::VectorXd noise_variances;
};

LastLayerRuns RunsOf(const Mlp& network, const BnnParts& parts, const Standardized& runs) {
  const Eigen::Index n = runs.outcomes.size(),
                     known = runs.slopes.cols() == 0 ? 0 : runs.slopes.rows();
  const Eigen::MatrixXd features = network.Features(runs.points);
  const Eigen::Index u = features.rows();
  LastLayerRuns all{.design = Eigen::MatrixXd::Zero(u + 1, n * (1 + known)),
                    .outcomes = Eigen::VectorXd(n * (1 + known)),
                    .noise_variances = Eigen::VectorXd(n * (1 + known))};
  all.design.leftCols(n) << features, Eigen::RowVectorXd::Ones(n);
  all.outcomes.head(n) = runs.outcomes;
  all.noise_variances.head(n) = NoiseVariances(parts, network.Outputs(features)).transpose();
  for (Eigen::Index k = 0; k < known; ++k) {
    const Eigen::Index first = n * (1 + k);
    all.design.block(0, first, u, n) = network.FeatureSlopes(runs.points, k);
    all.outcomes.segment(first, n) = runs.slopes.row(k).transpose();
    // Misfit of the training runs themselves, so no less than the factor of held-out ones times it.
    const Eigen::VectorXd off =
        all.outcomes.segment(first, n) -
        all.design.middleCols(first, n).transpose() * network.mean_weights();
    all.noise_variances.segment(first, n).setConstant(
        parts.noise_factor *
        std::max(off.squaredNorm() / static_cast<double>(n), std::exp(kLeastLogVariance)));
  }
  return all;
}

/// The posteriors of the last layers of trained networks, which take the place of what training
/// left there.
absl::StatusOr<std::vector<BnnMember>> Members(std::vector<Mlp> networks, const BnnParts& parts,
                                               const MlpPrior& prior, const Standardized& runs) {
  std::vector<BnnMember> members;
  members.reserve(networks.size());
  for (Mlp& network : networks) {
    const LastLayerRuns all = RunsOf(network, parts, runs);
    const Eigen::Index u = all.design.rows() - 1;
    Eigen::VectorXd prior_sd =
        Eigen::VectorXd::Constant(u + 1, prior.output_sd / std::sqrt(static_cast<double>(u)));
    prior_sd(u) = prior.output_sd;
    absl::StatusOr<LastLayer> layer =
        FitLastLayer(all.design, all.outcomes, all.noise_variances, prior_sd);
    if (!layer.ok()) return layer.status();
    network.set_mean_weights(layer->weights);
    members.push_back({.mlp = std::move(network),
                       .covariance_factor = std::move(layer->covariance_factor),
                       .effective_parameters = layer->effective_parameters});
  }
  return members;
}

/// The factor of the noise variance with which the outcomes are likeliest, on a grid: the
/// likelihood may have several maxima.
double NoiseFactor(const std::vector<Prediction>& predictions,
                   const Eigen::Ref<const Eigen::VectorXd>& outcomes) {
  double best = 1.0, greatest = -std::numeric_limits<double>::infinity();
  for (int step = -100; step <= 200; ++step) {
    const double factor = std::exp(0.05 * step);
    double sum = 0.0;
    for (size_t i = 0; i < predictions.size(); ++i) {
      Prediction scaled = predictions[i];
      scaled.aleatoric_variance *= factor;
      sum += LogDensity(scaled, outcomes(static_cast<Eigen::Index>(i)));
    }
    if (sum > greatest) {
      greatest = sum;
      best = factor;
    }
  }
  return best;
}

/// Everything but the members. Errors: those of Standardizer::Fit.
absl::StatusOr<BnnParts> WithoutMembers(const Dataset& training, const BnnOptions& options) {
  if (absl::Status status = CheckDataset(training, kLeastTrainingRuns); !status.ok()) return status;
  absl::StatusOr<Standardizer> in = Standardizer::Fit(training.features);
  if (!in.ok()) return in.status();
  absl::StatusOr<Standardizer> out = Standardizer::Fit(training.outcomes);
  if (!out.ok()) return out.status();
  BnnParts parts{.feature_names = training.feature_names,
                 .outcome_name = training.outcome_name,
                 .training_runs = training.outcomes.size(),
                 .center = in->center(),
                 .scale = in->scale(),
                 .outcome_center = out->center()(0),
                 .outcome_scale = out->scale()(0)};
  if (options.noise_sd) {
    const double sd = *options.noise_sd / parts.outcome_scale;
    parts.noise_variance = sd * sd;
  }
  return parts;
}

EnsembleTraining TrainingOf(const BnnOptions& options, const BnnParts& parts) {
  return {.members = options.members,
          .shape = {.inputs = static_cast<int>(parts.center.size()),
                    .hidden = options.hidden,
                    .activation = options.activation},
          .prior = options.prior,
          .noise_variance = parts.noise_variance,
          .epochs = options.epochs,
          .batch = options.batch,
          .learning_rate = options.learning_rate,
          .seed = options.seed,
          .stream = options.stream + 1};
}

absl::Status CheckSlopes(const Dataset& dataset, const Eigen::Ref<const Eigen::MatrixXd>& slopes) {
  if (slopes.rows() != dataset.features.rows() || slopes.cols() != dataset.features.cols()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("slopes of %d × %d values, must be %d × %d as the features", slopes.rows(),
                        slopes.cols(), dataset.features.rows(), dataset.features.cols()));
  }
  if (!slopes.allFinite()) return absl::InvalidArgumentError("slopes are not finite");
  return absl::OkStatus();
}

/// REQUIRES: options and data checked; slopes of no rows are not known.
absl::StatusOr<Bnn> TrainChecked(const Dataset& dataset,
                                 const Eigen::Ref<const Eigen::MatrixXd>& slopes,
                                 const BnnOptions& options) {
  const Parted parted = Part(dataset, slopes, options);
  absl::StatusOr<BnnParts> parts = WithoutMembers(parted.training, options);
  if (!parts.ok()) return parts.status();
  const Standardized runs = Standardize(parted, *parts);
  absl::StatusOr<std::vector<Mlp>> networks =
      TrainEnsemble(runs.points, runs.outcomes, runs.slopes, TrainingOf(options, *parts));
  if (!networks.ok()) return networks.status();
  const auto assemble = [&]() -> absl::StatusOr<Bnn> {
    absl::StatusOr<std::vector<BnnMember>> members =
        Members(*networks, *parts, options.prior, runs);
    if (!members.ok()) return members.status();
    parts->members = *std::move(members);
    return Bnn::FromParts(*parts);
  };
  absl::StatusOr<Bnn> model = assemble();
  if (!model.ok() || parted.calibration.outcomes.size() == 0) return model;
  absl::StatusOr<std::vector<Prediction>> kept = model->Predict(parted.calibration.features);
  if (!kept.ok()) return kept.status();
  if (!options.noise_sd) {
    parts->noise_factor = NoiseFactor(*kept, parted.calibration.outcomes);
    model = assemble();  // the last layers weigh the runs with the noise as scaled
    if (!model.ok()) return model;
    kept = model->Predict(parted.calibration.features);
    if (!kept.ok()) return kept.status();
  }
  absl::StatusOr<Eigen::VectorXd> scores = ConformalScores(*kept, parted.calibration.outcomes);
  if (!scores.ok()) return scores.status();
  parts->calibration_scores = *std::move(scores);
  return Bnn::FromParts(*std::move(parts));
}

absl::Status CheckTraining(const Dataset& dataset, const BnnOptions& options) {
  if (absl::Status status = CheckBnnOptions(options); !status.ok()) return status;
  const int least =
      kLeastTrainingRuns + (options.calibration_share > 0.0 ? kLeastCalibrationRuns : 0);
  return CheckDataset(dataset, least);
}

}  // namespace

absl::StatusOr<Bnn> TrainBnn(const Dataset& dataset, const BnnOptions& options) {
  if (absl::Status status = CheckTraining(dataset, options); !status.ok()) return status;
  return TrainChecked(dataset, Eigen::MatrixXd(), options);
}

absl::StatusOr<Bnn> TrainBnn(const Dataset& dataset,
                             const Eigen::Ref<const Eigen::MatrixXd>& slopes,
                             const BnnOptions& options) {
  if (absl::Status status = CheckTraining(dataset, options); !status.ok()) return status;
  if (absl::Status status = CheckSlopes(dataset, slopes); !status.ok()) return status;
  return TrainChecked(dataset, slopes, options);
}

}  // namespace parallax::surrogate
