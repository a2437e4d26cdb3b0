#pragma once

#include <string>
#include <vector>

#include "core/attribution/verdict.h"
#include "core/pipeline/attribute.h"
#include "core/pipeline/report.h"
#include "core/pipeline/sensor_gate.h"

namespace parallax::pipeline {

/// Brings all figures of an analysis into the plain numbers that a verdict is made from.
attribution::Evidence SummariseEvidence(const Model& model, const MapFit& fit,
                                        const GapSummary& gap, const GapMeter& meter,
                                        const Attribution& attribution,
                                        const std::vector<RunFinding>& findings,
                                        const std::vector<SensorHypothesis>& sensors,
                                        std::vector<attribution::ChannelMisfit> misfit);

/// What the calibrate runs cannot show, in sentences made from what was found.
std::vector<std::string> Limits(const Model& model, const Attribution& attribution);

}  // namespace parallax::pipeline
