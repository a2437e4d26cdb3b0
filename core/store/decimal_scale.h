#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace parallax::store {

/// Instruments send decimals: 21.35 is the double nearest to 2135 / 10². Such columns are stored as
/// integers, and every bit comes back.

inline constexpr int kMaxDecimalExponent = 15;

/// Integers i with value = i / 10^exponent, bit for bit.
struct ScaledColumn {
  int exponent = 0;
  std::vector<int64_t> integers;
};

/// Finds the least exponent k ≤ 15 such that every value equals round(v·10^k) / 10^k bit for bit
/// with |v·10^k| < 2^53, and the integers. False where there is none (full-precision values, -0.0).
/// `column` may have held another: its memory is used again.
bool ScaleToIntegers(std::span<const double> values, ScaledColumn* column);

/// 10^exponent; exact for exponents up to 22. REQUIRES: 0 ≤ exponent ≤ kMaxDecimalExponent.
double PowerOfTen(int exponent);

/// Inverse: i / 10^exponent for each integer.
void UnscaleIntegers(std::span<const int64_t> integers, int exponent, std::span<double> values);

}  // namespace parallax::store
