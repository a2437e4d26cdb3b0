#include "core/signal/quality.h"

namespace parallax::signal {

std::string_view ReasonName(QualityReason reason) {
  switch (reason) {
    case QualityReason::kNone:
      return "NONE";
    case QualityReason::kOutOfRange:
      return "OUT_OF_RANGE";
    case QualityReason::kSpike:
      return "SPIKE";
    case QualityReason::kStuck:
      return "STUCK";
    case QualityReason::kCensored:
      return "CENSORED";
    case QualityReason::kStale:
      return "STALE";
    case QualityReason::kDuplicate:
      return "DUPLICATE";
    case QualityReason::kBackwardClock:
      return "BACKWARD_CLOCK";
    case QualityReason::kClockJump:
      return "CLOCK_JUMP";
    case QualityReason::kDrift:
      return "DRIFT";
    case QualityReason::kSwapped:
      return "SWAPPED";
  }
  return "UNKNOWN";
}

}  // namespace parallax::signal
