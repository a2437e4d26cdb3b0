#pragma once

#include <array>

#include "core/twin/predict.h"
#include "core/twin/swcnt/model.h"
#include "core/twin/swcnt/outcome.h"

namespace parallax::twin::swcnt {

/// Fills a shaped prediction, without derivatives; the ranges reached.
template <typename Taps>
Reach PredictPlain(const SwcntOptions& options, const Eigen::Ref<const Eigen::VectorXd>& parameters,
                   const Drive& drive, const Taps& taps, Prediction* prediction) {
  const auto p = PlainParameters<kParameters>(parameters);
  Simulation<double, Taps> simulation(p, drive, options, kStepsPerRow, taps);
  simulation.Run([&](Eigen::Index row, const std::array<double, kDriveOutputs>& r) {
    for (size_t k = 0; k < r.size(); ++k) {
      prediction->outputs(row, static_cast<Eigen::Index>(k)) = r[k];
    }
  });
  const auto abundance = SumOverWindow(options.chirality, simulation.sample().window,
                                       EdgeEnergies<double>{p[kSigmaP], p[kDgamma], p[kEpsKink]});
  const auto outcome = Outcomes(abundance, simulation.sample(), simulation.setup());
  for (size_t k = 0; k < outcome.size(); ++k) {
    prediction->outcome[static_cast<Eigen::Index>(k)] = outcome[k];
  }
  return simulation.reach();
}

/// The same with a tape. In a file of its own: beside the other two instantiations of the model it
/// would use up what the compiler inlines in one file, and cost their derivatives a quarter of
/// their speed.
Reach PredictTaped(const SwcntOptions& options, const Eigen::Ref<const Eigen::VectorXd>& parameters,
                   const Drive& drive, Tape* tape, Prediction* prediction);

}  // namespace parallax::twin::swcnt
