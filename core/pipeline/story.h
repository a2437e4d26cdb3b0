#pragma once

#include <string>
#include <vector>

#include "core/causal/counterfactual.h"
#include "core/causal/replay.h"
#include "core/pipeline/chirality.h"

namespace parallax::pipeline {

/// Share of one species in a held-out run: measured (NaN: not) and in two predictions.
struct HeldOutShare {
  Chirality species;
  double measured = 0.0;
  double as_assumed = 0.0;
  double as_calibrated = 0.0;
};

/// Dominant species of one held-out run in four worlds, "(7,6)".
struct CounterfactualCall {
  std::string run;
  std::string measured;
  std::string as_assumed;     ///< predicted
  std::string as_calibrated;  ///< predicted
  std::string imagined;       ///< this very run, had what was calibrated been as assumed
  std::string sentence;
  std::vector<HeldOutShare> shares;  ///< of species with at least 1 % in any of the three
  /// Calls over draws of the posterior of what was calibrated, the rest as assumed; empty where
  /// calibrating does not change the call.
  causal::DrawnCalls drawn{};
};

/// What one calibrated mechanism alone does to one observable, in the calibrate run in which
/// everything calibrated changes it most.
struct MechanismEffect {
  std::string run;
  std::string mechanism;   ///< "substrate_conductivity"
  std::string observable;  ///< in words: "mean tube diameter"
  std::string unit;
  causal::MediatedEffect effect;  ///< no mediators where it is too small to count
};

/// What a report says in words. Every sentence is made of its figures.
struct Story {
  std::vector<std::string> explanation;    ///< effects first, then what was ruled out
  std::vector<MechanismEffect> effects{};  ///< by observable, then in the twin's order
  std::vector<CounterfactualCall> counterfactuals;
  std::string measure_next;  ///< empty where no measurement would change the verdict
};

}  // namespace parallax::pipeline
