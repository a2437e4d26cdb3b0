#include "core/store/decimal_scale.h"

#include <array>
#include <bit>
#include <cmath>

namespace parallax::store {
namespace {

constexpr std::array<double, kMaxDecimalExponent + 1> kPowers = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

/// Writes round(value * power) and tells whether dividing it again gives the same bits.
inline bool ScaleOne(double value, double power, int64_t* integer) {
  const double scaled = value * power;
  if (!(std::abs(scaled) < kExactIntegers)) return false;
  // From 2^52 on a double is an integer already, and adding a half would move it.
  const double half = std::abs(scaled) < kExactIntegers / 2 ? 0.5 : 0.0;
  *integer = static_cast<int64_t>(scaled + std::copysign(half, scaled));
  const double back = static_cast<double>(*integer) / power;
  return std::bit_cast<uint64_t>(back) == std::bit_cast<uint64_t>(value);
}

/// Least exponent from `from` on that fits one value, or kMaxDecimalExponent + 1.
int FindExponent(double value, int from) {
  int64_t integer = 0;
  int exponent = from;
  while (exponent <= kMaxDecimalExponent && !ScaleOne(value, kPowers[exponent], &integer)) {
    ++exponent;
  }
  return exponent;
}

}  // namespace

double PowerOfTen(int exponent) { return kPowers[static_cast<size_t>(exponent)]; }

bool ScaleToIntegers(std::span<const double> values, ScaledColumn* column) {
  column->exponent = 0;
  column->integers.resize(values.size());
  if (values.empty()) return true;
  // Looking at a few values first saves restarts: most columns have one resolution.
  for (const size_t probe : {size_t{0}, values.size() / 2, values.size() - 1}) {
    column->exponent = FindExponent(values[probe], column->exponent);
    if (column->exponent > kMaxDecimalExponent) return false;
  }
  double power = kPowers[column->exponent];
  for (size_t i = 0; i < values.size();) {
    if (ScaleOne(values[i], power, &column->integers[i])) {
      ++i;
      continue;
    }
    column->exponent = FindExponent(values[i], column->exponent + 1);
    if (column->exponent > kMaxDecimalExponent) return false;
    power = kPowers[column->exponent];
    i = 0;
  }
  return true;
}

void UnscaleIntegers(std::span<const int64_t> integers, int exponent, std::span<double> values) {
  const double power = PowerOfTen(exponent);
  for (size_t i = 0; i < integers.size(); ++i) {
    values[i] = static_cast<double>(integers[i]) / power;
  }
}

}  // namespace parallax::store
