#pragma once

#include "core/calibration/least_squares.h"

namespace parallax::pipeline {

/// Limits and tolerances of every fit of a search among causes: looser than those of a board's fit,
/// since hundreds of candidates are refitted and only differences of whole nats decide.
calibration::LeastSquaresOptions CampaignSolverOptions();

}  // namespace parallax::pipeline
