#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/signal/rig.h"
#include "core/signal/run.h"

namespace parallax::testing {

/// The rig of tests/data/tclab-byu: two heaters in percent, two sensors in Cel.
inline signal::Rig TwoHeaterRig() {
  const signal::Channel heater{.id = "Q1",
                               .quantity = "heater_power",
                               .unit = "%",
                               .role = signal::Role::kActuator,
                               .rate_hz = 1.0,
                               .resolution = 0.39,
                               .range_low = 0.0,
                               .range_high = 100.0};
  const signal::Channel sensor{.id = "T1",
                               .quantity = "temperature",
                               .unit = "Cel",
                               .rate_hz = 1.0,
                               .noise_sd = 0.5,
                               .resolution = 0.0322,
                               .range_low = -40.0,
                               .range_high = 125.0};
  signal::Device board{.id = "board", .channels = {heater, heater, sensor, sensor}};
  board.channels[1].id = "Q2";
  board.channels[3].id = "T2";
  return {.id = "tclab-byu-board", .kind = "two_heater", .devices = {board}};
}

/// Recipe that changes level wherever a recorded heater column does, to the end of the recording.
inline signal::Recipe RecipeOfHeaters(const std::vector<signal::Series>& series) {
  signal::Recipe recipe;
  const signal::Series& q1 = series[0];
  const signal::Series& q2 = series[1];
  for (size_t i = 0; i < q1.value.size(); ++i) {
    const double time_s = static_cast<double>(q1.time_unix_ns[i] - q1.time_unix_ns[0]) * 1e-9;
    if (!recipe.segments.empty()) recipe.segments.back().end_s = time_s;
    const bool changed = i == 0 || q1.value[i] != q1.value[i - 1] || q2.value[i] != q2.value[i - 1];
    if (!changed) continue;
    recipe.segments.push_back({.name = "level",
                               .start_s = time_s,
                               .end_s = time_s,
                               .setpoints = {{"Q1", {q1.value[i]}}, {"Q2", {q2.value[i]}}}});
  }
  return recipe;
}

/// A two-heater run read from `time_ns,Q1,Q2,T1,T2` rows; empty series where the file is missing.
inline signal::RunRecord ReadTwoHeaterRun(const std::string& csv_path) {
  signal::RunRecord record;
  for (const char* name : {"board/Q1", "board/Q2", "board/T1", "board/T2"}) {
    record.series.push_back({.channel = name});
  }
  std::ifstream file(csv_path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::stringstream cells(line);
    std::string cell;
    std::getline(cells, cell, ',');
    const int64_t time_unix_ns = std::stoll(cell);
    for (signal::Series& series : record.series) {
      std::getline(cells, cell, ',');
      series.time_unix_ns.push_back(time_unix_ns);
      series.value.push_back(std::stod(cell));
      series.quality.push_back({});
    }
  }
  if (record.series[0].value.empty()) return record;
  record.run.id = "recorded";
  record.run.started_at_unix_ns = record.series[0].time_unix_ns[0];
  record.run.recipe = RecipeOfHeaters(record.series);
  return record;
}

/// The two recordings of tests/data/tclab-byu: "energy-balance-1s" and "mimo-3s".
inline signal::RunRecord RecordedRun(const std::string& run) {
  return ReadTwoHeaterRun(PARALLAX_TEST_DATA "/tclab-byu/runs/" + run + "/board.csv");
}

}  // namespace parallax::testing
