#include "core/pipeline/chirality.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_format.h"

namespace parallax::pipeline {
namespace {

template <typename Right>
double Success(const std::vector<ChiralityCall>& calls, Right right) {
  if (calls.empty()) return std::nan("");
  return static_cast<double>(std::count_if(calls.begin(), calls.end(), right)) /
         static_cast<double>(calls.size());
}

}  // namespace

double DiameterNm(const Chirality& species) {
  constexpr double kLatticeNm = 0.246;
  const double n = species.n, m = species.m;
  return kLatticeNm / M_PI * std::sqrt(n * n + n * m + m * m);
}

std::string ToString(const Chirality& species) {
  return absl::StrFormat("(%d,%d)", species.n, species.m);
}

std::optional<Chirality> SpeciesOf(const std::string& outcome) {
  Chirality species;
  if (std::sscanf(outcome.c_str(), "share_%d_%d", &species.n, &species.m) != 2) return std::nullopt;
  return species;
}

std::optional<Chirality> SpeciesOfLine(const std::string& outcome) {
  Chirality species;
  if (std::sscanf(outcome.c_str(), "rbm_%d_%d", &species.n, &species.m) != 2) return std::nullopt;
  return species;
}

std::optional<Chirality> DominantMeasured(const std::optional<signal::Outcome>& outcome) {
  if (!outcome.has_value() || outcome->chirality.empty()) return std::nullopt;
  const auto largest =
      std::max_element(outcome->chirality.begin(), outcome->chirality.end(),
                       [](const signal::ChiralityShare& a, const signal::ChiralityShare& b) {
                         return a.share < b.share;
                       });
  return Chirality{largest->n, largest->m};
}

std::optional<Chirality> DominantPredicted(const twin::Description& description,
                                           const Eigen::VectorXd& outcome) {
  std::optional<Chirality> dominant;
  double largest = 0.0;
  for (size_t i = 0; i < description.outcomes.size(); ++i) {
    const double share = outcome(static_cast<Eigen::Index>(i));
    if (!(share > largest)) continue;
    const std::optional<Chirality> species = SpeciesOf(description.outcomes[i].channel_id);
    if (!species.has_value()) continue;
    dominant = species;
    largest = share;
  }
  return dominant;
}

double SuccessBefore(const std::vector<ChiralityCall>& calls) {
  return Success(calls, [](const ChiralityCall& call) { return call.before == call.measured; });
}

double SuccessAfter(const std::vector<ChiralityCall>& calls) {
  const bool predicted = std::all_of(
      calls.begin(), calls.end(), [](const ChiralityCall& call) { return call.after.has_value(); });
  if (!predicted) return std::nan("");
  return Success(calls, [](const ChiralityCall& call) { return call.after == call.measured; });
}

}  // namespace parallax::pipeline
