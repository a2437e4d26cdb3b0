#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parallax::twin {

/// Two causes that can pass for one another, and the experiment whose readings they change
/// differently.
struct Separation {
  std::vector<std::string> one, other;  ///< parameters, any of which is that cause
  std::string experiment;               ///< "runs on two substrate thicknesses"
};

/// The pairs of a twin for which an experiment is known; what is not listed is told apart by the
/// best signal of each parameter.
std::vector<Separation> SeparationsIn(std::string_view twin);

}  // namespace parallax::twin
