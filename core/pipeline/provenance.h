#pragma once

#include "core/calibration/least_squares.h"
#include "core/calibration/parameter_set.h"
#include "core/pipeline/analysis.h"

namespace parallax::pipeline {

/// What a set, or a report, is made from. Only calibrate runs inform a set, so only they are named;
/// held-out runs appear in the validation alone.
/// @param solver  of the fits that the analysis of this twin makes.
calibration::Provenance MakeProvenance(const AnalysisInput& input,
                                       const calibration::LeastSquaresOptions& solver);

}  // namespace parallax::pipeline
