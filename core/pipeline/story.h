#pragma once

#include <string>
#include <vector>

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
};

/// What a report says in words. Every sentence is made of its figures.
struct Story {
  std::vector<std::string> explanation;  ///< effects first, then what was ruled out
  std::vector<CounterfactualCall> counterfactuals;
  std::string measure_next;  ///< empty where no measurement would change the verdict
};

}  // namespace parallax::pipeline
