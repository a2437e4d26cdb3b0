#pragma once

#include <vector>

#include "core/base/units.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"

namespace parallax::signal {

/// A channel on its way through the stages of cleaning. Until the clock stage has sorted it, its
/// samples stand in the order of arrival.
struct ChannelTrack {
  const Channel* channel = nullptr;
  base::Unit unit;
  CleanSeries series;
};

/// Median of the positive steps between successive times [s]; 0 with fewer than two samples.
double MedianPeriod(const std::vector<double>& time_s);

/// Median of a copy of `values`; 0 where there are none. Lower of the two middle values where the
/// count is even, so that quantised data keeps its grid.
double Median(std::vector<double> values);

/// Indices of samples of level good, in the order of the series.
std::vector<size_t> GoodIndices(const CleanSeries& series);

/// Robust noise of a channel [SI], 1 sigma: 1.4826 * median |x[i] - (x[i-1] + x[i+1]) / 2| /
/// sqrt(1.5) over good samples, which a ramp leaves at zero; never less than resolution / sqrt(12).
double RobustNoise(const CleanSeries& series, const std::vector<size_t>& good);

}  // namespace parallax::signal
