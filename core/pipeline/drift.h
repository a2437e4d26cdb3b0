#pragma once

#include <Eigen/Dense>
#include <optional>

#include "absl/status/statusor.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {

/// The explanation of the runs by physics and one channel that drifts from some moment on.
struct Drift {
  double onset_s = 0.0;
  double off = 0.0;           ///< what the channel is off by at its last bin [SI]
  double rate = 0.0;          ///< off / time since the onset [SI/s]
  double scale = 0.0;         ///< of the channel's residual without it, physics refitted [SI]
  double gain_nats = 0.0;     ///< over physics with its own steps, each step priced on either side
  double physics_nats = 0.0;  ///< misfit of physics with its own steps, priced
};

/// The best drift of one channel of one run, against physics on equal terms: all parameters are
/// refitted, and the steps of the run are sought anew beside the drift, since steps can imitate a
/// drift as a staircase and a drift can imitate steps. Either side pays DriftRules::step_price_nats
/// a step. Onsets are ranked by what a fit linearised with and without the run's steps would gain,
/// and the best of them fitted. Empty where the channel has too few bins. Errors: those of the
/// twin.
absl::StatusOr<std::optional<Drift>> FindDrift(const twin::Twin& twin, const Model& model,
                                               const MapFit& fit, const RowBlock& block);

}  // namespace parallax::pipeline
