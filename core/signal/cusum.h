#pragma once

#include <algorithm>

namespace parallax::signal {

/// Two-sided cumulative sums of values that are N(0, 1) and independent while nothing changes:
///   S+ <- max(0, S+ + z - k),  S- <- max(0, S- - z - k),
/// and a change is raised where either exceeds the threshold. One-owner, not thread-safe.
/// Source: Page, Biometrika 41 (1954) 100.
class Cusum {
 public:
  /// @param allowance  k, half the shift that is to be found fastest [sd], > 0.
  /// @param threshold  of the sums [sd], > 0.
  Cusum(double allowance, double threshold) : allowance_(allowance), threshold_(threshold) {}

  /// Takes a value. @return whether a change is raised, upon which both sums start anew.
  bool Add(double z);

  double threshold() const { return threshold_; }
  /// The larger sum as it stood after the last value.
  double statistic() const { return statistic_; }
  /// Whether that is the sum of rising values.
  bool upward() const { return upward_; }

 private:
  double allowance_;
  double threshold_;
  double rising_ = 0.0;
  double falling_ = 0.0;
  double statistic_ = 0.0;
  bool upward_ = true;
};

/// Average number of values between two false alarms of the two-sided scheme,
///   (exp(2 k b) - 1 - 2 k b) / (4 k²),  b = h + 1.166.
/// Source: Siegmund, Sequential Analysis (1985), 2.6; two-sided: Van Dobben de Bruyn (1968).
double CusumRunLength(double allowance, double threshold);

/// Threshold with that run length. REQUIRES: allowance > 0, run_length > 1.
double CusumThreshold(double allowance, double run_length);

}  // namespace parallax::signal
