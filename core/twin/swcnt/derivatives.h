#pragma once

#include <algorithm>
#include <type_traits>

#include "core/twin/jet.h"
#include "core/twin/swcnt/parameters.h"

/// The scalars of the model's parts. For derivatives each part carries those by the parameters that
/// it depends on, and no more: gas by six, growth by the twenty before kDp0, particles and
/// chirality by all. Nothing that an instrument reads, and no height, depends on kDp0 and after.
namespace parallax::twin::swcnt {

/// Derivatives by kBTc … kKg0: of gas, which dwells in a preheater or in the tube, and of a heater
/// that follows its own thermocouple or stands in a tube. Only a stage's controller answers to the
/// substrate, and through it to all that grows.
using GasJet = Jet<kKg0 - kBTc + 1>;
using GrowthJet = Jet<kDp0>;       ///< by kK0 … kHd
using FullJet = Jet<kParameters>;  ///< by all

struct PlainScalars {
  using Heater = double;
  using Gas = double;
  using Growth = double;
  using Full = double;
};
template <typename HeaterJet>
struct JetScalars {
  using Heater = HeaterJet;
  using Gas = GasJet;
  using Growth = GrowthJet;
  using Full = FullJet;
};

/// The parameter that is a jet's first.
template <typename J>
inline constexpr int kFirstParameter = std::is_same_v<J, GasJet> ? kBTc : 0;

/// A number as another of these scalars. Derivatives by parameters that `From` has not are zero;
/// those that `To` has not are left out.
template <typename To, typename From>
To Cast(const From& x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else {
    constexpr int kShift = kFirstParameter<From> - kFirstParameter<To>;  // place in To of From's 0
    To y(x.a);
    if constexpr (kShift >= 0) {
      constexpr int kCount = std::min(From::kWidth, To::kWidth - kShift);
      y.v.template segment<kCount>(kShift) = x.v.template head<kCount>();
    } else {
      constexpr int kCount = std::min(From::kWidth + kShift, To::kWidth);
      y.v.template head<kCount>() = x.v.template segment<kCount>(-kShift);
    }
    return y;
  }
}

}  // namespace parallax::twin::swcnt
