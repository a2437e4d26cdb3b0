#include "core/signal/nis_monitor.h"

#include <boost/math/distributions/chi_squared.hpp>
#include <numeric>

#include "absl/strings/str_format.h"

namespace parallax::signal {

absl::StatusOr<NisMonitor> NisMonitor::Create(const Options& options) {
  if (options.window < 1) {
    return absl::InvalidArgumentError(absl::StrFormat("window = %d, must be >= 1", options.window));
  }
  if (!(options.level > 0.0 && options.level < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("level = %g, must be in (0, 1)", options.level));
  }
  const auto n = static_cast<double>(options.window);
  const boost::math::chi_squared sum(n);
  const double lower = boost::math::quantile(sum, 0.5 * options.level) / n;
  const double upper = boost::math::quantile(boost::math::complement(sum, 0.5 * options.level)) / n;
  return NisMonitor(options.window, lower, upper);
}

NisMonitor::State NisMonitor::Add(double nis) {
  recent_.push_back(nis);
  if (recent_.size() > window_) recent_.pop_front();
  if (recent_.size() < window_) return State::kFilling;
  const double mean = Mean();
  if (mean < lower_) return State::kTooLow;
  return mean > upper_ ? State::kTooHigh : State::kConsistent;
}

double NisMonitor::Mean() const {
  if (recent_.empty()) return 1.0;
  return std::accumulate(recent_.begin(), recent_.end(), 0.0) / static_cast<double>(recent_.size());
}

}  // namespace parallax::signal
