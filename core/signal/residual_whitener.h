#pragma once

#include <limits>

namespace parallax::signal {

/// A residual of a channel against its prediction, and how far it may be off for each reason. All
/// in one unit.
struct ResidualReading {
  double time_s = 0.0;  ///< increasing from reading to reading
  double value = 0.0;
  double offset_sd = 0.0;  ///< the same all run long
  double wander_sd = 0.0;  ///< correlated over the whitener's time
  double white_sd = 0.0;   ///< independent from reading to reading, > 0
};

/// Turns autocorrelated residuals into independent standard normal ones, where the model
///   r(t) = offset_sd(t) b + wander_sd(t) u(t) + e(t)
/// holds with b ~ N(0, 1), u an Ornstein-Uhlenbeck process of unit variance, e white: what the
/// readings before do not tell of this one, in its own sds (the innovations of a Kalman filter of
/// the state (b, u)). One-owner, not thread-safe.
/// Source: Durbin and Koopman, Time Series Analysis by State Space Methods (2012), 4.3 and 7.2.
class ResidualWhitener {
 public:
  /// @param wander_s  correlation time of u, > 0.
  explicit ResidualWhitener(double wander_s) : wander_s_(wander_s) {}

  /// @return the innovation in its own sds.
  double Add(const ResidualReading& reading);
  /// Variance of the last innovation, before it was standardised.
  double variance() const { return variance_; }

 private:
  double wander_s_;
  double last_s_ = -std::numeric_limits<double>::infinity();
  double offset_ = 0.0, wander_ = 0.0;  ///< means of b and u
  double p_offset_ = 1.0, p_cross_ = 0.0, p_wander_ = 1.0;
  double variance_ = 0.0;
};

}  // namespace parallax::signal
