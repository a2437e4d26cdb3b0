#include "client/cli/age.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace parallax::client {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

}  // namespace

bool ParseAge(const std::string& text, absl::Duration* age) {
  if (text.empty()) return false;
  double days = 0.0;
  if (text.back() == 'd' && absl::SimpleAtod(text.substr(0, text.size() - 1), &days)) {
    *age = kDay * days;
    return true;
  }
  return absl::ParseDuration(text, age);
}

std::string AgeText(absl::Duration age) {
  if (age % kDay != absl::ZeroDuration()) return absl::FormatDuration(age);
  return absl::StrFormat("%dd", age / kDay);
}

}  // namespace parallax::client
