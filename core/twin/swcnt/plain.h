#pragma once

#include <array>
#include <limits>

#include "core/twin/predict.h"
#include "core/twin/swcnt/model.h"
#include "core/twin/swcnt/outcome.h"

namespace parallax::twin::swcnt {

/// Leaves no number where the drive's rig has no such output.
inline void ClearAbsent(const Drive& drive, Prediction* prediction) {
  for (int output = 0; output < kDriveOutputs; ++output) {
    if (!IsAbsent(drive, output)) continue;
    prediction->outputs.col(output).setConstant(std::numeric_limits<double>::quiet_NaN());
  }
}

/// Fills a shaped prediction, without derivatives; the ranges reached.
template <typename Taps>
Reach PredictPlain(const SwcntOptions& options, const Eigen::Ref<const Eigen::VectorXd>& parameters,
                   const Drive& drive, const Taps& taps, Prediction* prediction) {
  const auto p = PlainParameters<kParameters>(parameters);
  Simulation<PlainScalars, Taps> simulation(p, drive, options, kStepsPerRow, taps);
  ClearAbsent(drive, prediction);
  simulation.Run([&](Eigen::Index row, int output, double reading) {
    prediction->outputs.coeffRef(row, output) = reading;
  });
  const auto abundance = SumOverWindow(options.chirality, simulation.sample().window,
                                       EdgeEnergies<double>{p[kSigmaP], p[kDgamma], p[kEpsKink]});
  const auto outcome = Outcomes(abundance, simulation.sample(), simulation.setup());
  for (size_t k = 0; k < outcome.size(); ++k) {
    prediction->outcome[static_cast<Eigen::Index>(k)] = outcome[k];
  }
  return simulation.reach();
}

/// The same with a tape. In a file of its own: beside the other instantiations of the model it
/// would use up what the compiler inlines in one file, and cost their derivatives a quarter of
/// their speed.
Reach PredictTaped(const SwcntOptions& options, const Eigen::Ref<const Eigen::VectorXd>& parameters,
                   const Drive& drive, Tape* tape, Prediction* prediction);

}  // namespace parallax::twin::swcnt
