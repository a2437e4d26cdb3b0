#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/campaign_spread.h"

namespace parallax::pipeline {

/// What a campaign says of one calibrated parameter while every assumption that was not calibrated
/// is free within its prior. Natural units, but for spreads.
struct ParameterPosterior {
  std::string parameter;
  double mean = 0.0, sd = 0.0;
  double low = 0.0, high = 0.0;  ///< 5 and 95 % quantiles
  double r_hat = 0.0, ess = 0.0;
  /// Ends of the 95 % profile likelihood interval, without its own prior; NaN where the runs set no
  /// limit.
  double profile_low = std::numeric_limits<double>::quiet_NaN();
  double profile_high = std::numeric_limits<double>::quiet_NaN();
  RunSpread spread = {};  ///< between runs; SampleCampaign does not ask for it
};

/// Draws of it that are kept.
inline constexpr int kPosteriorDraws = 100;

struct CampaignPosterior {
  std::vector<ParameterPosterior> parameters;  ///< in the order of the fit; empty: none sampled
  std::string missing;                         ///< why none was, where something was to be
  /// Natural units, of what the fit moved; where none was sampled, of the twin linearised there.
  Eigen::MatrixXd covariance;
  Eigen::MatrixXd draws;             ///< of these, kPosteriorDraws columns from the chains, natural
  bool converged = false;            ///< split R̂ < 1.01 and ESS >= 400 for each
  double emulator_error_nats = 0.0;  ///< rms error of the log density that was sampled
  int twin_evaluations = 0;          ///< of the whole campaign
};

/// Samples the posterior of what a fit moved by ensemble MCMC on a local quadratic emulator of its
/// whitened rows, whose error against the twin is measured, and profiles each parameter on the same
/// emulator. Where the twin fails near the fit nothing is sampled, and `missing` says so.
/// Deterministic.
/// @param fit  with at least one parameter.
/// Errors: those of the twin at the fit.
absl::StatusOr<CampaignPosterior> SampleCampaign(const CampaignSearch& search,
                                                 const CampaignFit& fit, uint64_t seed);

}  // namespace parallax::pipeline
