#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "core/signal/clean.h"
#include "core/signal/filter.h"

namespace parallax::signal {

/// What the forward filter says of one sample.
struct ForwardPoint {
  double value_si = 0.0;  ///< filtered level
  double sd_si = 0.0;
  /// As stored, but kUncertain/kSpike where the reading was weighted down, and kBad/kDuplicate
  /// where its time is that of the sample before.
  Quality quality;
};

/// Filters one channel forward: no value depends on later samples, so that a run in progress and a
/// recording give the same bits. Measurement noise and period are learnt from the last
/// kNoiseSamples good samples, anew at 2, 8, 16, … 64 and every 64 from there; the slope walks with
/// kResponse noise variances per cubed period, which follows a bend within about 1 /
/// kResponse^(1/4) = 10 samples and takes two thirds of the noise. Set-points and actuators have no
/// noise and are passed on. One-owner, not thread-safe.
class ForwardFilter {
 public:
  static constexpr size_t kNoiseSamples = 128;
  static constexpr double kResponse = 1e-4;

  /// @param noise_sd_si  data sheet, 0 where not stated.   @param resolution_si  likewise.
  ForwardFilter(Role role, double noise_sd_si, double resolution_si);

  /// Takes the next sample in order of (time, arrival). One that is not good, or no later than the
  /// one before, informs nothing and gets what is expected at its time.
  ForwardPoint Push(double time_s, double value_si, Quality quality);

  /// Noise of one reading [SI] as learnt so far; that of the data sheet at first.
  double noise_sd_si() const { return model_.measurement_sd; }

 private:
  ForwardPoint Inform(double time_s, double value_si, Quality quality);
  void Learn(double time_s, double value_si);
  double NoiseOf(const std::vector<size_t>& rows) const;

  Role role_;
  double sheet_sd_si_;
  CleanSeries recent_;  ///< good samples, the last kNoiseSamples and up to 64 before them
  size_t good_ = 0;     ///< samples learnt from
  size_t learn_at_ = 2;
  FilterModel model_;
  std::optional<LiveFilter> filter_;  ///< set by the first good sample
  double last_s_ = -std::numeric_limits<double>::infinity();
};

/// All samples of a series in order of time. @return one point a sample.
std::vector<ForwardPoint> FilterForward(const CleanSeries& series);

}  // namespace parallax::signal
