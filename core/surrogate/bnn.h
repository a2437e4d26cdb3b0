#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/surrogate/conformal.h"
#include "core/surrogate/dataset.h"
#include "core/surrogate/mlp.h"

namespace parallax::surrogate {

struct BnnOptions {
  int members = 10;                    ///< networks, in [2, 256]
  std::vector<int> hidden = {50, 50};  ///< units of 1 to 4 hidden layers, each in [1, 1,024]
  Activation activation = Activation::kSilu;
  /// Weight decay and last-layer precision in one, in standardised units: fixed, not fitted.
  MlpPrior prior = {.first_weight_sd = 2.0};
  /// Known standard deviation of the outcome's noise [outcome], > 0; where there is none, it is
  /// learnt as a function of the features.
  std::optional<double> noise_sd = std::nullopt;
  /// Share of the runs, in (0, 0.5], drawn at random and kept from training: they scale the learnt
  /// noise and make the conformal intervals. At least kLeastCalibrationRuns, and as many more as
  /// make it 9, 19, 29 …, with which intervals of 90 % are exact. 0: all runs train, noise_sd is
  /// needed and there are no intervals.
  double calibration_share = 0.1;
  int epochs = 300;             ///< in [1, 100,000]
  int batch = 32;               ///< runs a step, ≥ 1
  double learning_rate = 0.01;  ///< of Adam at the start, in (0, 1]; falls to 0 as a cosine
  uint64_t seed = 0;
  uint64_t stream = 0;  ///< the first of members + 1 consecutive random streams
};

inline constexpr int kLeastTrainingRuns = 10;     ///< that members are trained on
inline constexpr int kLeastCalibrationRuns = 19;  ///< fewer scale the noise too poorly

/// One network of the ensemble, in standardised units.
struct BnnMember {
  Mlp mlp;
  /// Lower factor of the covariance of the mean's last-layer weights and bias, Σ = L Lᵀ,
  /// (u + 1) × (u + 1).
  Eigen::MatrixXd covariance_factor;
  double effective_parameters = 0.0;  ///< of the last layer that the runs determine
};

/// All that a trained model is made of; what a model file holds.
struct BnnParts {
  std::vector<std::string> feature_names;  ///< d
  std::string outcome_name;
  int64_t training_runs = 0;    ///< that the members saw
  Eigen::VectorXd center;       ///< d, of the features
  Eigen::VectorXd scale;        ///< d, > 0
  double outcome_center = 0.0;  ///< [outcome]
  double outcome_scale = 1.0;   ///< [outcome], > 0
  /// Known variance of the noise, in standardised units; where there is none, a member's own output
  /// times noise_factor.
  std::optional<double> noise_variance = std::nullopt;
  double noise_factor = 1.0;           ///< > 0
  Eigen::VectorXd calibration_scores;  ///< conformal.h, of the runs kept from training; may be none
  std::vector<BnnMember> members;      ///< ≥ 2, all of one shape
};

/// Variances of a member's noise at m points, in standardised units: the known one, or what the log
/// variances say. @param outputs  of the member's network, 2 × m.
Eigen::RowVectorXd NoiseVariances(const BnnParts& parts,
                                  const Eigen::Ref<const Eigen::MatrixXd>& outputs);

/// Bayesian neural network of one outcome: ensemble of heteroscedastic networks with a Laplace
/// approximation of their last layers. Immutable; may be shared between threads.
///
///   mean      = average of the members' means
///   epistemic = variance between members' means + average of φᵀ Σ φ, φ a member's last features
///   aleatoric = average of the members' noise variances
///
/// By the law of total variance this is that of the posterior where the members' hidden layers are
/// draws of it: given its hidden layers, a member's mean is linear in its last layer, whose
/// posterior is exact. So the two parts of the epistemic variance count nothing twice. Where a
/// share b of it lies between m members, its root has a sampling error of about b / √(2 (m − 1)):
/// ten members are enough for the mean, the sd itself to a few percent takes a hundred.
/// Source: Daxberger et al., Laplace redux, NeurIPS 2021 (GLM predictive); ensemble.h.
class Bnn {
 public:
  /// Errors: InvalidArgument naming the part that does not fit the others or is not finite.
  static absl::StatusOr<Bnn> FromParts(BnnParts parts);

  /// @param features  m × d, in the units and the order of the training set.
  /// Errors: InvalidArgument on another number of features, or a value that is not finite (naming
  /// row and feature).
  absl::StatusOr<std::vector<Prediction>> Predict(
      const Eigen::Ref<const Eigen::MatrixXd>& features) const;

  /// Split conformal intervals (conformal.h), m. Errors: as Predict; InvalidArgument on a level
  /// outside (0, 1); FailedPrecondition where no runs were kept from training.
  absl::StatusOr<std::vector<Interval>> PredictIntervals(
      const Eigen::Ref<const Eigen::MatrixXd>& features, double level) const;

  const BnnParts& parts() const { return parts_; }
  const std::vector<std::string>& feature_names() const { return parts_.feature_names; }
  const std::string& outcome_name() const { return parts_.outcome_name; }
  /// Parameters of the last layer that the runs determine, Σ λ/(λ + α), averaged over members: to
  /// be held against the number of runs.
  double effective_parameters() const;

 private:
  explicit Bnn(BnnParts parts);

  BnnParts parts_;
};

/// Trains members (ensemble.h), solves their last layers exactly, and scales the learnt noise so
/// that the runs kept from training are likeliest. The model depends on data, options and seed, not
/// on the number of threads. Errors: InvalidArgument on options naming field, value and bound;
/// those of CheckDataset, of fewer than kLeastTrainingRuns + kLeastCalibrationRuns runs;
/// FailedPrecondition naming a feature that varies only in the runs kept from training, or where
/// training does not stay finite.
absl::StatusOr<Bnn> TrainBnn(const Dataset& dataset, const BnnOptions& options);

/// The same where the outcome's derivatives are known too, as a simulation gives them: members and
/// last layers are fitted to both. Of the runs kept from training, slopes are not looked at.
/// @param slopes  derivative of each outcome by each feature, n × d, in their units.
/// Errors: as above; InvalidArgument on slopes of another shape or not finite.
absl::StatusOr<Bnn> TrainBnn(const Dataset& dataset,
                             const Eigen::Ref<const Eigen::MatrixXd>& slopes,
                             const BnnOptions& options);

}  // namespace parallax::surrogate
