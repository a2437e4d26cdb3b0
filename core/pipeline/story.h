#pragma once

#include <string>
#include <vector>

namespace parallax::pipeline {

/// Dominant species of one held-out run in four worlds, "(7,6)".
struct CounterfactualCall {
  std::string run;
  std::string measured;
  std::string as_assumed;     ///< predicted
  std::string as_calibrated;  ///< predicted
  std::string imagined;       ///< this very run, had what was calibrated been as assumed
  std::string sentence;
};

/// What a report says in words. Every sentence is made of its figures.
struct Story {
  std::vector<std::string> explanation;  ///< effects first, then what was ruled out
  std::vector<CounterfactualCall> counterfactuals;
  std::string measure_next;  ///< empty where no measurement would change the verdict
};

}  // namespace parallax::pipeline
