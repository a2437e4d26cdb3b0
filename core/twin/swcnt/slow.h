#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "core/twin/jet.h"
#include "core/twin/swcnt/constants.h"

/// exp, log and powers of what moves little from one step to the next. A memory keeps the last
/// argument at which the function was worked out in full; near it a short series does, to a few
/// parts in 1e16. What a call returns depends on the calls before by no more than that.
namespace parallax::twin::swcnt {

/// exp(x): in full, or exp(x0) times the series of exp(x - x0) to the sixth power, whose next term
/// is below (1/64)^7 / 7! = 5e-17.
class SlowExp {
 public:
  template <typename X>
  auto operator()(const X& x) {
    const double value = Of(Value(x));
    return ChainRule(value, value, x);
  }

 private:
  double Of(double x) {
    const double d = x - at_;
    if (!(std::abs(d) < 1.0 / 64)) return Anew(x);
    const double d2 = d * d;
    const double high = (1.0 / 24 + d * (1.0 / 120)) + d2 * (1.0 / 720);
    return value_ + value_ * (d + d2 * ((1.0 / 2 + d * (1.0 / 6)) + d2 * high));
  }

  double Anew(double x) {
    at_ = x;
    return value_ = std::exp(x);
  }

  double at_ = 0.0;  ///< x0
  double value_ = 1.0;
};

/// log(x): in full, or log(x0) plus the series of log(1 + r), r = x / x0 - 1, to the seventh power,
/// whose next term is below (1/128)^8 / 8 = 2e-18.
class SlowLog {
 public:
  template <typename X>
  auto operator()(const X& x) {
    const double plain = Value(x);
    return ChainRule(Of(plain), 1.0 / plain, x);
  }

 private:
  double Of(double x) {
    const double r = (x - at_) * inverse_;
    if (!(std::abs(r) < 1.0 / 128)) return Anew(x);
    const double r2 = r * r;
    const double high = (1.0 / 5 - r * (1.0 / 6)) + r2 * (1.0 / 7);
    return value_ + (r - r2 * ((1.0 / 2 - r * (1.0 / 3)) + r2 * ((1.0 / 4) - r * high)));
  }

  double Anew(double x) {
    at_ = x;
    inverse_ = 1.0 / x;
    return value_ = std::log(x);
  }

  double at_ = 1.0;       ///< x0
  double inverse_ = 1.0;  ///< 1 / x0
  double value_ = 0.0;
};

/// x^p of an exponent that stays: in full, or x0^p times the binomial series of (1 + r)^p,
/// r = x / x0 - 1, to the seventh power. Where |p r| and |r| are below 1/128 its next term is below
/// (1/128)^8 = 1.4e-17.
class SlowPower {
 public:
  template <typename X, typename P>
  auto operator()(const X& x, const P& p) {
    const double value = Of(Value(x), Value(p));
    if constexpr (JetExpression<X>) {
      return ChainRule(value, Value(p) * value / x.a, x, value * log_(x.a), p);
    } else {
      return value;
    }
  }

 private:
  double Of(double x, double p) {
    const double r = (x - at_) * inverse_;
    if (!(std::abs(r) < near_) || p != p_) return Anew(x, p);
    const double r2 = r * r;
    const double high = (c_[4] + r * c_[5]) + r2 * c_[6];
    return value_ + value_ * r * ((c_[0] + r * c_[1]) + r2 * ((c_[2] + r * c_[3]) + r2 * high));
  }
  double Anew(double x, double p) {
    at_ = x;
    inverse_ = 1.0 / x;
    p_ = p;
    near_ = 1.0 / (128.0 * std::max(1.0, std::abs(p)));
    double c = 1.0;
    for (int k = 0; k < 7; ++k) {
      c *= (p - k) / (k + 1);
      c_[static_cast<size_t>(k)] = c;
    }
    return value_ = std::exp(p * std::log(x));
  }

  double at_ = 1.0;       ///< x0
  double inverse_ = 1.0;  ///< 1 / x0
  double p_ = 0.0;
  double near_ = 0.0;          ///< how large r may be
  std::array<double, 7> c_{};  ///< p over 1, over 2, ...
  double value_ = 1.0;
  SlowLog log_;  ///< for the derivative by p
};

}  // namespace parallax::twin::swcnt
