#include "tests/core/pipeline/planted_instruments.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/random.h"
#include "tests/core/pipeline/planted_recipe.h"

namespace parallax::pipeline::testing {
namespace {

constexpr uint64_t kStepStream = 0x73746570, kNoiseStream = 0x6e6f6973, kRowStream = 0x726f7773;
constexpr uint64_t kWalkStream = 0x77616c6b, kFaultSpikeStream = 0x7370696b'0000'0000;
constexpr double kSpikeShare = 0.003, kMissingShare = 0.003, kRepeatedShare = 0.002;
constexpr double kClockOff_s = 2.0, kClockDrift = 20e-6;
constexpr double kStuckRunShare = 0.5, kStuckTimeShare = 0.55;

/// When a row is taken and what its device's clock says.
struct Row {
  double time_s = 0.0;
  int64_t stamp_unix_ns = 0;
  int copies = 1;
};

std::vector<Row> RowsOf(const signal::Device& device, const signal::Run& run,
                        const std::optional<PlantedFault>& fault, Vices vices, uint64_t seed,
                        uint64_t stream) {
  base::Random random(seed, kRowStream + stream);
  const bool ordinary = vices == Vices::kOrdinary;
  double offset_s = ordinary ? kClockOff_s * (2.0 * random.Uniform() - 1.0) : 0.0;
  const double drift = ordinary ? kClockDrift * random.Normal() : 0.0;
  if (fault && fault->shape == FaultShape::kClock && DeviceOf(fault->channel) == device.id) {
    offset_s += fault->clock_s;
  }
  const double period_s = 1.0 / device.channels.front().rate_hz;
  const double end_s = RecipeEnds(run.recipe);
  std::vector<Row> rows;
  for (int i = 0; i * period_s <= end_s; ++i) {
    Row row{.time_s = i * period_s};
    if (ordinary) {
      row.time_s = std::max(0.0, row.time_s + 0.03 * period_s * random.Normal());
      const double luck = random.Uniform();
      if (luck < kMissingShare) row.copies = 0;
      if (luck > 1.0 - kRepeatedShare) row.copies = 2;
    }
    row.stamp_unix_ns =
        run.started_at_unix_ns + std::llround(1e9 * (row.time_s * (1.0 + drift) + offset_s));
    if (row.copies > 0) rows.push_back(row);
  }
  return rows;
}

double Disturb(const signal::Channel& channel, double noise, double reading, base::Random* random) {
  if (channel.role != signal::Role::kSetpoint) {
    reading += noise * channel.noise_sd * random->Normal();
    if (random->Uniform() < kSpikeShare) {
      const double sign = random->Uniform() < 0.5 ? -1.0 : 1.0;
      reading += sign * channel.noise_sd * (8.0 + 32.0 * random->Uniform());
    }
  }
  if (channel.resolution > 0.0) {
    reading = channel.resolution * std::round(reading / channel.resolution);
  }
  return std::clamp(reading, channel.range_low, channel.range_high);
}

/// Where a sensor that sticks does so.
struct StuckPlace {
  int run = 0;
  double time_s = 0.0;
};

StuckPlace Sticks(const RunPlace& place, double end_s) {
  return {static_cast<int>(kStuckRunShare * place.count), kStuckTimeShare * end_s};
}

using Truth = std::function<std::optional<double>(const signal::Channel& channel, double time_s)>;

/// What a channel would read behind a first-order lag; at rest where it begins to record.
class LaggingTruth {
 public:
  LaggingTruth(const Truth& truth, const signal::Channel& channel, double lag_s)
      : truth_(truth), channel_(channel), lag_s_(lag_s) {}

  /// REQUIRES: moments that do not decrease.
  std::optional<double> At(double time_s) {
    for (; at_s_ + kLagStepS <= time_s; at_s_ += kLagStepS) Follow(at_s_, kLagStepS);
    const std::optional<double> now = truth_(channel_, time_s);
    if (!now) return now;
    return *now + (state_.value_or(*now) - *now) * std::exp(-(time_s - at_s_) / lag_s_);
  }

 private:
  void Follow(double begin_s, double step_s) {
    const std::optional<double> middle = truth_(channel_, begin_s + 0.5 * step_s);
    if (!middle) return;
    state_ = *middle + (state_.value_or(*middle) - *middle) * std::exp(-step_s / lag_s_);
  }

