#include "core/pipeline/energy_gauge.h"

#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/divergence/displaced_normal.h"
#include "core/pipeline/divergences.h"

namespace parallax::pipeline {
namespace {

constexpr uint64_t kExcessStream = 0x656e6572;  // "ener"

}  // namespace

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

absl::StatusOr<divergence::Interval> EnergyGauge::ExcessInterval(const Eigen::MatrixXd& scores,
                                                                 uint64_t seed) const {
  const divergence::DisplacedEnergy energy(scores);
  return divergence::ExcessInterval(
      static_cast<int>(scores.rows()),
      [&energy](const std::vector<int>& chosen) { return energy.OfDraw(chosen); }, centre_,
      {.seed = seed, .stream = kExcessStream});
}

absl::StatusOr<EnergyGap> MeasureEnergyGap(const EnergyGauge& gauge, const Eigen::MatrixXd& before,
                                           const Eigen::MatrixXd& after, uint64_t seed) {
  EnergyGap gap{.floor = gauge.floor()};
  PARALLAX_ASSIGN_OR_RETURN(gap.before, gauge.ExcessInterval(before, seed));
  PARALLAX_ASSIGN_OR_RETURN(gap.after, gauge.ExcessInterval(after, seed));
  return gap;
}

absl::StatusOr<EnergyGap> MeasureEnergyGap(const Eigen::MatrixXd& before,
                                           const Eigen::MatrixXd& after, uint64_t seed) {
  if (before.cols() == 0) return EnergyGap{};
  return MeasureEnergyGap(EnergyGauge(before.rows(), before.cols(), seed), before, after, seed);
}

}  // namespace parallax::pipeline
