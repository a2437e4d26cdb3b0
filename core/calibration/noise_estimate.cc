#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/calibration/nelder_mead.h"
#include "core/calibration/noise_model.h"

namespace parallax::calibration {
namespace {

constexpr double kLogTwoPi = 1.8378770664093453;

/// Moments that the first guesses are scaled by.
struct Moments {
  double sd = 0.0;       // of all residuals, about zero
  double step_sd = 0.0;  // of differences of neighbours, divided by √2
  double step_s = 0.0;   // median time between neighbours
  double span_s = 0.0;   // longest series
  int samples = 0;
};

absl::StatusOr<Moments> Measure(const std::vector<ResidualSeries>& series) {
  Moments moments;
  double sum2 = 0.0, step2 = 0.0;
  std::vector<double> steps_s;
  for (const ResidualSeries& one : series) {
    if (one.time_s.size() != one.residual.size() || !one.residual.allFinite()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "a residual series has %d times and %d residuals, must be equal and finite",
          one.time_s.size(), one.residual.size()));
    }
    const Eigen::Index n = one.time_s.size();
    if (n == 0) continue;
    moments.samples += static_cast<int>(n);
    sum2 += one.residual.squaredNorm();
    moments.span_s = std::max(moments.span_s, one.time_s(n - 1) - one.time_s(0));
    for (Eigen::Index i = 1; i < n; ++i) {
      steps_s.push_back(one.time_s(i) - one.time_s(i - 1));
      step2 += 0.5 * std::pow(one.residual(i) - one.residual(i - 1), 2);
    }
  }
  if (moments.samples < 8 || steps_s.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("noise estimate from %d samples, must be >= 8", moments.samples));
  }
  if (*std::min_element(steps_s.begin(), steps_s.end()) < 0.0) {
    return absl::InvalidArgumentError("times of a residual series decrease");
  }
  moments.sd = std::sqrt(sum2 / moments.samples);
  moments.step_sd = std::sqrt(step2 / static_cast<double>(steps_s.size()));
  std::nth_element(steps_s.begin(), steps_s.begin() + steps_s.size() / 2, steps_s.end());
  moments.step_s = std::max(steps_s[steps_s.size() / 2], 1e-9);
  return moments;
}

/// What a sample may be if it is no honest reading.
struct Spikes {
  double share = 0.0;
  double variance = 1.0;
};

/// Sample weight and −2 log density of an innovation from N(0, s), or rarely from a spike. A
/// bounded loss alone would not do: with it, ever smaller noise that calls all else a spike is the
/// optimum.
struct Judged {
  double honest = 1.0;  // probability that it is no spike
  double cost = 0.0;
};
Judged Judge(double innovation, double s, const Spikes& spikes) {
  const double plain = std::log(s) + innovation * innovation / s;
  if (!(spikes.share > 0.0)) return {1.0, plain};
  const double wide = s + spikes.variance;
  const double spike = std::log(wide) + innovation * innovation / wide;
  // log((1 − ε) e^{−plain/2} + ε e^{−spike/2}), from the larger term.
  const double log_plain = std::log1p(-spikes.share) - 0.5 * plain;
  const double log_spike = std::log(spikes.share) - 0.5 * spike;
  const double top = std::max(log_plain, log_spike);
  const double sum = std::exp(log_plain - top) + std::exp(log_spike - top);
  return {std::exp(log_plain - top) / sum, -2.0 * (top + std::log(sum))};
}

/// Filter and likelihood in one pass: no arrays, as this runs some thousand times.
double NegativeLogLikelihood(const std::vector<ResidualSeries>& series, const Eigen::Vector3d& log,
                             const Spikes& spikes) {
  const double noise = std::exp(2.0 * log(0)), stationary = std::exp(2.0 * log(1));
  const double tau_s = std::exp(log(2));
  double total = 0.0, last_step_s = -1.0, decay = 1.0, fresh = 0.0;
  for (const ResidualSeries& one : series) {
    double state = 0.0, variance = stationary;
    for (Eigen::Index i = 0; i < one.time_s.size(); ++i) {
      if (i > 0) {
        const double step_s = one.time_s(i) - one.time_s(i - 1);
        if (step_s != last_step_s) {
          decay = std::exp(-step_s / tau_s);
          fresh = -stationary * std::expm1(-2.0 * step_s / tau_s);
          last_step_s = step_s;
        }
        state *= decay;
        variance = decay * decay * variance + fresh;
      }
      const double s = variance + noise;
      const double innovation = one.residual(i) - state;
      const Judged judged = Judge(innovation, s, spikes);
      total += judged.cost;
      // A spike must not carry the state with it.
      state += judged.honest * variance / s * innovation;
      variance *= 1.0 - judged.honest * variance / s;
    }
  }
  return 0.5 * total;
}

