#include "core/attribution/detectable.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/normal.h"

namespace parallax::attribution {

double DetectableShift(double norm, double nats) {
  if (norm == 0.0) return std::numeric_limits<double>::infinity();
  const double squared = norm * norm;
  // cᵀy = s² z + s ε must reach this.
  const double asked = std::sqrt((2.0 * nats + std::log1p(squared)) * (1.0 + squared));
  return (asked + base::kCentral90 * norm) / squared;
}

std::string TellDetectable(const std::vector<ParameterEvidence>& parameters, double widest) {
  std::vector<const ParameterEvidence*> seen;
  std::vector<std::string> unseen;
  for (const ParameterEvidence& one : parameters) {
    if (std::isnan(one.detectable_sd)) continue;
    if (one.detectable_sd <= widest) {
      seen.push_back(&one);
    } else {
      unseen.push_back(one.name);
    }
  }
  if (seen.empty() && unseen.empty()) return "";
  const std::string others = absl::StrJoin(unseen, ", ");
  if (seen.empty()) {
    return absl::StrFormat(
        "; a shift of %s alone would not surely have been seen within %.2g prior sds", others,
        widest);
  }
  const auto [least, most] = std::minmax_element(
      seen.begin(), seen.end(), [](const ParameterEvidence* a, const ParameterEvidence* b) {
        return a->detectable_sd < b->detectable_sd;
      });
  const std::string range =
      seen.size() == 1
          ? absl::StrFormat("%.2g prior sds (%s)", (*least)->detectable_sd, (*least)->name)
          : absl::StrFormat("%.2g (%s) to %.2g prior sds (%s)", (*least)->detectable_sd,
                            (*least)->name, (*most)->detectable_sd, (*most)->name);
  std::string text = "; a shift of one assumption alone would have been seen beyond " + range;
  if (!others.empty()) {
    absl::StrAppendFormat(&text, ", but of %s not surely within %.2g", others, widest);
  }
  return text;
}

}  // namespace parallax::attribution
