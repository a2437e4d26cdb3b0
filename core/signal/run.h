#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/signal/quality.h"
#include "core/signal/rig.h"

namespace parallax::signal {

/// A set-point of a segment: held at `value`, or ramped linearly to it over the segment.
struct Setpoint {
  double value = 0.0;  ///< in the channel's unit
  bool ramp = false;
};

/// One phase of a recipe; times in seconds from the run's start.
struct Segment {
  std::string name;
  double start_s = 0.0;
  double end_s = 0.0;
  std::map<std::string, Setpoint> setpoints;  ///< by channel id; one not named keeps its value
};

struct Recipe {
  std::vector<Segment> segments;
};

struct Substrate {
  std::string material;
  double thickness_m = 0.0;
};

struct Catalyst {
  std::string set;   ///< "CoMo/SiO2", "Fe/Al2O3"
  std::string feed;  ///< "C2H5OH", "C2H4", …
  double reduction_s = 0.0;
  double anneal_s = 0.0;
};

enum class Split { kUnassigned, kCalibrate, kValidate };

/// What is known of a run before any sample.
struct Run {
  std::string id;
  int64_t started_at_unix_ns = 0;
  Recipe recipe;
  std::optional<Substrate> substrate;
  std::optional<Catalyst> catalyst;
  std::string notes;
  Split split = Split::kUnassigned;
};

struct Measurement {
  double value = 0.0;
  double sd = 0.0;
};

struct ChiralityShare {
  int n = 0;
  int m = 0;
  double share = 0.0;  ///< of the semiconducting tubes
  double sd = 0.0;
};

struct RamanLine {
  double shift_per_cm = 0.0;
  double intensity = 0.0;
  double sd = 0.0;
};

/// What was measured on the sample afterwards; any part may be absent.
struct Outcome {
  int64_t measured_at_unix_ns = 0;
  std::string chirality_method;
  double chirality_counts = 0.0;
  std::vector<ChiralityShare> chirality;
  std::optional<Measurement> height_um;
  double raman_laser_nm = 0.0;
  std::optional<Measurement> raman_d_over_g;
  std::vector<RamanLine> raman_rbm;
};

/// All samples of one channel in one run, in the order in which its device sent them (stream seq,
/// then row), never sorted and never restamped: the clock test needs the order of arrival.
struct Series {
  std::string channel;                ///< "device/channel"
  std::vector<int64_t> time_unix_ns;  ///< the device's clock
  std::vector<double> value;          ///< in the channel's unit, as sent
  std::vector<Quality> quality;       ///< as stored: GOOD, or BAD/kOutOfRange
};

/// A run with its recording, as Analysis receives it.
struct RunRecord {
  Run run;
  std::vector<Series> series;  ///< at most one a channel, in the rig's channel order
  std::optional<Outcome> outcome;
};

/// Checks ids, segment order and times, set-points against the rig's channels.
/// Errors: InvalidArgument naming segment, field, value and bound.
absl::Status ValidateRun(const Rig& rig, const Run& run);

/// Set-point of `channel_id` at `time_s` from the start [channel's unit]: ramps interpolated, the
/// last value held between and after segments; nullopt before the first segment that names it.
std::optional<double> SetpointAt(const Recipe& recipe, const std::string& channel_id,
                                 double time_s);

}  // namespace parallax::signal
