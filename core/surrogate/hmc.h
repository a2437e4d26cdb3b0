#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/surrogate/mlp.h"

namespace parallax::surrogate {

/// Log density at a point up to a constant, and its gradient (of the point's size). Called from
/// several threads at once.
using DensityWithGradient = std::function<double(const Eigen::Ref<const Eigen::VectorXd>& point,
                                                 Eigen::VectorXd* gradient)>;

struct HmcOptions {
  int warm_up = 500;         ///< iterations that adapt the step and are thrown away, ≥ 20
  int draws = 500;           ///< kept of each chain, ≥ 1
  double path_length = 1.5;  ///< of a trajectory in units of `scale`; jittered by ± 20 %, > 0
  int max_steps = 1000;      ///< leapfrog steps of a trajectory, ≥ 1
  double acceptance = 0.8;   ///< that the step size aims at, in (0, 1)
  uint64_t seed = 0;
  uint64_t stream = 0;  ///< the first of as many consecutive random streams as chains
};

struct HmcChain {
  Eigen::MatrixXd draws;    ///< p × draws
  double acceptance = 0.0;  ///< mean acceptance probability of the draws kept
  double step = 0.0;        ///< leapfrog step that warm-up ended with, in units of `scale`
  int64_t divergences = 0;  ///< trajectories kept whose energy error exceeded 1,000
};

/// Hamiltonian Monte Carlo with leapfrog steps whose size is found by dual averaging: the offline
/// reference of small networks. A chain a start, in parallel; the same on any number of threads.
/// @param scale   p, standard deviations to expect (the mass matrix is scale⁻²), e.g. the prior's.
/// @param starts  one point a chain, each of size p.
/// Errors: InvalidArgument on options, sizes, scale not > 0, or a start whose density or gradient
/// is not finite. Source: Neal, Handbook of MCMC (2011), ch. 5; Hoffman & Gelman, JMLR 15 (2014)
/// 1593, §3.2.
absl::StatusOr<std::vector<HmcChain>> SampleHmc(const DensityWithGradient& log_density,
                                                const Eigen::Ref<const Eigen::VectorXd>& scale,
                                                const std::vector<Eigen::VectorXd>& starts,
                                                const HmcOptions& options = {});

/// Log posterior of a network's parameters with normal noise of known variance: its prior is that
/// of `prior` for every parameter, and the log variance output takes no part.
/// @param points  d × n, standardised.   @param outcomes  n, standardised.
/// REQUIRES: sizes that match, noise_variance > 0.
DensityWithGradient MlpPosterior(const MlpShape& shape, const MlpPrior& prior,
                                 Eigen::MatrixXd points, Eigen::VectorXd outcomes,
                                 double noise_variance);

}  // namespace parallax::surrogate
