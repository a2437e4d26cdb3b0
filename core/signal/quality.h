#pragma once

#include <cstdint>
#include <string_view>

namespace parallax::signal {

/// OPC UA's three levels (IEC 62541-8).
enum class QualityLevel : uint8_t { kGood = 0, kUncertain = 1, kBad = 2 };

/// Why a sample is not simply good. The numbers are stored: never renumber.
enum class QualityReason : uint8_t {
  kNone = 0,
  kOutOfRange = 1,     ///< outside the channel's range
  kSpike = 2,          ///< Hampel test
  kStuck = 3,          ///< run of equal values longer than quantisation explains
  kCensored = 4,       ///< at an instrument's floor: known only to lie beyond it
  kStale = 5,          ///< first row repeated from before the run
  kDuplicate = 6,      ///< same device time as an earlier row
  kBackwardClock = 7,  ///< device time earlier than an earlier row's
  kClockJump = 8,      ///< after an unexplained step of the device clock
  kDrift = 9,          ///< in a stretch where the sensor drifts against its reference
  kSwapped = 10,       ///< in a channel exchanged with another
};

struct Quality {
  QualityLevel level = QualityLevel::kGood;
  QualityReason reason = QualityReason::kNone;
  friend bool operator==(const Quality&, const Quality&) = default;
};

/// Upper-case name of a reason: "SPIKE".
std::string_view ReasonName(QualityReason reason);

/// One byte: level in the high nibble, reason in the low.
constexpr uint8_t PackQuality(Quality q) {
  return static_cast<uint8_t>((static_cast<uint8_t>(q.level) << 4) |
                              static_cast<uint8_t>(q.reason));
}
constexpr Quality UnpackQuality(uint8_t byte) {
  return {static_cast<QualityLevel>(byte >> 4), static_cast<QualityReason>(byte & 0x0f)};
}

}  // namespace parallax::signal
