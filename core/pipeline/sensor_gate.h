#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/model.h"
#include "core/signal/clean.h"

namespace parallax::pipeline {

/// A way in which a sensor may misreport that only the twin can reveal, weighed against physics:
/// all parameters are refitted with and without it.
struct SensorHypothesis {
  std::string run;
  signal::SensorFinding finding;
  double gain_nats = 0.0;    ///< log posterior density that it gains over physics alone
  double probability = 0.0;  ///< against physics alone, with a prior of 1 % for a fault
  double explained = 0.0;    ///< share of the misfit left by physics that it removes
};

/// Tests every channel of every run for a drift that starts at some moment, and every pair of
/// channels of one unit for having been exchanged. Returns the hypotheses whose probability is at
/// least 0.5, the most probable first. Errors: those of the twin.
absl::StatusOr<std::vector<SensorHypothesis>> TestSensors(const twin::Twin& twin,
                                                          const Model& model, const MapFit& fit);

}  // namespace parallax::pipeline
