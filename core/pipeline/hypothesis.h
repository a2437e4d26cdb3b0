#pragma once

#include <string>

namespace parallax::pipeline {

/// What kind of thing a hypothesis blames.
enum class TermKind {
  kParameter,  ///< an assumption of the twin is wrong
  kSensor,     ///< an instrument misreports
  kMissing,    ///< a mechanism that the twin lacks shows in one observable
};

/// A hypothesis and what it is worth, as a report lists it.
struct HypothesisSummary {
  std::string name;
  TermKind kind = TermKind::kParameter;
  double pip = 0.0;
  double loss_without = 0.0;  ///< nats
  double gain_alone = 0.0;    ///< nats over the model in which everything is as assumed
  double shift_sd = 0.0;  ///< of a parameter where it is set free alone, from its prior's centre
};

}  // namespace parallax::pipeline
