#pragma once

#include <deque>

#include "core/pipeline/live_types.h"
#include "core/signal/cusum.h"
#include "core/signal/residual_whitener.h"

namespace parallax::pipeline {

/// Bounds of the detectors of one channel.
struct LiveBounds {
  static constexpr double kAllowance = 0.5;  ///< of the CUSUM: shifts of one sd are found fastest
  double change = 0.0;                       ///< of the CUSUM's sums [sd]
  double gap = 0.0;                          ///< of a residual's size [sd]
};

/// Bounds with which each of the two detectors raises one false alarm in `runs_per_false_alarm`
/// runs over `channels` channels, where a run of `run_s` is judged every judged_s: the CUSUM's by
/// its run length (signal::CusumThreshold), the gap's by the tail of a normal residual, as if
/// judgements were independent, which makes it the more careful one.
LiveBounds BoundsOf(const LiveOptions& options, double run_s, size_t channels);

/// Holds the residuals of one channel against two questions: did it change (CUSUM of the whitened
/// residual), and is it larger than twin and noise allow (the residual as it is). A gap is raised
/// when it opens, and again only after it has closed to half the bound. One-owner, not thread-safe.
class LiveDetector {
 public:
  /// @param wander_s  correlation time of what the twin cannot follow, > 0.
  LiveDetector(const LiveBounds& bounds, double wander_s)
      : bounds_(bounds), whitener_(wander_s), cusum_(LiveBounds::kAllowance, bounds.change) {}

  struct Judgement {
    bool changed = false;
    bool gap = false;
    double change_statistic = 0.0;  ///< of the CUSUM; positive: the readings rise over the twin
    double gap_statistic = 0.0;     ///< the residual in its own sds
  };
  Judgement Judge(const signal::ResidualReading& reading);

  const LiveBounds& bounds() const { return bounds_; }
  /// Mean of the last six residuals [sd]; NaN before the first.
  double drift_sds() const;

 private:
  LiveBounds bounds_;
  signal::ResidualWhitener whitener_;
  signal::Cusum cusum_;
  bool in_gap_ = false;
  std::deque<double> last_;
};

}  // namespace parallax::pipeline
