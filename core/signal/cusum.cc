#include "core/signal/cusum.h"

#include <cmath>

#include "core/base/check.h"

namespace parallax::signal {
namespace {

/// Mean excess of a normal random walk over its boundary, on both sides [sd].
constexpr double kExcess = 1.166;

}  // namespace

bool Cusum::Add(double z) {
  rising_ = std::max(0.0, rising_ + z - allowance_);
  falling_ = std::max(0.0, falling_ - z - allowance_);
  upward_ = rising_ >= falling_;
  statistic_ = std::max(rising_, falling_);
  if (statistic_ <= threshold_) return false;
  rising_ = falling_ = 0.0;
  return true;
}

double CusumRunLength(double allowance, double threshold) {
  const double reach = 2.0 * allowance * (threshold + kExcess);
  return (std::expm1(reach) - reach) / (4.0 * allowance * allowance);
}

double CusumThreshold(double allowance, double run_length) {
  PARALLAX_CHECK(allowance > 0.0 && run_length > 1.0);
  double low = 0.0, high = 1.0;
  while (CusumRunLength(allowance, high) < run_length) high *= 2.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (CusumRunLength(allowance, middle) < run_length ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace parallax::signal
