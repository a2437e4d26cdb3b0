#include "core/calibration/validation_gate.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/calibration/scores.h"

namespace parallax::calibration {
namespace {

constexpr uint64_t kBootstrapStream = 0x76616c6964;

absl::Status CheckInput(const ValidationInput& input, const ValidationOptions& options) {
  if (options.bootstrap < 100 || !(options.confidence > 0.0 && options.confidence < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("bootstrap = %d, confidence = %g: must be >= 100 and in (0, 1)",
                        options.bootstrap, options.confidence));
  }
  for (const ValidationUnit& unit : input.units) {
    if (!std::isfinite(unit.log_density_before) || !std::isfinite(unit.log_density_after)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("log densities of %s are %g and %g, must be finite", unit.run,
                          unit.log_density_before, unit.log_density_after));
    }
  }
  for (const ValidationChannel& channel : input.channels) {
    if (!std::isfinite(channel.rmse_before) || !std::isfinite(channel.rmse_after)) {
      return absl::InvalidArgumentError(absl::StrFormat("RMSE of %s is %g and %g, must be finite",
                                                        channel.channel, channel.rmse_before,
                                                        channel.rmse_after));
    }
  }
  return absl::OkStatus();
}

void BootstrapElpd(const ValidationInput& input, const ValidationOptions& options,
                   ValidationDecision* decision) {
  std::vector<double> difference;
  for (const ValidationUnit& unit : input.units) {
    difference.push_back(unit.log_density_after - unit.log_density_before);
    decision->elpd_difference += difference.back();
  }
  decision->elpd_low = decision->elpd_high = decision->elpd_difference;
  if (difference.size() < 2) return;
  base::Random random(options.seed, kBootstrapStream);
  std::vector<double> sums(options.bootstrap, 0.0);
  for (double& sum : sums) {
    for (size_t k = 0; k < difference.size(); ++k)
      sum += difference[random.Below(difference.size())];
  }
  std::sort(sums.begin(), sums.end());
  const auto at = [&](double q) {
    return sums[static_cast<size_t>(q * static_cast<double>(sums.size() - 1))];
  };
  decision->elpd_low = at(1.0 - options.confidence);
  decision->elpd_high = at(options.confidence);
}

void CheckChannel(const ValidationChannel& channel, const ValidationOptions& options,
                  std::vector<ValidationCheck>* checks) {
  const double n = std::max(channel.effective_samples, 1.0);
  // An RMSE of n independent residuals has a relative sd of 1/√(2n).
  const double part = 1.0 / std::sqrt(2.0 * n);
  const double tolerance =
      options.worsening * (options.growth_rule == GrowthRule::kNoise
                               ? channel.noise_sd * part
                               : std::hypot(channel.noise_sd, channel.rmse_before * part));
  const double growth = channel.rmse_after - channel.rmse_before;
  checks->push_back({"rmse growth " + channel.channel, growth,
                     absl::StrFormat("<= %.3g", tolerance), growth <= tolerance});
  for (double probability : {0.5, 0.9}) {
    const double figure = probability == 0.5 ? channel.coverage_50 : channel.coverage_90;
    const CoverageBand band =
        BinomialBand(static_cast<int>(n), probability, options.coverage_confidence);
    const double low = std::max(band.low - options.coverage_slack, 0.0);
    const double high = options.coverage_rule == CoverageRule::kAtLeast
                            ? 1.0
                            : std::min(band.high + options.coverage_slack, 1.0);
    checks->push_back({absl::StrFormat("coverage %.0f %% %s", 100.0 * probability, channel.channel),
                       figure, absl::StrFormat("in [%.2f, %.2f]", low, high),
                       figure >= low && figure <= high});
  }
}

void CheckCount(const ValidationCount& count, std::vector<ValidationCheck>* checks) {
  checks->push_back({"right calls of " + count.name, static_cast<double>(count.after),
                     absl::StrFormat(">= %d", count.before), count.after >= count.before});
}

void CheckBounds(const BoundedValue& parameter, std::vector<ValidationCheck>* checks) {
  checks->push_back({"inside bounds " + parameter.parameter, parameter.value,
                     absl::StrFormat("in [%g, %g]", parameter.lower, parameter.upper),
                     parameter.value >= parameter.lower && parameter.value <= parameter.upper});
}

std::string Because(const ValidationInput& input, const ValidationOptions& options,
                    const ValidationDecision& decision) {
  if (input.units.empty()) return "no run was held out, so nothing proves the new values";
  std::string failed;
  for (const ValidationCheck& check : decision.checks) {
    if (check.passed) continue;
    failed += absl::StrFormat("%s%s = %.4g, must be %s", failed.empty() ? "" : "; ", check.name,
                              check.figure, check.bound);
  }
  if (!failed.empty()) return "refused: " + failed;
  const std::string bound =
      input.units.size() == 1
          ? std::string("only one unit was held out, so this has no interval")
          : absl::StrFormat("%.0f %% lower bound %.4g over %d units", 100.0 * options.confidence,
                            decision.elpd_low, input.units.size());
  return absl::StrFormat(
      "the held-out readings are %.4g nats more probable under the new values (%s), no channel is "
      "worse beyond noise, coverage lies in its band and all parameters inside their bounds",
      decision.elpd_difference, bound);
}

}  // namespace

absl::StatusOr<ValidationDecision> DecideValidation(const ValidationInput& input,
                                                    const ValidationOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckInput(input, options));
  ValidationDecision decision;
  BootstrapElpd(input, options, &decision);
  decision.checks.push_back(
      {"held-out units", static_cast<double>(input.units.size()), ">= 1", !input.units.empty()});
  decision.checks.push_back(
      {"elpd lower bound", decision.elpd_low, "> 0", decision.elpd_low > 0.0});
  for (const ValidationChannel& channel : input.channels) {
    CheckChannel(channel, options, &decision.checks);
  }
  for (const ValidationCount& count : input.counts) CheckCount(count, &decision.checks);
  for (const BoundedValue& parameter : input.parameters) CheckBounds(parameter, &decision.checks);
  decision.accepted = std::all_of(decision.checks.begin(), decision.checks.end(),
                                  [](const ValidationCheck& check) { return check.passed; });
  decision.because = Because(input, options, decision);
  return decision;
}

std::vector<ValidationUnit> BlockUnits(const std::string& run, const Eigen::VectorXd& time_s,
                                       const Eigen::VectorXd& log_density_before,
                                       const Eigen::VectorXd& log_density_after, double block_s) {
  std::vector<ValidationUnit> units;
  double block = -1.0;
  for (Eigen::Index i = 0; i < time_s.size(); ++i) {
    const double here = std::floor((time_s(i) - time_s(0)) / block_s);
    if (units.empty() || here != block) units.push_back({run, 0.0, 0.0});
    block = here;
    units.back().log_density_before += log_density_before(i);
    units.back().log_density_after += log_density_after(i);
  }
  return units;
}

}  // namespace parallax::calibration
