#pragma once

namespace parallax::base {

/// Constants of the standard normal distribution.
inline constexpr double kLogTwoPi = 1.8378770664093454836;
inline constexpr double kLogSqrtTwoPi = 0.5 * kLogTwoPi;
inline constexpr double kCentral50 = 0.67448975019608174320;  ///< half width of its central 50 %
inline constexpr double kCentral90 = 1.64485362695147271486;  ///< … 90 %

}  // namespace parallax::base
