#include "client/lib/sample_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/str_format.h"

namespace parallax::client {

std::string ExactText(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), result.ptr);
}

std::string QualityText(char byte) {
  constexpr std::array<const char*, 3> kLevels = {"good", "uncertain", "bad"};
  const auto bits = static_cast<unsigned char>(byte);
  const size_t level = std::min<size_t>(bits >> 4, kLevels.size() - 1);
  const int reason = bits & 0x0f;
  return reason == 0 ? kLevels[level] : absl::StrFormat("%s:%d", kLevels[level], reason);
}

}  // namespace parallax::client
