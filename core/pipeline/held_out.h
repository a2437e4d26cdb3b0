#pragma once

#include <string>
#include <vector>

#include "core/pipeline/fit.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Observes runs that are held out and predicts each once as assumed and once at the fit. Held-out
/// runs must not be able to stop the analysis of the others: one that cannot be observed or
/// predicted is left out.
/// @param space     of the fit.
/// @param unusable  receives a sentence for each that is left out.
std::vector<RunObservations> ObserveHeldOut(const signal::Rig& rig, const twin::Twin& twin,
                                            const std::vector<signal::RunRecord>& records,
                                            const ParameterSpace& space, const MapFit& fit,
                                            std::vector<std::string>* unusable);

}  // namespace parallax::pipeline
