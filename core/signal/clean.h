#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"

namespace parallax::signal {

/// A channel of a run made ready for analysis: SI units, seconds from the run's start on a
/// corrected clock, in order of time, every sample still there with the reason why it is not good.
/// Raw values are never replaced.
struct CleanSeries {
  std::string channel;           ///< "device/channel"
  std::vector<double> time_s;    ///< non-decreasing, from Run::started_at
  std::vector<double> value_si;  ///< as measured
  std::vector<Quality> quality;
  double noise_sd_si = 0.0;  ///< data sheet, as a difference
  double resolution_si = 0.0;
  double range_low_si = 0.0;
  double range_high_si = 0.0;
  Role role = Role::kMeasured;
};

/// What a stage of cleaning found, one entry a kind and place.
struct SensorFinding {
  std::string channel;  ///< "board/T1", or "board/clock" for a device's clock
  QualityReason reason = QualityReason::kNone;
  int64_t samples = 0;   ///< how many samples it touched
  double begin_s = 0.0;  ///< where it starts, seconds from the run's start
  double end_s = 0.0;
  double magnitude = 0.0;  ///< largest excursion [SI], clock step [s], or drift [SI/s]
  bool fault = false;      ///< true where it is more than the ordinary vices of a bench
  std::string text;        ///< the finding in words, with its figure and bound
};

struct CleanRun {
  Run run;
  std::vector<CleanSeries> series;  ///< the rig's channel order; only recorded channels
  std::vector<SensorFinding> findings;
  std::optional<Outcome> outcome;
  const CleanSeries* Find(
      std::string_view channel_id) const;  ///< by channel id or full name; or null
};

/// Thresholds of the stages; each is in units of the channel's own noise where it can be.
struct CleanOptions {
  int hampel_half_window = 5;       ///< samples on either side
  double hampel_threshold = 3.0;    ///< scaled MADs; the MAD is floored at resolution/sqrt(12)
  double spike_fault_share = 0.01;  ///< of samples that spike or leave the range: the most that a
                                    ///< healthy channel may show
  double clock_jump_s = 10.0;       ///< least unexplained step of a device clock
};

/// Cleans one run in the order clock, range and censoring, stuck, Hampel. Deterministic.
/// Errors: InvalidArgument on invalid options.
absl::StatusOr<CleanRun> Clean(const Rig& rig, const RunRecord& record,
                               const CleanOptions& options);

}  // namespace parallax::signal
