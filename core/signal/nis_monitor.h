#pragma once

#include <cstddef>
#include <deque>

#include "absl/status/statusor.h"

namespace parallax::signal {

/// Watches a filter's normalised innovations squared. Over a window of N independent readings of a
/// filter that is right their sum is chi-square with N degrees of freedom; a sum outside the
/// two-sided interval of the given level says that the model or the sensor is not as believed.
/// One-owner, not thread-safe.
/// Source: Bar-Shalom, Li, Kirubarajan, Estimation with Applications to Tracking (2001), 5.4.
class NisMonitor {
 public:
  struct Options {
    size_t window = 50;    ///< readings, >= 1
    double level = 0.001;  ///< probability of leaving the interval by chance, in (0, 1)
  };
  /// Errors: InvalidArgument on options out of bounds.
  static absl::StatusOr<NisMonitor> Create(const Options& options);

  enum class State { kFilling, kConsistent, kTooLow, kTooHigh };
  State Add(double nis);
  double Mean() const;                     ///< of the window; 1 where the filter is right
  double lower() const { return lower_; }  ///< bounds on the mean
  double upper() const { return upper_; }

 private:
  NisMonitor(size_t window, double lower, double upper)
      : window_(window), lower_(lower), upper_(upper) {}

  size_t window_;
  double lower_;
  double upper_;
  std::deque<double> recent_;
};

}  // namespace parallax::signal
