#include "core/surrogate/sensor_faults.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace parallax::surrogate {
namespace {

/// Above this share of lost or spiking samples a channel is no measurement.
constexpr double kMostFaultyShare = 0.5;

absl::Status CheckFaultRange(const std::string& channel, const char* what, const FaultRange& range,
                             double most) {
  if (!(range.share >= 0.0 && range.share <= 1.0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "channel \"%s\": %s: share = %g, must be in [0, 1]", channel, what, range.share));
  }
  if (!(range.low >= 0.0 && range.high >= range.low && range.high <= most)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("channel \"%s\": %s from %g to %g, must be ordered within [0, %g]", channel,
                        what, range.low, range.high, most));
  }
  return absl::OkStatus();
}

double DrawSize(const FaultRange& range, base::Random& random) {
  // Both are drawn in any case, so that one range does not move the draws of the next.
  const bool there = random.Uniform() < range.share;
  const double size = range.low + (range.high - range.low) * random.Uniform();
  return there ? size : 0.0;
}

double DrawSign(base::Random& random) { return random.Uniform() < 0.5 ? -1.0 : 1.0; }

}  // namespace

absl::Status CheckFaultRanges(const SensorFaultRanges& ranges) {
  constexpr double kAny = std::numeric_limits<double>::max();
  const std::string& channel = ranges.channel;
  PARALLAX_RETURN_IF_ERROR(CheckFaultRange(channel, "bias", ranges.bias, kAny));
  PARALLAX_RETURN_IF_ERROR(CheckFaultRange(channel, "lag_s", ranges.lag_s, kAny));
  PARALLAX_RETURN_IF_ERROR(CheckFaultRange(channel, "drop_out", ranges.drop_out, kMostFaultyShare));
  PARALLAX_RETURN_IF_ERROR(
      CheckFaultRange(channel, "spike_rate", ranges.spike_rate, kMostFaultyShare));
  PARALLAX_RETURN_IF_ERROR(CheckFaultRange(
      channel, "spike size", {.low = ranges.spike_low, .high = ranges.spike_high}, kAny));
  if (!(std::isfinite(ranges.drop_out_run) && ranges.drop_out_run >= 1.0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "channel \"%s\": drop_out_run = %g, must be >= 1", channel, ranges.drop_out_run));
  }
  return absl::OkStatus();
}

SensorFault DrawSensorFault(const SensorFaultRanges& ranges, base::Random& random) {
  SensorFault fault;
  const double sign = DrawSign(random);
  fault.bias = sign * DrawSize(ranges.bias, random);
  fault.lag_s = DrawSize(ranges.lag_s, random);
  fault.drop_out = DrawSize(ranges.drop_out, random);
  fault.drop_out_run = ranges.drop_out_run;
  fault.spike_rate = DrawSize(ranges.spike_rate, random);
  fault.spike_low = ranges.spike_low;
  fault.spike_high = ranges.spike_high;
  return fault;
}

Eigen::VectorXd FirstOrderLag(const Eigen::Ref<const Eigen::VectorXd>& time_s,
                              const Eigen::Ref<const Eigen::VectorXd>& values, double lag_s) {
  PARALLAX_CHECK(time_s.size() == values.size() && lag_s >= 0.0);
  Eigen::VectorXd shown = values;
  if (lag_s == 0.0) return shown;
  for (Eigen::Index k = 1; k < values.size(); ++k) {
    const double step_s = time_s(k) - time_s(k - 1);
    PARALLAX_CHECK(step_s >= 0.0);
    if (step_s == 0.0) {
      shown(k) = shown(k - 1);
      continue;
    }
    // x(t) = x₀ + s t has y(t) = x(t) − s τ + (y₀ − x₀ + s τ) exp(−t/τ).
    const double behind = (values(k) - values(k - 1)) / step_s * lag_s;
    shown(k) =
        values(k) - behind + (shown(k - 1) - values(k - 1) + behind) * std::exp(-step_s / lag_s);
  }
  return shown;
}

Eigen::VectorXd DropOut(const Eigen::Ref<const Eigen::VectorXd>& values, double share,
                        double mean_run, base::Random& random) {
  PARALLAX_CHECK(share >= 0.0 && share <= kMostFaultyShare && mean_run >= 1.0);
  Eigen::VectorXd shown = values;
  const double end = 1.0 / mean_run, begin = share / (1.0 - share) * end;
  bool lost = false;
  for (Eigen::Index k = 0; k < values.size(); ++k) {
    const double chance = k == 0 ? share : (lost ? 1.0 - end : begin);
    lost = random.Uniform() < chance;
    if (lost) shown(k) = std::numeric_limits<double>::quiet_NaN();
  }
  return shown;
}

Eigen::VectorXd AddSpikes(const Eigen::Ref<const Eigen::VectorXd>& values, double rate, double low,
                          double high, base::Random& random) {
  PARALLAX_CHECK(rate >= 0.0 && rate <= 1.0 && low >= 0.0 && high >= low);
  Eigen::VectorXd shown = values;
  for (double& value : shown) {
    if (random.Uniform() >= rate) continue;
    const double sign = DrawSign(random);
    value += sign * (low + (high - low) * random.Uniform());
  }
  return shown;
}

Eigen::VectorXd ApplySensorFault(const SensorFault& fault,
                                 const Eigen::Ref<const Eigen::VectorXd>& time_s,
                                 const Eigen::Ref<const Eigen::VectorXd>& values,
                                 base::Random& random) {
  const Eigen::VectorXd biased = FirstOrderLag(time_s, values, fault.lag_s).array() + fault.bias;
  const Eigen::VectorXd spiked =
      AddSpikes(biased, fault.spike_rate, fault.spike_low, fault.spike_high, random);
  return DropOut(spiked, fault.drop_out, fault.drop_out_run, random);
}

}  // namespace parallax::surrogate
