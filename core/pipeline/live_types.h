#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/signal/quality.h"

namespace parallax::pipeline {

/// How a run in progress is followed. Times are source times.
struct LiveOptions {
  double lateness_s = 2.0;  ///< a sample up to this much older than its channel's newest is in time
  double forecast_s = 2.0;  ///< least new data between two predictions of a run
  double judged_s = 10.0;   ///< spacing of the residuals that the detectors see
  /// Age at which residuals are judged: by then the twin knows what its inputs did next.
  double settle_s = 20.0;
  /// Runs between two false alarms of a kind, over all channels of a rig: how often a detector may
  /// speak where the twin is right and its trust is as stated.
  double runs_per_false_alarm = 100.0;
  double usual_run_s = 3600.0;  ///< length of a run whose recipe does not tell it
};

/// Errors: InvalidArgument naming the option, its value and bound.
absl::Status Validate(const LiveOptions& options);

/// One sample as a watcher sees it, in the channel's unit.
struct LiveRow {
  int64_t time_unix_ns = 0;
  double value = 0.0;  ///< as stored
  signal::Quality quality;
  double filtered = 0.0;  ///< NaN where it came too late for the filter
  double sd = 0.0;        ///< of `filtered`
  // NaN where there is no prediction.
  double predicted = 0.0;
  double predicted_sd = 0.0;
  double residual = 0.0;  ///< in sds of value and prediction together
};

/// New rows of one channel, and those that a sample out of order changed.
struct LiveSeries {
  uint32_t channel_index = 0;
  bool predicted = false;         ///< the twin has an output for it
  int64_t watermark_unix_ns = 0;  ///< rows before it are final
  std::vector<LiveRow> rows;
};

enum class LiveFindingKind {
  kChange,
  kGap,
  kStuck,
  kRange,
  kSpikes,
  kClock,
  kPoorlyUnderstood,  ///< of the run's recipe: residual_model.h
};

/// Something that the live analysis found.
struct LiveFinding {
  uint32_t channel_index = 0;
  LiveFindingKind kind = LiveFindingKind::kChange;
  int64_t time_unix_ns = 0;  ///< at which it was raised
  /// Sds for kChange and kGap, the epistemic share for kPoorlyUnderstood, samples otherwise.
  double statistic = 0.0;
  double bound = 0.0;
  std::string text;
};

struct LiveOutput {
  std::vector<LiveSeries> series;
  std::vector<LiveFinding> findings;
};

/// How a channel is; counts over what was read of the run.
struct LiveHealth {
  int64_t last_time_unix_ns = 0;  ///< newest source time; 0 where no sample came
  int64_t last_received_unix_ns = 0;
  uint64_t samples = 0;
  uint64_t out_of_range = 0;
  uint64_t spikes = 0;
  uint64_t duplicates = 0;
  uint64_t late = 0;
  bool stuck = false;
  double skew_s = 0.0;     ///< largest source time minus receive time lately
  double drift_sds = 0.0;  ///< mean residual of the last minute judged; NaN without a twin
  std::vector<std::string> findings;
};

}  // namespace parallax::pipeline