double Penalty(double log_value, double median, double log_sd) {
  if (!(median > 0.0)) return 0.0;
  const double z = (log_value - std::log(median)) / log_sd;
  return 0.5 * z * z;
}

std::array<Eigen::Vector3d, 4> Starts(const Moments& moments) {
  const double sd = std::max(moments.sd, 1e-12);
  const double white = std::clamp(moments.step_sd, 1e-3 * sd, sd);
  const double span_s = std::max(moments.span_s, 4.0 * moments.step_s);
  const auto at = [](double white_sd, double ou_sd, double tau_s) {
    return Eigen::Vector3d(std::log(white_sd), std::log(ou_sd), std::log(tau_s));
  };
  return {at(white, sd, std::sqrt(moments.step_s * span_s)),
          at(0.3 * white, sd, 3.0 * moments.step_s), at(white, 0.5 * sd, 0.3 * span_s),
          at(sd, 0.1 * sd, 10.0 * moments.step_s)};
}

absl::Status CheckBounds(const NoiseEstimateOptions& options) {
  const bool valid = options.white_sd_low > 0.0 && options.white_sd_low < options.white_sd_high &&
                     options.ou_sd_low > 0.0 && options.ou_sd_low < options.ou_sd_high &&
                     options.tau_low_s > 0.0 && options.tau_low_s < options.tau_high_s &&
                     options.spike_share >= 0.0 && options.spike_share < 0.5 &&
                     options.max_evaluations > 0;
  return valid ? absl::OkStatus()
               : absl::InvalidArgumentError(
                     "noise bounds must be > 0 and low < high, spike_share in [0, 0.5), "
                     "evaluations > 0");
}

}  // namespace

absl::StatusOr<NoiseEstimate> EstimateNoise(const std::vector<ResidualSeries>& series,
                                            const NoiseEstimateOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckBounds(options));
  PARALLAX_ASSIGN_OR_RETURN(const Moments moments, Measure(series));
  const Eigen::Vector3d low(std::log(options.white_sd_low), std::log(options.ou_sd_low),
                            std::log(options.tau_low_s));
  const Eigen::Vector3d high(std::log(options.white_sd_high), std::log(options.ou_sd_high),
                             std::log(options.tau_high_s));
  const Spikes spikes = {options.spike_share, 100.0 * moments.sd * moments.sd};
  const auto objective = [&](const Eigen::VectorXd& log) {
    return NegativeLogLikelihood(series, log, spikes) +
           Penalty(log(0), options.white_sd_prior, options.white_sd_prior_log_sd) +
           Penalty(log(1), options.ou_sd_prior, options.ou_sd_prior_log_sd) +
           Penalty(log(2), options.tau_prior_s, options.tau_prior_log_sd);
  };
  const std::array<Eigen::Vector3d, 4> starts = Starts(moments);
  NelderMeadResult best;
  int evaluations = 0;
  for (size_t k = 0; k < starts.size(); ++k) {
    const NelderMeadResult end =
        MinimizeSimplex(objective, starts[k], low, high,
                        {.max_evaluations = options.max_evaluations / 4, .step = 0.7});
    evaluations += end.evaluations;
    if (k == 0 || end.value < best.value) best = end;
  }
  NoiseEstimate estimate;
  estimate.white_sd = std::exp(best.x(0));
  estimate.discrepancy = {.sd = std::exp(best.x(1)), .tau_s = std::exp(best.x(2))};
  estimate.log_likelihood = -best.value - 0.5 * kLogTwoPi * moments.samples;
  estimate.evaluations = evaluations;
  estimate.tau_at_bound = best.x(2) < low(2) + 1e-3 || best.x(2) > high(2) - 1e-3;
  return estimate;
}

}  // namespace parallax::calibration
