#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "core/design/estimate.h"
#include "core/design/information.h"
#include "core/design/noise.h"

namespace parallax::design {

/// Predicts an experiment's data (rows) at parameters θ (p). Called from several threads.
using PredictData =
    std::function<absl::StatusOr<Eigen::VectorXd>(const Eigen::VectorXd& parameters)>;

/// Where the contrasts come from, that is, the parameters that might have made the same data.
enum class Contrast {
  kPrior,      ///< the other outer draws, used again: `outer` predictions in all; good up to a gain
               ///< of ln(outer) − 1 nats, beyond which the lower bound saturates
  kPosterior,  ///< the Gauss–Newton posterior of each draw's data: outer × (1 + inner) predictions
};

struct NestedOptions {
  Contrast contrast = Contrast::kPrior;
  int outer = 512;  ///< draws of parameters and data, ≥ 16
  int inner = 32;   ///< kPosterior: contrasts of each, ≥ 2
  /// kPosterior: the covariance that contrasts are drawn from, times this, > 0: a bit wider than
  /// the linearised one, or a posterior that is wider still would give weights without variance.
  double inflation = 1.2;
  uint64_t seed = 1;  ///< the same for every candidate: common random numbers
};

/// Bounds on the expected information gain of a non-linear experiment, nats.
struct NestedGain {
  Estimate lower;      ///< a lower bound in expectation, ≤ ln(outer) with kPrior
  Estimate upper;      ///< an upper bound in expectation
  double value = 0.0;  ///< between both, weighted by their inverse variances
  /// Of value: the draws' spread, and how far a uniform between the bounds is from it.
  double standard_error = 0.0;
  bool saturated = false;  ///< kPrior: lower > ln(outer) − 1; more draws or kPosterior are needed
  int predictions = 0;
};

/// Checks Belief::Gain where predictions bend: E[log p(y|θ) − log p(y)], θ ~ N(mean, Γ), with p(y)
/// from contrasts. With the draw itself among them the mean is a lower bound, without it an upper
/// one.
/// @param mean  p. @param predict  noise-free data at parameters.
/// @param sensitivities  J at the mean, rows × p; only kPosterior reads it, may be empty else.
/// Errors: InvalidArgument naming the option or the shape; the first failing prediction's status.
/// Source: Foster et al., AISTATS 2020 (PMLR 108, 2959): prior and adaptive contrastive estimation;
/// upper bounds: Rainforth et al., ICML 2018 (nested), Foster et al., NeurIPS 2019 (variational).
absl::StatusOr<NestedGain> NestedMonteCarlo(const Eigen::Ref<const Eigen::VectorXd>& mean,
                                            const Belief& belief, const PredictData& predict,
                                            const Eigen::Ref<const Eigen::MatrixXd>& sensitivities,
                                            const Noise& noise, const NestedOptions& options = {});

}  // namespace parallax::design
