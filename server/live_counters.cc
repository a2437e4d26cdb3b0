#include "server/live_counters.h"

#include <string_view>

#include "absl/strings/ascii.h"

namespace parallax::server {
namespace {

constexpr std::string_view kDetectionPrefix = "DETECTION_KIND_";

}  // namespace

std::string DetectionName(v1::DetectionKind kind) {
  const std::string& name = v1::DetectionKind_Name(kind);
  return absl::AsciiStrToLower(name.substr(kDetectionPrefix.size()));
}

LiveCounters::LiveCounters() {
  for (int kind = v1::DetectionKind_MIN; kind <= v1::DetectionKind_MAX; ++kind) {
    if (kind == v1::DETECTION_KIND_UNSPECIFIED || !v1::DetectionKind_IsValid(kind)) continue;
    counts_.detections[DetectionName(static_cast<v1::DetectionKind>(kind))] = 0;
  }
}

}  // namespace parallax::server
