#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/status.h"

namespace parallax::server {

/// Checks shared by the parts of convert; each names the field by its path.

inline absl::Status CheckText(std::string_view field, std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return absl::OkStatus();
  return InvalidField(field, text, absl::StrFormat("at most %u bytes", max_bytes));
}

inline absl::Status CheckCount(std::string_view field, int64_t count, int64_t max_count) {
  if (count <= max_count) return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("%d entries", count),
                      absl::StrFormat("at most %d entries", max_count));
}

inline absl::Status CheckEtagGiven(std::string_view method, std::string_view etag) {
  if (!etag.empty()) return absl::OkStatus();
  return InvalidField("etag", "", absl::StrFormat("the etag that %s returned", method),
                      "read it, decide, send its etag back");
}

inline absl::Status CheckNumber(std::string_view field, double value, double low, double high,
                                std::string_view bound) {
  if (std::isfinite(value) && value >= low && value <= high) return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("%g", value), bound);
}

inline absl::Status CheckFinite(std::string_view field, double value) {
  return CheckNumber(field, value, std::numeric_limits<double>::lowest(),
                     std::numeric_limits<double>::max(), "finite");
}

inline absl::Status CheckPositive(std::string_view field, double value) {
  if (std::isfinite(value) && value > 0.0) return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("%g", value), "> 0");
}

inline absl::Status CheckNotNegative(std::string_view field, double value) {
  return CheckNumber(field, value, 0.0, std::numeric_limits<double>::max(), ">= 0");
}

}  // namespace parallax::server
