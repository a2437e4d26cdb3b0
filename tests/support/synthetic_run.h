#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/signal/clean.h"
#include "tests/support/recording.h"

namespace parallax::testing {

inline constexpr int64_t kRunStartUnixNs = 1'700'000'000'000'000'000;

/// Ten minutes of the two-heater rig at 1 Hz: heaters step every 100 s, sensors follow with a time
/// constant of 60 s and noise of 0.1 Cel on a grid of 0.0322 Cel.
inline signal::RunRecord SyntheticRun(uint64_t seed) {
  base::Random random(seed, 99);
  signal::RunRecord record;
  record.run = {.id = "synthetic", .started_at_unix_ns = kRunStartUnixNs};
  for (const char* name : {"board/Q1", "board/Q2", "board/T1", "board/T2"}) {
    record.series.push_back({.channel = name});
  }
  double temperature[2] = {22.0, 21.0};
  for (int i = 0; i < 600; ++i) {
    const int level = i / 100;
    const double heater[2] = {level % 2 == 1 ? 80.0 : 10.0, level % 3 == 1 ? 60.0 : 0.0};
    for (size_t k = 0; k < 2; ++k) {
      temperature[k] += (21.0 + 0.5 * heater[k] - temperature[k]) / 60.0;
      const double reading = temperature[k] + 0.1 * random.Normal();
      record.series[k].value.push_back(heater[k]);
      record.series[2 + k].value.push_back(0.0322 * std::round(reading / 0.0322));
    }
    for (signal::Series& series : record.series) {
      series.time_unix_ns.push_back(kRunStartUnixNs + int64_t{i} * 1'000'000'000);
      series.quality.push_back({});
    }
  }
  record.run.recipe = RecipeOfHeaters(record.series);
  return record;
}

/// The first finding of a reason on a channel ("board/clock" for the device's clock), or null.
inline const signal::SensorFinding* FindFinding(const signal::CleanRun& run,
                                                const std::string& channel,
                                                signal::QualityReason reason) {
  for (const signal::SensorFinding& finding : run.findings) {
    if (finding.channel == channel && finding.reason == reason) return &finding;
  }
  return nullptr;
}

inline bool AnyFault(const signal::CleanRun& run) {
  return std::ranges::any_of(run.findings, &signal::SensorFinding::fault);
}

}  // namespace parallax::testing
