#pragma once

#include <string>

#include "core/pipeline/analysis.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/support/threads.h"

namespace parallax::pipeline::testing {

/// As small as a campaign can be and still be calibrated and proved.
inline const Campaign& Smallest() {
  static const Campaign* const campaign = new Campaign(Plant({.bench = Bench::kForest,
                                                              .seed = 34,
                                                              .shifts = {{"vd0", 3.0}},
                                                              .calibrate_runs = 2,
                                                              .validate_runs = 1,
                                                              .grow_s = 300.0})
                                                           .value());
  return *campaign;
}

/// Its report with seed 5, made once in a process.
inline const std::string& SmallestReport() {
  static const std::string* const report =
      new std::string(test_support::OnThreads(2, [] { return Analyze(Smallest().Input(5), GoOn); })
                          .value()
                          .report_json);
  return *report;
}

}  // namespace parallax::pipeline::testing