  static constexpr double kLagStepS = 0.5;
  const Truth& truth_;
  const signal::Channel& channel_;
  const double lag_s_;
  double at_s_ = 0.0;
  std::optional<double> state_;
};

/// Of variance 1 in the last run.
double Walk(const RunPlace& place, uint64_t seed) {
  double sum = 0.0;
  for (int run = 1; run <= place.index; ++run)
    sum += base::Random(seed, kWalkStream + static_cast<uint64_t>(run)).Normal();
  return place.count > 1 ? sum / std::sqrt(place.count - 1.0) : 0.0;
}

/// 0 for all but `share` of the readings; a reading's own whatever else is read.
double FaultSpike(double share, const RunPlace& place, double time_s, uint64_t seed) {
  const auto moment_ms = static_cast<uint64_t>(std::llround(1e3 * time_s));
  base::Random random(seed,
                      kFaultSpikeStream + (static_cast<uint64_t>(place.index) << 28) + moment_ms);
  const double luck = random.Uniform();
  if (luck >= share) return 0.0;
  return (luck < 0.5 * share ? -1.0 : 1.0) * (0.4 + 1.6 * random.Uniform());
}

}  // namespace

std::string DeviceOf(const std::string& channel) { return channel.substr(0, channel.find('/')); }

const char* NameOf(FaultShape shape) {
  switch (shape) {
    case FaultShape::kConstant:
      return "constant";
    case FaultShape::kFromRunToRun:
      return "over runs";
    case FaultShape::kWithinRun:
      return "within runs";
    case FaultShape::kSteps:
      return "steps";
    case FaultShape::kWander:
      return "wander";
    case FaultShape::kSpikes:
      return "spikes";
    case FaultShape::kStuck:
      return "stuck";
    case FaultShape::kClock:
      return "clock";
    case FaultShape::kLag:
      return "lag";
  }
  return "";
}

SmoothError::SmoothError(uint64_t seed, uint64_t stream) {
  base::Random random(seed, stream);
  for (int i = 0; i < 3; ++i) {
    period_s_[i] = 250.0 + 650.0 * random.Uniform();
    phase_[i] = 2.0 * std::numbers::pi * random.Uniform();
  }
}

double SmoothError::At(double time_s) const {
  double sum = 0.0;
  for (int i = 0; i < 3; ++i) {
    sum += std::sin(2.0 * std::numbers::pi * time_s / period_s_[i] + phase_[i]);
  }
  return std::sqrt(2.0 / 3.0) * sum;
}

double Misreport(const PlantedFault& fault, const RunPlace& place, double time_s, double end_s,
                 double reading, uint64_t seed) {
  double a = 0.0;
  switch (fault.shape) {
    case FaultShape::kConstant:
      a = 1.0;
      break;
    case FaultShape::kFromRunToRun:
      a = place.count > 1 ? place.index / (place.count - 1.0) : 0.0;
      break;
    case FaultShape::kWithinRun:
      a = time_s / end_s;
      break;
    case FaultShape::kSteps:
      a = base::Random(seed, kStepStream + static_cast<uint64_t>(place.index)).Normal();
      break;
    case FaultShape::kWander:
      a = Walk(place, seed);
      break;
    case FaultShape::kSpikes:
      a = FaultSpike(fault.spike_share, place, time_s, seed);
      break;
    case FaultShape::kStuck:
    case FaultShape::kClock:
    case FaultShape::kLag:
      break;
  }
  return reading * (1.0 + fault.gain * a) + fault.offset * a;
}

signal::RunRecord RecordRun(
    const signal::Rig& rig, const signal::Run& run, const RunPlace& place,
    const std::function<std::optional<double>(const signal::Channel& channel, double time_s)>&
        truth,
    const std::optional<PlantedFault>& fault, const ReadingErrors& errors, uint64_t seed) {
  signal::RunRecord record{.run = run};
  const double end_s = RecipeEnds(run.recipe);
  uint64_t stream = static_cast<uint64_t>(place.index) * 100;
  for (const signal::Device& device : rig.devices) {
    const std::vector<Row> rows = RowsOf(device, run, fault, errors.vices, seed, ++stream);
    for (const signal::Channel& channel : device.channels) {
      const std::string name = device.id + "/" + channel.id;
      const bool faulty = fault && fault->channel == name;
      const bool lags = faulty && fault->shape == FaultShape::kLag;
      LaggingTruth lagging(truth, channel, fault ? fault->lag_s : 0.0);
      const bool sticks = faulty && fault->shape == FaultShape::kStuck;
      const StuckPlace stuck = Sticks(place, end_s);
      base::Random random(seed, kNoiseStream + ++stream);
      signal::Series series{.channel = name};
      std::optional<double> held;
      for (const Row& row : rows) {
        const std::optional<double> now =
            lags ? lagging.At(row.time_s) : truth(channel, row.time_s);
        if (!now) continue;
        double reading = *now;
        if (faulty) reading = Misreport(*fault, place, row.time_s, end_s, reading, seed);
        if (errors.vices == Vices::kOrdinary) {
          reading = Disturb(channel, errors.noise, reading, &random);
        }
        const bool frozen = sticks && (place.index > stuck.run ||
                                       (place.index == stuck.run && row.time_s >= stuck.time_s));
        if (frozen && !held) held = reading;
        for (int copy = 0; copy < row.copies; ++copy) {
          series.time_unix_ns.push_back(row.stamp_unix_ns);
          series.value.push_back(frozen ? *held : reading);
          series.quality.push_back({});
        }
      }
      record.series.push_back(std::move(series));
    }
  }
  return record;
}

}  // namespace parallax::pipeline::testing
