#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/estimate.h"
#include "core/design/noise.h"

namespace parallax::design {

/// One of K rival explanations of the data so far: what it says of an experiment's data, with its
/// own free parameters and its own Gaussian belief about them.
struct Explanation {
  std::string name;
  double weight = 0.0;            ///< prior probability up to a common factor, > 0
  Eigen::VectorXd prediction;     ///< rows, at the mean of its belief [row's unit]
  Eigen::MatrixXd sensitivities;  ///< rows × p_k, p_k ≥ 0 [row's unit / parameter's unit]
  Eigen::MatrixXd covariance;     ///< p_k × p_k, positive definite
};

/// An experiment as K explanations see it, in units of its noise, so that experiments can be
/// joined. Immutable.
class RivalPredictions {
 public:
  /// Errors: InvalidArgument naming the explanation on fewer than two, a weight that is not > 0 and
  /// finite, shapes that do not match, a covariance that is not positive definite.
  static absl::StatusOr<RivalPredictions> Make(const std::vector<Explanation>& explanations,
                                               const Noise& noise);

  /// Several experiments done after one another: the parameters are the same, the noise is new.
  /// REQUIRES: at least one; all of the same explanations (names, weights, covariances).
  static RivalPredictions Join(const std::vector<const RivalPredictions*>& experiments);

  /// A Gaussian for each explanation, of the data's part in which they may differ: an orthonormal
  /// basis of all their sensitivities and differences. The rest is noise that tells nothing, so
  /// this is exact and small: d = min(rows, Σ p_k + K − 1).
  struct Mixture {
    std::vector<std::string> names;            ///< K
    Eigen::VectorXd weights;                   ///< K, sum 1
    Eigen::MatrixXd means;                     ///< d × K
    std::vector<Eigen::MatrixXd> covariances;  ///< K, d × d, each ≥ I
  };
  Mixture Reduce() const;

 private:
  RivalPredictions() = default;

  std::vector<std::string> names_;
  Eigen::VectorXd weights_;  ///< K, sum 1
  /// rows × (Σ p_k + K − 1), whitened: for each explanation its sensitivities times the root of its
  /// covariance, then what the predictions of all but the first differ from the first's.
  Eigen::MatrixXd columns_;
  std::vector<Eigen::Index> free_;  ///< K, p_k
};

/// Bounds on the mutual information of explanation and data, nats, in [0, entropy].
struct SeparationBounds {
  double lower = 0.0;  ///< −Σᵢ wᵢ ln Σⱼ wⱼ exp(−Bᵢⱼ), B the Bhattacharyya distance
  double upper = 0.0;    ///< the same with the Kullback–Leibler divergence
  double entropy = 0.0;  ///< of the weights: what there is to be known
  /// K × K, KL(i ‖ j), nats: by how much data of i speak for i against j on average. The pair with
  /// the largest smaller one of both directions is what the experiment separates.
  Eigen::MatrixXd divergence;
};
/// Source: Kolchinsky & Tracey, Entropy 19 (2017) 361: pairwise distances, Chernoff's with α = ½.
SeparationBounds BoundSeparation(const RivalPredictions::Mixture& mixture);

/// Its lower bound alone, at a fraction of the time: what batches are chosen by.
double LeastSeparation(const RivalPredictions::Mixture& mixture);

struct SeparationOptions {
  int draws = 4096;        ///< of data, shared out among the explanations by weight
  uint64_t seed = 1;       ///< the same for every candidate: common random numbers
  double lead_nats = 6.0;  ///< by which the best must lead the second to count as resolved, > 0
};

/// What data of the experiment would do, drawn from each explanation by its weight.
struct Separation {
  Estimate information;        ///< mutual information of explanation and data, nats
  Probability resolved;        ///< best leads the second by lead_nats afterwards
  Probability misleading;      ///< … and is not the one that holds
  Eigen::VectorXd leads;       ///< K, probability that each leads by lead_nats, whichever holds
  double expected_lead = 0.0;  ///< mean lead of the best over the second afterwards, nats
};
/// By Monte Carlo. Errors: InvalidArgument naming an option out of its bound.
absl::StatusOr<Separation> SimulateSeparation(const RivalPredictions::Mixture& mixture,
                                              const SeparationOptions& options = {});

/// Probability that one of two leads by `lead_nats` afterwards, in closed form: with equal
/// covariances the log odds are normal, N(ln w₁/w₂ ± δ²/2, δ²), δ the Mahalanobis distance.
/// Errors: InvalidArgument on lead_nats ≤ 0; FailedPrecondition unless there are two explanations
/// of equal covariances (to 1e-9).
absl::StatusOr<Probability> ResolvedOfTwo(const RivalPredictions::Mixture& mixture,
                                          double lead_nats = 6.0);

}  // namespace parallax::design
