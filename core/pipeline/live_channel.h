#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "core/base/units.h"
#include "core/pipeline/bin_history.h"
#include "core/pipeline/live_types.h"
#include "core/signal/forward_filter.h"
#include "core/signal/rig.h"
#include "core/signal/sample_batch.h"

namespace parallax::pipeline {

/// One channel of a run in progress: puts samples in order of (source time, arrival) under a
/// watermark and filters them forward. What it says of a sample before the watermark is what
/// signal::FilterForward says of the whole series, bit for bit, however the samples were cut into
/// batches, as long as none was late. One-owner, not thread-safe.
class LiveChannel {
 public:
  /// Samples in a row, each before the watermark, after which the clock is taken to have been set
  /// back, or to have stood ahead for a moment: the channel begins anew from there.
  static constexpr size_t kSetBack = 10;
  /// Final samples that the sensor tests look at.
  static constexpr size_t kRecent = 512;

  /// Borrows `channel`. REQUIRES: its unit is one of base::FindUnit.
  LiveChannel(const signal::Channel& channel, int64_t started_at_unix_ns,
              const LiveOptions& options);

  /// Takes samples in the order in which they came; appends what they say, and what a sample out of
  /// order changed of those after it, without predictions.
  void Push(const signal::ChannelColumn& column, std::vector<LiveRow>* rows);
  /// Makes everything final: no sample follows in time.
  void Flush();

  int64_t watermark_unix_ns() const { return watermark_unix_ns_; }
  const base::Unit& unit() const { return unit_; }
  /// What is final, in time for the twin: good samples, those at an instrument's limit left out.
  const BinHistory& history() const { return history_; }
  /// The newest final samples, as the stages of cleaning take them.
  const signal::CleanSeries& recent() const { return recent_; }
  double noise_sd_si() const { return base_.noise_sd_si(); }
  /// Whether a value is at an instrument's limit, so that the truth may lie beyond it.
  bool IsCensored(double value_si) const;
  bool Reaches(double value_si) const;  ///< within the instrument's limits
  double ValueSi(double value) const { return base::ToSi(unit_, value); }
  double TimeS(int64_t time_unix_ns) const {
    return static_cast<double>(time_unix_ns - started_at_unix_ns_) * 1e-9;
  }
  int64_t TimeUnixNs(double time_s) const;  ///< to the microsecond or so

  /// Counts and newest time; what is known elsewhere is left out.
  const LiveHealth& counts() const { return counts_; }
  /// How often kSetBack was reached.
  uint64_t clock_steps() const { return clock_steps_; }

 private:
  struct Sample {
    int64_t time_unix_ns = 0;
    double value = 0.0;
    signal::Quality quality;
  };

  /// False where the sample is late.
  bool Insert(const Sample& sample);
  LiveRow Filter(signal::ForwardFilter* filter, const Sample& sample) const;
  void Settle(int64_t watermark_unix_ns);
  void Remember(const Sample& sample, signal::Quality quality);
  void BeginAnew();

  const signal::Channel* channel_;
  base::Unit unit_;
  int64_t started_at_unix_ns_;
  int64_t lateness_ns_;
  signal::ForwardFilter base_;  ///< after the last final sample
  signal::ForwardFilter head_;  ///< after all of waiting_
  std::deque<Sample> waiting_;  ///< not before the watermark, in order of (time, arrival)
  size_t in_order_ = 0;         ///< of waiting_, as many as head_ has taken in this order
  int64_t newest_unix_ns_ = INT64_MIN;
  int64_t watermark_unix_ns_ = INT64_MIN;
  size_t late_in_a_row_ = 0;
  uint64_t clock_steps_ = 0;
  BinHistory history_;
  signal::CleanSeries recent_;
  LiveHealth counts_;
};

}  // namespace parallax::pipeline
