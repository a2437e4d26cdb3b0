#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/surrogate/mlp.h"

namespace parallax::surrogate {

/// Bounds of a predicted log variance, of standardised outcomes: a noise of 0.03 % of their spread
/// is none, and far outside the training set an exponential must not run away.
inline constexpr double kLeastLogVariance = -16.0;
inline constexpr double kMostLogVariance = 8.0;

/// How the members of an ensemble are trained, in standardised units.
struct EnsembleTraining {
  int members = 10;
  MlpShape shape = {};
  MlpPrior prior = {};
  std::optional<double> noise_variance = std::nullopt;  ///< known; where there is none, learnt
  int epochs = 300;
  int batch = 32;               ///< runs a step
  double learning_rate = 0.01;  ///< of Adam at the start; falls to 0 as a cosine
  uint64_t seed = 0;
  uint64_t stream = 0;  ///< the first of `members` consecutive random streams
};

/// Trains each member from its own draw a of the prior to the minimum of
///   Σ (yᵢ + εᵢ − f(xᵢ; θ))² / 2v + Σ (θ − a)² / 2 sd²,  εᵢ ~ N(0, v),
/// which for a linear model is an exact draw of the posterior, and for a network near one. With
/// known noise v is its variance. Where noise is learnt, εᵢ = 0, v is a running mean of the squared
/// residuals, and the log variance output has the gradient of the normal likelihood: the mean,
/// which is not weighted with a variance still being learnt, cannot be given up for it (β-NLL of β
/// = 1). Known slopes add Σ (g_ik − ∂f/∂x_k (xᵢ))² / 2 w_k to the loss, w_k a running mean of the
/// squared residuals likewise. Members run in parallel, each with its own stream.
/// @param points  d × n.   @param outcomes  n.
/// @param slopes  derivative of each outcome by its point, d × n; no columns: not known.
/// Errors: FailedPrecondition where a member does not stay finite.
/// Source: Pearce, Leibfried, Brintrup, Zaki & Neely, AISTATS 2020 (anchored ensembles); Bardsley,
/// Solonen, Haario & Laine, SIAM J. Sci. Comput. 36 (2014) A1895 (randomize-then-optimize);
/// Seitzer, Tavakoli, Antic & Martius, ICLR 2022 (β-NLL); Kingma & Ba, ICLR 2015 (Adam); Czarnecki,
/// Osindero, Jaderberg, Swirszcz & Pascanu, NeurIPS 2017 (Sobolev training).
absl::StatusOr<std::vector<Mlp>> TrainEnsemble(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                               const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                                               const Eigen::Ref<const Eigen::MatrixXd>& slopes,
                                               const EnsembleTraining& training);

/// Exact posterior of the weights w of outcome = φᵀ w + noise, prior w ~ N(0, diag(prior_sd²)).
struct LastLayer {
  Eigen::VectorXd weights;            ///< posterior mean, u + 1, the bias last
  Eigen::MatrixXd covariance_factor;  ///< lower L, L Lᵀ the posterior covariance
  double effective_parameters = 0.0;  ///< u + 1 − tr(Σ diag(prior_sd⁻²)), in [0, u + 1]
};

/// @param design  φ of each run, its features and 1, (u + 1) × n. A known slope is a run as well,
///   with the features' slopes and 0 as its φ.
/// @param noise_variances  n, > 0.   @param prior_sd  u + 1.
/// Errors: FailedPrecondition where the posterior is not finite.
absl::StatusOr<LastLayer> FitLastLayer(const Eigen::Ref<const Eigen::MatrixXd>& design,
                                       const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                                       const Eigen::Ref<const Eigen::VectorXd>& noise_variances,
                                       const Eigen::Ref<const Eigen::VectorXd>& prior_sd);

}  // namespace parallax::surrogate
