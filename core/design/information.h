#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/noise.h"

namespace parallax::design {

/// What an experiment would tell in the linear-Gaussian picture: data y = f + J (θ − θ₀) + noise,
/// belief θ ~ N(θ₀, Γ), noise ~ N(0, R). An experiment is its Fisher information A = Jᵀ R⁻¹ J, in
/// which independent experiments add up.

/// A = Jᵀ R⁻¹ J, p × p. @param sensitivities  J, rows × p [row's unit / parameter's unit].
/// Errors: InvalidArgument on rows other than the noise's or a value that is not finite.
absl::StatusOr<Eigen::MatrixXd> FisherInformation(
    const Eigen::Ref<const Eigen::MatrixXd>& sensitivities, const Noise& noise);

/// Belief about p parameters, N(·, Γ), factored once for many experiments. Immutable.
class Belief {
 public:
  /// @param covariance  Γ, p × p. Errors: InvalidArgument unless p ≥ 1, finite, symmetric and
  /// positive definite, naming the parameter (index) at which it fails.
  static absl::StatusOr<Belief> Make(const Eigen::Ref<const Eigen::MatrixXd>& covariance);

  Eigen::Index size() const { return root_.rows(); }
  const Eigen::MatrixXd& covariance() const { return covariance_; }
  const Eigen::MatrixXd& root() const { return root_; }  ///< lower triangular L, Γ = L Lᵀ

  /// Expected information gain about all parameters, ½ log det(I + Γ A), nats, ≥ 0.
  /// @param information  A, p × p, positive semidefinite; any other shape is a broken invariant.
  /// Source: Lindley, Ann. Math. Statist. 27 (1956) 986; Chaloner & Verdinelli, Statist. Sci. 10
  /// (1995) 273, eq. 11.
  double Gain(const Eigen::Ref<const Eigen::MatrixXd>& information) const;

  /// (Γ⁻¹ + A)⁻¹, p × p: the belief's covariance after the experiment.
  Eigen::MatrixXd Posterior(const Eigen::Ref<const Eigen::MatrixXd>& information) const;

 private:
  Belief(Eigen::MatrixXd covariance, Eigen::MatrixXd root);

  Eigen::MatrixXd covariance_;
  Eigen::MatrixXd root_;
};

/// What the gain is to be about: t linear combinations T θ of the parameters, all others
/// marginalised. A subset has rows of the identity, an outcome the row of its sensitivities.
class Target {
 public:
  /// @param rows  T, t × p, 1 ≤ t ≤ p.
  /// Errors: InvalidArgument on shape or values; FailedPrecondition where the belief leaves a
  /// combination no spread (naming the row), or rows that depend on each other.
  static absl::StatusOr<Target> Make(const Belief& belief,
                                     const Eigen::Ref<const Eigen::MatrixXd>& rows);
  /// The parameters of these indices.
  static absl::StatusOr<Target> Subset(const Belief& belief,
                                       const std::vector<Eigen::Index>& parameters);

  /// ½ [log det T Γ Tᵀ − log det T (Γ⁻¹ + A)⁻¹ Tᵀ], nats, ≥ 0: what the experiment tells about T θ.
  double Gain(const Eigen::Ref<const Eigen::MatrixXd>& information) const;

  /// Standard deviations of the t combinations before and after the experiment.
  Eigen::VectorXd PriorSd() const;
  Eigen::VectorXd PosteriorSd(const Eigen::Ref<const Eigen::MatrixXd>& information) const;

 private:
  Target(Belief belief, Eigen::MatrixXd rows, Eigen::MatrixXd axes);

  Belief belief_;
  Eigen::MatrixXd rows_;
  Eigen::MatrixXd axes_;  ///< t × p, orthonormal: T L, whitened
};

}  // namespace parallax::design
