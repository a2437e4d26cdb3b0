#pragma once

#include <Eigen/Dense>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/least_squares.h"

namespace parallax::calibration {

/// Profile of one parameter: the least cost over all others with this one held, and the interval in
/// which 2·(cost − least cost) stays below a quantile of χ² with one degree of freedom. Unlike a
/// standard deviation it shows sides on which the data set no limit, and it does not depend on the
/// coordinate.
/// Source: Raue et al., Bioinformatics 25 (2009) 1923; Murphy & van der Vaart, JASA 95 (2000) 449.

struct ProfileOptions {
  double confidence = 0.95;  ///< level of the χ² quantile
  int points = 12;           ///< grid points a side
  /// Farthest point a side looks at, in the units of `sd`; bounds of the problem come first.
  double reach = 6.0;
  double crossing_tolerance = 1e-4;  ///< of the interval's ends, in units of `sd`
  LeastSquaresOptions solver = {};
};

/// How a side of the profile ends.
enum class ProfileSide {
  kLimited,  ///< the cost crosses the level: the data set a limit
  kOpen,     ///< within the reach it never does: not identifiable on this side
  kAtBound,  ///< a bound of the problem comes before: it sets the limit, not the data
  kFailed,   ///< the refits failed before the level was crossed
};

/// Short lower-case word for reports: "limited".
std::string ToString(ProfileSide side);

struct ProfilePoint {
  double value = 0.0;                                     ///< of the parameter held
  double cost = std::numeric_limits<double>::infinity();  ///< least over the others; ∞: failed
  Eigen::VectorXd x;  ///< all parameters there; empty where it failed
};

struct Profile {
  std::vector<ProfilePoint> points;  ///< ascending; the given minimum among them
  double level = 0.0;                ///< cost at which the interval ends: least cost + χ²/2
  /// Ends of the interval. −∞ or +∞ where a side is open or failed; the bound where it sets it.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  ProfileSide low_side = ProfileSide::kFailed;
  ProfileSide high_side = ProfileSide::kFailed;
  /// Rise 2·(cost − least cost) at the last point of a side that could be evaluated: how far from a
  /// limit an open one is.
  double low_rise = 0.0;
  double high_rise = 0.0;
  /// By how much a refit beat the cost of the given minimum: > 0 means that it was no minimum, and
  /// the interval is about the better one.
  double improvement = 0.0;
  int evaluations = 0;

  /// The data set a limit on both sides.
  bool identifiable() const {
    return low_side == ProfileSide::kLimited && high_side == ProfileSide::kLimited;
  }
};

/// Profiles one parameter about a minimum. Each side walks outwards, every refit starting from
/// where the one before ended, and stops one point after the level is crossed; the crossing is then
/// found by bisection with further refits. Both sides run in parallel.
/// @param problem    data rows and prior rows; leave out the parameter's own prior row to profile
///                   the likelihood alone. Must be thread-safe.
/// @param minimum    where MinimizeLeastSquares ended; its x and cost are read.
/// @param parameter  index of the one profiled.
/// @param sd         its scale, > 0: the Laplace sd, or the prior's where the former is infinite.
/// Errors: InvalidArgument on shapes, index, sd or options.
absl::StatusOr<Profile> ProfileParameter(const LeastSquaresProblem& problem,
                                         const FitResult& minimum, int parameter, double sd,
                                         const ProfileOptions& options = {});

}  // namespace parallax::calibration
