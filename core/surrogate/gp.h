#pragma once

#include <Eigen/Dense>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/surrogate/covariance.h"
#include "core/surrogate/dataset.h"
#include "core/surrogate/map_search.h"

namespace parallax::surrogate {

/// What the process wanders about, its coefficients by generalised least squares. The more terms,
/// the more runs are spent on them; away from all runs the process falls back on the trend.
enum class Trend {
  kConstant,  ///< β₀
  kLinear,    ///< β₀ + Σ βⱼ xⱼ
};

struct GpHyperparameters {
  Eigen::VectorXd length_scales;  ///< d, each in its feature's unit, > 0
  double signal_variance = 1.0;   ///< of the process about its trend [outcome²], > 0
  double noise_variance = 0.0;    ///< of repeated runs [outcome²], ≥ 0
};

struct GpOptions {
  Kernel kernel = Kernel::kMatern52;
  Trend trend = Trend::kConstant;
  /// Weak beliefs, so that few runs never look certain. They are in units of the data:
  /// [√d sd of the feature], a typical distance of two runs being √(2d) sd;
  LogNormal length_scale = {.median = 1.5, .log_sd = 1.0};
  /// [sd of the outcome];
  LogNormal signal_sd = {.median = 1.0, .log_sd = 0.75};
  LogNormal noise_sd = {.median = 0.1, .log_sd = 1.0};
  /// Taken as they are instead of being fitted.
  std::optional<GpHyperparameters> hyperparameters;
  /// Draws of the hyperparameters that predictions are averaged over, in [1, 1024]; of 1 the most
  /// probable ones alone, whose intervals are too short while runs are few.
  int draws = 32;
  MapSearchOptions search;
};

/// How a process foretells each of its runs from the others; draws of hyperparameters are kept and
/// weighted by what they are worth without that run.
struct LeaveOneOutCheck {
  std::vector<Prediction> predictions;  ///< n, in the order of the runs
  Eigen::VectorXd standardized;   ///< n, (outcome − mean)/sd: standard normal if all is well
  double mean_log_density = 0.0;  ///< of the outcomes [nats a run]
  double rmse = 0.0;              ///< [outcome]
  /// Sum of squares of `standardized` against what it should be, in its sd (they depend on each
  /// other, which is allowed for): above 3 the process is too sure of itself, below −3 too unsure.
  double dispersion_score = 0.0;
  /// Chance that the largest |standardized| of a sound process is as large as here (Bonferroni).
  double outlier_probability = 1.0;
};

/// Regression of one outcome on a few runs by a Gaussian process with a trend (universal kriging).
/// Immutable, thread-safe, cheap to copy.
class GaussianProcess {
 public:
  /// What the next run would give at each row of m × d features: the epistemic variance is that of
  /// the process and of its trend, the aleatoric one the noise.
  /// Errors: InvalidArgument on another number of columns or a value that is not finite.
  absl::StatusOr<std::vector<Prediction>> Predict(
      const Eigen::Ref<const Eigen::MatrixXd>& features) const;

  /// In closed form for each draw, the trend fitted anew without each run.
  /// Source: Rasmussen & Williams (2006), eq. 5.10–5.12, with the trend as in Dubrule, Math. Geol.
  /// 15 (1983) 687.
  LeaveOneOutCheck LeaveOneOut() const;

  const GpHyperparameters& hyperparameters() const;  ///< the most probable ones
  /// Log density of the outcomes at hyperparameters() with a flat prior on the trend's coefficients
  /// [nats], features and outcomes standardised: for comparing kernels on the same runs with the
  /// same trend. Source: Rasmussen & Williams (2006), eq. 2.45.
  double log_marginal_likelihood() const;
  Kernel kernel() const;
  Trend trend() const;
  const Dataset& runs() const;  ///< that it was fitted to

  /// Bytes that Decode gives back the same process from, on any machine.
  std::string Encode() const;
  /// Errors: DataLoss where the bytes are not an encoded process.
  static absl::StatusOr<GaussianProcess> Decode(std::string_view bytes);

 private:
  struct State;
  explicit GaussianProcess(std::shared_ptr<const State> state);
  friend absl::StatusOr<GaussianProcess> FitGaussianProcess(const Dataset& runs,
                                                            const GpOptions& options);

  std::shared_ptr<const State> state_;
};

/// The process of the hyperparameters that its runs speak for. Deterministic for a seed.
/// @param runs  at least 3 more than the trend has coefficients, and 5.
/// Errors: those of CheckDataset; InvalidArgument on options or hyperparameters, naming them;
/// FailedPrecondition where runs depend on each other: equal features without noise, or features
/// that are a linear function of others with a linear trend.
absl::StatusOr<GaussianProcess> FitGaussianProcess(const Dataset& runs,
                                                   const GpOptions& options = {});

}  // namespace parallax::surrogate
