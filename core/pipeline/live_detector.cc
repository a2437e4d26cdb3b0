#include "core/pipeline/live_detector.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <numeric>

namespace parallax::pipeline {
namespace {

constexpr size_t kDriftReadings = 6;
constexpr double kClosedShare = 0.5;  // of the bound, under which a gap is over

}  // namespace

LiveBounds BoundsOf(const LiveOptions& options, double run_s, size_t channels) {
  const double a_run =
      std::max(1.0, run_s / options.judged_s) * static_cast<double>(std::max<size_t>(channels, 1));
  const double judgements = std::max(2.0, options.runs_per_false_alarm * a_run);
  const boost::math::normal standard;
  return {.change = signal::CusumThreshold(LiveBounds::kAllowance, judgements),
          .gap = boost::math::quantile(boost::math::complement(standard, 0.5 / judgements))};
}

LiveDetector::Judgement LiveDetector::Judge(const signal::ResidualReading& reading) {
  const double sd = std::hypot(reading.offset_sd, reading.wander_sd, reading.white_sd);
  Judgement judgement{.gap_statistic = reading.value / sd};
  judgement.changed = cusum_.Add(whitener_.Add(reading));
  judgement.change_statistic = cusum_.upward() ? cusum_.statistic() : -cusum_.statistic();
  const double size = std::abs(judgement.gap_statistic);
  judgement.gap = !in_gap_ && size > bounds_.gap;
  if (judgement.gap) in_gap_ = true;
  if (size < kClosedShare * bounds_.gap) in_gap_ = false;
  last_.push_back(judgement.gap_statistic);
  if (last_.size() > kDriftReadings) last_.pop_front();
  return judgement;
}

double LiveDetector::drift_sds() const {
  if (last_.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::accumulate(last_.begin(), last_.end(), 0.0) / static_cast<double>(last_.size());
}

}  // namespace parallax::pipeline
