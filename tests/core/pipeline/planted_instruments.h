#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/signal/rig.h"
#include "core/signal/run.h"

/// Instruments of planted campaigns: how what is true becomes what is recorded.
namespace parallax::pipeline::testing {

/// How an instrument lies.
enum class FaultShape {
  kConstant,      ///< in all runs alike
  kFromRunToRun,  ///< grows in order of time, from nothing to its full size in the last run
  kWithinRun,     ///< grows over each run
  kSteps,         ///< another in each run, normal, with the size as sd
  kWander,        ///< a random walk over the runs from nothing, with the size as sd in the last run
  kSpikes,        ///< on `spike_share` of the readings, either way, by 0.4 to 2 times the size
  kStuck,         ///< from the middle of some run on the reading never changes again
  kClock,         ///< the device's time stamps are `clock_s` late
  kLag,           ///< the reading follows behind a first-order lag of `lag_s`
};

/// "constant", "over runs", "within runs", "steps", "wander", "spikes", "stuck", "clock", "lag".
const char* NameOf(FaultShape shape);

/// "pyro" of "pyro/pyro_t".
std::string DeviceOf(const std::string& channel);

/// One instrument that lies: reading × (1 + gain × a) + offset × a, with a(run, time) its shape.
struct PlantedFault {
  std::string channel;  ///< "pyro/pyro_t"; of an outcome: "outcome/height"
  FaultShape shape = FaultShape::kConstant;
  double offset = 0.0;  ///< in the channel's unit
  double gain = 0.0;
  double clock_s = 30.0;
  double lag_s = 30.0;
  double spike_share = 0.02;

  bool operator==(const PlantedFault&) const = default;
};

/// Smooth function of time of mean 0 and variance 1: three sines of 250 to 900 s.
class SmoothError {
 public:
  SmoothError(uint64_t seed, uint64_t stream);
  double At(double time_s) const;

 private:
  double period_s_[3], phase_[3];
};

/// Vices of a bench; kNone records every reading exactly and without rounding.
enum class Vices { kNone, kOrdinary };

/// What is wrong with the readings of sound instruments.
struct ReadingErrors {
  Vices vices = Vices::kOrdinary;
  double noise = 1.0;  ///< times the data sheet's
};

/// One run's place in a campaign.
struct RunPlace {
  int index = 0;  ///< in order of time
  int count = 1;
};

/// What `fault` does to a reading of `channel` at a moment of a run that lasts `end_s`.
double Misreport(const PlantedFault& fault, const RunPlace& place, double time_s, double end_s,
                 double reading, uint64_t seed);

/// Records one run. Ordinary vices: noise by the data sheet or a multiple of it, spikes of 8 to 40
/// sds on 0.3 % of the readings, 0.3 % of the rows missing and 0.2 % repeated, clocks up to 2 s and
/// 20 ppm off, rounding to the channel's resolution and range.
/// @param truth  what a channel would read [its unit] at seconds from the run's start; nullopt
/// where
///               it does not record yet.
signal::RunRecord RecordRun(
    const signal::Rig& rig, const signal::Run& run, const RunPlace& place,
    const std::function<std::optional<double>(const signal::Channel& channel, double time_s)>&
        truth,
    const std::optional<PlantedFault>& fault, const ReadingErrors& errors, uint64_t seed);

}  // namespace parallax::pipeline::testing
