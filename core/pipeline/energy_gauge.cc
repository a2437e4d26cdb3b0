#include "core/pipeline/energy_gauge.h"

#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/divergence/displaced_normal.h"
#include "core/divergence/resampling.h"
#include "core/pipeline/divergences.h"

namespace parallax::pipeline {

EnergyGauge::EnergyGauge(Eigen::Index runs, Eigen::Index scores, uint64_t seed) {
  const RightTwins twins = IndependentTwins(runs, scores, 0, seed);
  std::vector<double> distance(twins.scores.size());
  base::ParallelFor(distance.size(), [&](size_t i) {
    distance[i] = divergence::DisplacedEnergyDistance(twins.scores[i]);
  });
  for (const double one : distance) centre_ += one / static_cast<double>(distance.size());
  floor_ = divergence::Quantile(std::move(distance), 0.95) - centre_;
}

double EnergyGauge::Excess(const Eigen::MatrixXd& scores) const {
  return divergence::DisplacedEnergyDistance(scores) - centre_;
}

}  // namespace parallax::pipeline
