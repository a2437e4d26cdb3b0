#pragma once

#include <cstddef>
#include <vector>

namespace parallax::pipeline {

/// What a channel showed over one bin.
struct Bin {
  double time_s = 0.0;  ///< mean time of its samples
  double value_si = 0.0;
  double samples = 0.0;
};

/// A channel's good samples as medians over equal times, so that what a twin is driven by costs the
/// same at any rate of sampling. A bin that holds one sample is that sample. Once there are
/// kMostBins neighbours are joined and bins become twice as wide. One-owner, not thread-safe.
class BinHistory {
 public:
  static constexpr size_t kMostBins = 4096;

  /// @param width_s  of a bin at first, > 0.
  explicit BinHistory(double width_s) : width_s_(width_s) {}

  /// @param time_s  not before that of the sample before.
  void Add(double time_s, double value_si);
  /// Closes the last bin: no sample follows.
  void Close();

  /// Bins that no later sample can change.
  const std::vector<Bin>& bins() const { return bins_; }
  double width_s() const { return width_s_; }

  /// Median and mean time of the bins with a time in [begin_s, end_s); no samples where there are
  /// none.
  Bin Over(double begin_s, double end_s) const;

 private:
  void Join();

  double width_s_;
  double open_ = 0.0;  ///< number of the bin that collects
  double time_sum_s_ = 0.0;
  std::vector<double> values_;  ///< of the bin that collects
  std::vector<Bin> bins_;
};

}  // namespace parallax::pipeline
