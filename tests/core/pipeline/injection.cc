#include "tests/core/pipeline/injection.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"

namespace parallax::pipeline {
namespace {

constexpr double kDriftRate = 0.02;  // K/s
constexpr double kJump_s = 30.0;

const signal::Channel& ChannelOf(const signal::Rig& rig, const std::string& name) {
  return *signal::FindChannel(rig, name)->channel;
}

/// Positions of the recorded temperatures.
std::vector<size_t> Temperatures(const signal::Rig& rig, const signal::RunRecord& record) {
  std::vector<size_t> found;
  for (size_t i = 0; i < record.series.size(); ++i) {
    if (ChannelOf(rig, record.series[i].channel).quantity == "temperature") found.push_back(i);
  }
  return found;
}

double TimeAt(const signal::Series& series, size_t i) {
  return 1e-9 * static_cast<double>(series.time_unix_ns[i] - series.time_unix_ns[0]);
}

/// Samples that say something: those above the range's lower end.
std::vector<size_t> Readable(const signal::Channel& channel, const signal::Series& series) {
  std::vector<size_t> rows;
  for (size_t i = 0; i < series.value.size(); ++i) {
    if (series.value[i] > channel.range_low) rows.push_back(i);
  }
  return rows;
}

/// What an instrument shows where it would read `value`: beyond its floor, what it showed at some
/// other time when it was there.
double Shown(const signal::Channel& channel, const std::vector<double>& at_floor, double value,
             base::Random& random) {
  if (value > channel.range_low) return std::min(value, channel.range_high);
  return at_floor.empty() ? channel.range_low : at_floor[random.Below(at_floor.size())];
}

std::vector<double> ReadingsAtFloor(const signal::Channel& channel, const signal::Series& series) {
  std::vector<double> at_floor;
  std::copy_if(series.value.begin(), series.value.end(), std::back_inserter(at_floor),
               [&channel](double value) { return value <= channel.range_low; });
  return at_floor;
}

void Stick(base::Random& random, const std::vector<size_t>& readable, signal::Series* series,
           Injection* out) {
  const size_t n = readable.size();
  const bool to_end = random.Uniform() < 0.5;
  const size_t begin = random.Below(n - n / 5);
  const size_t longest = n - begin;
  const size_t shortest = std::max<size_t>(1, n / 5);
  const size_t count =
      to_end || longest <= shortest ? longest : shortest + random.Below(longest - shortest);
  const double held = series->value[readable[begin]];
  for (size_t k = begin; k < begin + count; ++k) series->value[readable[k]] = held;
  out->begin_s = TimeAt(*series, readable[begin]);
  out->text = absl::StrFormat("at %.2f from %.0f s, %d samples", held, out->begin_s, count);
}

void DriftAway(base::Random& random, const signal::Channel& channel,
               const std::vector<size_t>& readable, signal::Series* series, Injection* out) {
  const size_t begin = readable[random.Below(std::max<size_t>(1, readable.size() / 2))];
  const double rate = random.Uniform() < 0.5 ? -kDriftRate : kDriftRate;
  out->begin_s = TimeAt(*series, begin);
  const std::vector<double> at_floor = ReadingsAtFloor(channel, *series);
  for (const size_t i : readable) {
    if (i <= begin) continue;
    const double off = rate * (TimeAt(*series, i) - out->begin_s);
    series->value[i] = Shown(channel, at_floor, series->value[i] + off, random);
  }
  out->text = absl::StrFormat("%+.2f K/s from %.0f s", rate, out->begin_s);
}

void Spike(base::Random& random, const signal::Channel& channel,
           const std::vector<size_t>& readable, signal::Series* series, Injection* out) {
  const auto count = static_cast<size_t>(std::lround(0.02 * static_cast<double>(readable.size())));
  std::vector<bool> touched(readable.size(), false);
  const std::vector<double> at_floor = ReadingsAtFloor(channel, *series);
  for (size_t done = 0; done < count;) {
    const size_t k = random.Below(readable.size());
    if (touched[k]) continue;
    touched[k] = true;
    const double sign = random.Uniform() < 0.5 ? -1.0 : 1.0;
    const double height = sign * (4.0 + 16.0 * random.Uniform());
    series->value[readable[k]] =
        Shown(channel, at_floor, series->value[readable[k]] + height, random);
    ++done;
  }
  out->text = absl::StrFormat("%d spikes", count);
}

void JumpClock(base::Random& random, signal::RunRecord* record, Injection* out) {
  const signal::Series& first = record->series[0];
  const size_t n = first.value.size();
  const size_t begin = n / 10 + random.Below(8 * n / 10);
  const int64_t from_unix_ns = first.time_unix_ns[begin];
  const double jump_s = random.Uniform() < 0.5 ? -kJump_s : kJump_s;
  out->begin_s = TimeAt(first, begin);
  for (signal::Series& series : record->series) {
    for (int64_t& time_unix_ns : series.time_unix_ns) {
      if (time_unix_ns >= from_unix_ns) time_unix_ns += static_cast<int64_t>(jump_s * 1e9);
    }
  }
  out->channels = {first.channel.substr(0, first.channel.find('/')) + "/clock"};
  out->text = absl::StrFormat("%+.0f s at %.0f s", jump_s, out->begin_s);
}

}  // namespace

const char* FaultName(FaultKind kind) {
  switch (kind) {
    case FaultKind::kStuck:
      return "stuck";
    case FaultKind::kDrift:
      return "drift";
    case FaultKind::kSpikes:
      return "spikes";
    case FaultKind::kClockJump:
      return "clock jump";
    case FaultKind::kSwapped:
      return "swapped";
  }
  return "unknown";
}

Injection Inject(FaultKind kind, const signal::Rig& rig, base::Random& random,
                 signal::RunRecord* record) {
  Injection out{.kind = kind};
  const std::vector<size_t> sensors = Temperatures(rig, *record);
  if (kind == FaultKind::kClockJump) {
    JumpClock(random, record, &out);
    return out;
  }
  if (kind == FaultKind::kSwapped) {
    std::swap(record->series[sensors[0]].value, record->series[sensors[1]].value);
    out.channels = {record->series[sensors[0]].channel, record->series[sensors[1]].channel};
    return out;
  }
  signal::Series& series = record->series[sensors[random.Below(sensors.size())]];
  const signal::Channel& channel = ChannelOf(rig, series.channel);
  const std::vector<size_t> readable = Readable(channel, series);
  out.channels = {series.channel};
  if (kind == FaultKind::kStuck) Stick(random, readable, &series, &out);
  if (kind == FaultKind::kDrift) DriftAway(random, channel, readable, &series, &out);
  if (kind == FaultKind::kSpikes) Spike(random, channel, readable, &series, &out);
  return out;
}

void AddSensorNoise(const signal::Rig& rig, double share, base::Random& random,
                    signal::RunRecord* record) {
  for (const size_t s : Temperatures(rig, *record)) {
    signal::Series& series = record->series[s];
    const signal::Channel& channel = ChannelOf(rig, series.channel);
    for (const size_t i : Readable(channel, series)) {
      const double noisy = series.value[i] + share * channel.noise_sd * random.Normal();
      series.value[i] = channel.resolution > 0.0
                            ? channel.resolution * std::round(noisy / channel.resolution)
                            : noisy;
    }
  }
}

}  // namespace parallax::pipeline
