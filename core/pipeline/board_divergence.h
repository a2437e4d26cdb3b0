#pragma once

#include <Eigen/Dense>
#include <cstdint>

#include "absl/status/statusor.h"
#include "core/pipeline/divergences.h"
#include "core/pipeline/gap.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {

/// The same comparison where whole courses are fitted: a channel's blocks in a run (GapMeter) are
/// reduced to their level and their trend, and their windows tell where the gap opens. There is no
/// latent space. Fewer than kFewestRuns runs, as most such rigs have, give the reason alone.
/// @param assumed  residuals [SI] of the simulation as assumed.   @param fitted  at the fit.
/// Errors: InvalidArgument on a residual that is not finite.
absl::StatusOr<Divergences> CompareBoards(const Model& model, const GapMeter& meter,
                                          const Eigen::VectorXd& assumed,
                                          const Eigen::VectorXd& fitted, uint64_t seed);

}  // namespace parallax::pipeline
