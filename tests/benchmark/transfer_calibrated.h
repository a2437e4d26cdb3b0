#pragma once

#include <cstddef>
#include <vector>

#include "tests/benchmark/transfer_gaps.h"

/// The arms of transfer_study whose twin was calibrated with the real runs first.
namespace parallax::pipeline::testing {

inline constexpr int kCalibratedOn[] = {2, 5, 10};
/// Of kSplits: an analysis takes seconds.
inline constexpr int kCalibratedSplits = 1;

enum CalibratedArm {
  kAssumed,            ///< the twin as assumed, mean error off
  kAssumedCovariance,  ///< the same with the covariance of twins about what is assumed
  kAlone,              ///< the calibrated twin, nothing on top
  kOffset,             ///< mean error off
  kCovariance,         ///< the covariance of twins about the calibrated set
  kLikely,             ///< the same, as much of it as the runs' likelihood asks for
  kFeatures,           ///< what FitResidual learns over recipe features; the twin where refused
  kCalibratedArms,
};

/// What one rig's splits give.
struct CalibratedErrors {
  bool forest = false;
  double rmse[kCalibratedArms][std::size(kCalibratedOn)] = {};
  int calibrated[std::size(kCalibratedOn)] = {};  ///< splits whose analysis gave a set
  int served = 0, refused = 0, not_learnt = 0;    ///< models over features
};

/// Analyses the first runs of each split as the product does, without held-out runs: a set is taken
/// as it comes, and where there is none the assumed one stands.
CalibratedErrors CalibratedErrorsOf(const StudyCampaign& campaign);

}  // namespace parallax::pipeline::testing
