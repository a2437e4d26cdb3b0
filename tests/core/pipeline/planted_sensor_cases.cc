#include "tests/core/pipeline/planted_sensor_cases.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/signal/rig.h"
#include "tests/core/pipeline/planted_draws.h"

namespace parallax::pipeline::testing {
namespace {

/// Noise sds of a spike at its usual size; Misreport makes spikes of 0.4 to 2 times that.
constexpr double kSpikeSds = 20.0;
/// Channels of SensorFaults that stick or have a late clock.
constexpr const char* kFirstStuck[] = {"pyro/pyro_t", "furnace/stage_tc2", "rga/p_h2o",
                                       "laser/height"};
/// Thermometers and analysers that the twin predicts and that no controller holds.
constexpr const char* kLagging[] = {"furnace/stage_tc2", "pyro/pyro_t", "rga/p_h2o", "rga/p_c2h2"};
constexpr double kLagSpans_s[][2] = {{20.0, 33.0}, {34.0, 46.0}, {47.0, 60.0}};

/// An instrument and how large its faults are.
struct Instrument {
  std::string channel;
  double offset, gain;  ///< as in PlantedFault
  std::vector<Bench> benches;

  /// Measured on the sample, once a run.
  bool IsOutcome() const { return channel.starts_with("outcome/"); }
};

std::vector<Bench> Stages() { return {Bench::kForest, Bench::kChirality}; }
std::vector<Bench> Forests() { return {Bench::kForest, Bench::kTube}; }
std::vector<Bench> AllBenches() { return {std::begin(kBenches), std::end(kBenches)}; }

std::vector<Instrument> FirstInstruments() {
  return {{"furnace/stage_tc2", 10.0, 0.0, Stages()},
          {"furnace/heater_duty", 0.08, 0.0, Stages()},
          {"furnace/z2_duty", 0.08, 0.0, {Bench::kTube}},
          {"pyro/pyro_t", 20.0, 0.0, Stages()},
          {"rga/p_h2o", 0.0, 0.4, Forests()},
          {"rga/p_c2h2", 0.0, 0.4, Forests()},
          {"laser/height", 0.0, 0.25, Forests()},
          {"outcome/height", 0.0, 0.25, Forests()},
          {"gas/feed_flow", 0.0, 0.08, AllBenches()},
          {"gas/h2_flow", 0.0, 0.08, AllBenches()},
          {"gas/pressure", 0.0, 0.05, Stages()}};
}

std::vector<Instrument> MoreInstruments() {
  return {{"furnace/z1_duty", 0.08, 0.0, {Bench::kTube}},
          {"furnace/z3_duty", 0.08, 0.0, {Bench::kTube}},
          {"gas/ar_flow", 0.0, 0.08, AllBenches()},
          {"gas/h2o_flow", 0.0, 0.08, Forests()},
          {"aux/preheat_t", 0.0, 0.05, Stages()}};
}

std::vector<Instrument> AllInstruments() {
  std::vector<Instrument> all = FirstInstruments();
  for (Instrument& one : MoreInstruments()) all.push_back(std::move(one));
  return all;
}

double UsualSize(base::Random* random) { return Between(0.8, 1.4, 0.01, random); }

PlantedCampaign Misreporting(const Instrument& instrument, FaultShape shape, double size,
                             base::Random* random) {
  return {.bench = OneOf(instrument.benches, random),
          .fault = PlantedFault{.channel = instrument.channel,
                                .shape = shape,
                                .offset = size * instrument.offset,
                                .gain = size * instrument.gain}};
}

/// Each instrument off, drifting from run to run and within runs, and stepping.
void AddMisreports(const std::vector<Instrument>& instruments, base::Random* random,
                   std::vector<PlantedCampaign>* cases) {
  for (const Instrument& instrument : instruments) {
    for (const FaultShape shape : {FaultShape::kConstant, FaultShape::kFromRunToRun,
                                   FaultShape::kWithinRun, FaultShape::kSteps}) {
      if (instrument.IsOutcome() && shape == FaultShape::kWithinRun) continue;
      // The sd of what differs from run to run is what a drift reaches half-way.
      double size = UsualSize(random);
      size = shape == FaultShape::kSteps ? 0.5 * size : EitherSign(size, random);
      cases->push_back(Misreporting(instrument, shape, size, random));
    }
  }
}

template <size_t n>
bool Among(const char* const (&channels)[n], const std::string& channel) {
  return std::find(std::begin(channels), std::end(channels), channel) != std::end(channels);
}

/// Noise of a channel of a bench [its unit].
double NoiseOf(Bench bench, const std::string& channel) {
  return signal::FindChannel(RigOf(bench), channel)->channel->noise_sd;
}

}  // namespace

std::vector<PlantedCampaign> SensorFaults(base::Random* random) {
  std::vector<PlantedCampaign> cases;
  AddMisreports(FirstInstruments(), random, &cases);
  for (const char* channel : kFirstStuck) {
    for (const FaultShape shape : {FaultShape::kStuck, FaultShape::kClock}) {
      for (const Bench bench : {Bench::kForest, Bench::kChirality}) {
        const double clock_s = EitherSign(Between(20.0, 40.0, 1.0, random), random);
        cases.push_back(
            {.bench = bench,
             .fault = PlantedFault{.channel = channel, .shape = shape, .clock_s = clock_s}});
      }
    }
  }
  return cases;
}

std::vector<PlantedCampaign> WanderingInstruments(base::Random* random) {
  std::vector<PlantedCampaign> cases;
  for (const Instrument& instrument : AllInstruments()) {
    const double size = UsualSize(random);
    cases.push_back(Misreporting(instrument, FaultShape::kWander, size, random));
  }
  return cases;
}

std::vector<PlantedCampaign> LaggingInstruments(base::Random* random) {
  std::vector<PlantedCampaign> cases;
  for (const Instrument& instrument : FirstInstruments()) {
    if (!Among(kLagging, instrument.channel)) continue;
    for (const auto& [low_s, high_s] : kLagSpans_s) {
      const double lag_s = Between(low_s, high_s, 1.0, random);
      cases.push_back(
          {.bench = OneOf(instrument.benches, random),
           .fault = PlantedFault{
               .channel = instrument.channel, .shape = FaultShape::kLag, .lag_s = lag_s}});
    }
  }
  return cases;
}

std::vector<PlantedCampaign> SpikyInstruments(base::Random* random) {
  std::vector<PlantedCampaign> cases;
  for (const Instrument& instrument : AllInstruments()) {
    if (instrument.IsOutcome()) continue;
    const Bench bench = OneOf(instrument.benches, random);
    const double share = Between(0.02, 0.05, 0.001, random);
    cases.push_back({.bench = bench,
                     .fault = PlantedFault{.channel = instrument.channel,
                                           .shape = FaultShape::kSpikes,
                                           .offset = kSpikeSds * NoiseOf(bench, instrument.channel),
                                           .spike_share = share}});
  }
  return cases;
}

std::vector<PlantedCampaign> OtherInstruments(base::Random* random) {
  std::vector<PlantedCampaign> cases;
  AddMisreports(MoreInstruments(), random, &cases);
  for (const Instrument& instrument : AllInstruments()) {
    if (instrument.IsOutcome() || Among(kFirstStuck, instrument.channel)) continue;
    cases.push_back(
        {.bench = OneOf(instrument.benches, random),
         .fault = PlantedFault{.channel = instrument.channel, .shape = FaultShape::kStuck}});
  }
  for (const double sign : {1.0, -1.0}) {
    const double clock_s = sign * Between(20.0, 40.0, 1.0, random);
    cases.push_back(
        {.bench = OneOf(AllBenches(), random),
         .fault = PlantedFault{
             .channel = "gas/feed_flow", .shape = FaultShape::kClock, .clock_s = clock_s}});
  }
  return cases;
}

std::string DescribeFault(const PlantedFault& fault) {
  const double size = fault.gain != 0.0 ? 100.0 * fault.gain : fault.offset;
  const char* unit = fault.gain != 0.0 ? " %" : "";
  switch (fault.shape) {
    case FaultShape::kConstant:
      return absl::StrFormat("%s off by %+g%s", fault.channel, size, unit);
    case FaultShape::kFromRunToRun:
      return absl::StrFormat("%s drifts over the runs by %+g%s", fault.channel, size, unit);
    case FaultShape::kWithinRun:
      return absl::StrFormat("%s drifts within runs by %+g%s", fault.channel, size, unit);
    case FaultShape::kSteps:
      return absl::StrFormat("%s steps from run to run by %g%s", fault.channel, std::abs(size),
                             unit);
    case FaultShape::kWander:
      return absl::StrFormat("%s wanders over the runs by %g%s", fault.channel, size, unit);
    case FaultShape::kSpikes:
      return absl::StrFormat("%s spikes, %g %% of readings", fault.channel,
                             100.0 * fault.spike_share);
    case FaultShape::kStuck:
      return fault.channel + " sticks";
    case FaultShape::kLag:
      return absl::StrFormat("%s lags by %g s", fault.channel, fault.lag_s);
    case FaultShape::kClock:
      break;
  }
  return absl::StrFormat("clock of %s %+g s", fault.channel, fault.clock_s);
}

}  // namespace parallax::pipeline::testing
