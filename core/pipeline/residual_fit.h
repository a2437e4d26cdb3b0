#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "core/surrogate/bnn.h"
#include "core/surrogate/dataset.h"
#include "core/surrogate/gp.h"
#include "core/surrogate/guard.h"

namespace parallax::pipeline {

/// How a model foretells runs that it was not fitted to, beside the calibrated twin alone (its
/// residual taken for normal about 0, with the rms of the runs fitted to).
struct HeldOut {
  int runs = 0;
  double rmse = 0.0;              ///< [outcome]
  double rmse_twin = 0.0;         ///< [outcome]
  double log_density = 0.0;       ///< mean over runs [nats]
  double log_density_twin = 0.0;  ///< likewise
  /// Mean gain in log density over the twin alone, in its standard errors over runs; 0 with one
  /// run.
  double gain_score = 0.0;
  double coverage_90 = 0.0;  ///< share of runs within the central 90 % interval
};

/// @param predictions  of the residuals of runs.   @param residuals  measured minus the twin's.
/// @param scatter  rms of the residuals fitted to.   REQUIRES: equal sizes, at least one run.
HeldOut CompareWithTwin(const std::vector<surrogate::Prediction>& predictions,
                        const Eigen::Ref<const Eigen::VectorXd>& residuals, double scatter);

/// A model of residuals and how it was judged.
struct ResidualFit {
  std::variant<surrogate::GaussianProcess, surrogate::Bnn> model;
  double scatter = 0.0;  ///< rms of the residuals
  double effective_parameters = 0.0;
  bool smoothed = false;  ///< to the effective parameters that so many runs allow
  HeldOut left_out;       ///< of the runs themselves, each foretold by a model without it
  surrogate::GuardVerdict guard;
};

/// Fits the residuals of one outcome: a Gaussian process below kLeastNetworkRuns, each run left out
/// in closed form; a Bayesian neural network from there on, five folds left out in turn. A process
/// that follows its runs with more effective parameters than the guard allows is smoothed until it
/// has as many: its noise is raised, so that it claims less of what it fits.
/// @param noise_sd  of a measurement of the outcome, as stated, ≥ 0.
/// Errors: those of the models: too few runs, a feature never varied, residuals all the same.
absl::StatusOr<ResidualFit> FitResidual(const surrogate::Dataset& residuals, double noise_sd,
                                        uint64_t seed);

/// A model has to gain this many standard errors of log density on left-out runs: where there is
/// nothing to be learnt, 0 to 6 % of outcomes do (8 to 40 runs of 2 or 5 features, white noise).
inline constexpr double kLeastGainScore = 1.0;

/// Why a fit may not be used: in sentences; empty where it may.
/// @param locked  how it foretold locked runs; of 0 runs: there were none.
std::vector<std::string> Objections(const ResidualFit& fit, const HeldOut& locked);

}  // namespace parallax::pipeline
