#include "core/signal/residual_whitener.h"

#include <cmath>

namespace parallax::signal {

double ResidualWhitener::Add(const ResidualReading& reading) {
  const double kept = std::exp(-(reading.time_s - last_s_) / wander_s_);
  last_s_ = reading.time_s;
  wander_ *= kept;
  p_cross_ *= kept;
  p_wander_ = 1.0 - kept * kept * (1.0 - p_wander_);

  const double a = reading.offset_sd, c = reading.wander_sd,
               r = reading.white_sd * reading.white_sd;
  const double to_offset = a * p_offset_ + c * p_cross_;
  const double to_wander = a * p_cross_ + c * p_wander_;
  variance_ = a * to_offset + c * to_wander + r;
  const double innovation = reading.value - a * offset_ - c * wander_;
  const double gain_offset = to_offset / variance_, gain_wander = to_wander / variance_;
  offset_ += gain_offset * innovation;
  wander_ += gain_wander * innovation;
  // Joseph's form: a sum of positive terms stays positive.
  const double keep_b = 1.0 - gain_offset * a, lose_b = -gain_offset * c;
  const double lose_u = -gain_wander * a, keep_u = 1.0 - gain_wander * c;
  const double b_b = keep_b * p_offset_ + lose_b * p_cross_;
  const double b_u = keep_b * p_cross_ + lose_b * p_wander_;
  const double u_b = lose_u * p_offset_ + keep_u * p_cross_;
  const double u_u = lose_u * p_cross_ + keep_u * p_wander_;
  p_offset_ = b_b * keep_b + b_u * lose_b + r * gain_offset * gain_offset;
  p_cross_ = b_b * lose_u + b_u * keep_u + r * gain_offset * gain_wander;
  p_wander_ = u_b * lose_u + u_u * keep_u + r * gain_wander * gain_wander;
  return innovation / std::sqrt(variance_);
}

}  // namespace parallax::signal
