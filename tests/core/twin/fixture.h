#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/twin/furnace/furnace.h"
#include "core/twin/twin.h"
#include "core/twin/two_heater/two_heater.h"

/// Rigs, runs and drives that the tests of the twins share.
namespace parallax::twin::testing {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kBoardAmbientK = 296.15;
inline constexpr double kFurnaceAmbientK = 295.15;

inline signal::Channel MakeChannel(const std::string& id, const std::string& unit,
                                   double range_high) {
  signal::Channel channel;
  channel.id = id;
  channel.unit = unit;
  channel.range_high = range_high;
  return channel;
}

inline signal::Rig BoardRig() {
  signal::Rig rig;
  rig.id = "board-rig";
  rig.kind = "two_heater";
  rig.geometry = {{"heater_mass_kg", 0.004},
                  {"heat_capacity_j_per_kg_k", 500.0},
                  {"heater_area_m2", 0.001},
                  {"shared_area_m2", 0.0002},
                  {"ambient_k", kBoardAmbientK}};
  rig.devices = {{"board",
                  {MakeChannel("Q1", "%", 100.0), MakeChannel("Q2", "%", 100.0),
                   MakeChannel("T1", "Cel", 125.0), MakeChannel("T2", "Cel", 125.0)}}};
  return rig;
}

inline signal::Rig FurnaceRig() {
  signal::Rig rig;
  rig.id = "furnace-rig";
  rig.kind = "furnace";
  rig.geometry = {{"command_gain_w_per_ma", 1000.0}, {"ambient_k", kFurnaceAmbientK}};
  rig.devices = {
      {"recorder",
       {MakeChannel("power_command", "mA", 20.0), MakeChannel("temperature", "Cel", 2500.0),
        MakeChannel("argon_flow", "mL/min", 21.38)}}};
  return rig;
}

inline signal::CleanSeries MakeSeries(const std::string& name, std::vector<double> time_s,
                                      std::vector<double> value_si) {
  signal::CleanSeries series;
  series.channel = name;
  series.quality.assign(time_s.size(), signal::Quality{});
  series.time_s = std::move(time_s);
  series.value_si = std::move(value_si);
  return series;
}

/// The drive of a board at rest at ambient: `power` holds a row (Q1, Q2) for every time.
inline Drive BoardDrive(const Eigen::VectorXd& time_s, const Eigen::MatrixXd& power) {
  Drive drive;
  drive.time_s = time_s;
  drive.inputs = power;
  drive.initial = Eigen::VectorXd::Constant(2, kUnknown);
  drive.constants.resize(kBoardConstants);
  drive.constants << 2.0, 0.001, 0.0002, kBoardAmbientK;
  return drive;
}

/// The drive of a cold furnace at constant command [A] and share of argon.
inline Drive FurnaceDrive(const Eigen::VectorXd& time_s, double command_a, double argon) {
  Drive drive;
  drive.time_s = time_s;
  drive.inputs.resize(time_s.size(), kFurnaceInputs);
  drive.inputs.col(kPowerCommand).setConstant(command_a);
  drive.inputs.col(kArgonShare).setConstant(argon);
  drive.inputs.col(kCouplingRatio).setOnes();
  drive.initial = Eigen::VectorXd::Constant(1, kUnknown);
  drive.constants.resize(kFurnaceConstants);
  drive.constants << 1e6, kFurnaceAmbientK;
  return drive;
}

/// Random levels on both heaters, irregular rows of 0.2 to 3 s, a hole of a minute.
inline Drive RandomBoardDrive(uint64_t seed, Eigen::Index rows) {
  base::Random random(seed, 1);
  Eigen::VectorXd time_s(rows);
  Eigen::MatrixXd power(rows, 2);
  double now_s = 0.0;
  for (Eigen::Index i = 0; i < rows; ++i) {
    time_s[i] = now_s;
    now_s += i == rows / 2 ? 60.0 : 0.2 + 2.8 * random.Uniform();
    const bool change = i % 40 == 0;
    power(i, 0) = change ? random.Uniform() : power(i - 1, 0);
    power(i, 1) = change ? random.Uniform() : power(i - 1, 1);
  }
  Drive drive = BoardDrive(time_s, power);
  drive.initial << 290.0 + 20.0 * random.Uniform(), 290.0 + 20.0 * random.Uniform();
  return drive;
}

/// Random levels of command up to 1.5 mA, argon on for part of the run, one step in coupling.
inline Drive RandomFurnaceDrive(uint64_t seed, Eigen::Index rows) {
  base::Random random(seed, 2);
  Eigen::VectorXd time_s(rows);
  double now_s = 0.0;
  for (Eigen::Index i = 0; i < rows; ++i) {
    time_s[i] = now_s;
    now_s += 0.5 + 12.0 * random.Uniform();
  }
  Drive drive = FurnaceDrive(time_s, 0.0, 0.0);
  for (Eigen::Index i = 0; i < rows; ++i) {
    drive.inputs(i, kPowerCommand) =
        i % 25 == 0 ? 1.5e-3 * random.Uniform() : drive.inputs(i - 1, kPowerCommand);
    drive.inputs(i, kArgonShare) = i > rows / 3 ? 1.0 : 0.0;
    drive.inputs(i, kCouplingRatio) = i > rows / 2 ? 1.3 : 1.0;
  }
  return drive;
}

/// Parameters drawn from the prior at half its width, kept off the bounds.
inline Eigen::VectorXd DrawParameters(const Description& description, uint64_t seed) {
  base::Random random(seed, 3);
  Eigen::VectorXd values(static_cast<Eigen::Index>(description.parameters.size()));
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    const Parameter& p = description.parameters[static_cast<size_t>(i)];
    const double coordinate = ToCoordinate(p, p.nominal) + 0.5 * p.prior_sd * random.Normal();
    const double margin = 0.02 * (p.upper - p.lower);
    values[i] = FromCoordinate(p, coordinate);
    if (p.transform == Transform::kIdentity) {
      values[i] = std::clamp(values[i], p.lower + margin, p.upper - margin);
    }
  }
  return values;
}

inline Eigen::VectorXd Nominal(const Twin& twin) {
  return ParametersFromAssumptions(twin.description(), {}).value();
}

inline void Set(const Twin& twin, const std::string& name, double value, Eigen::VectorXd* values) {
  (*values)[ParameterIndex(twin.description(), name)] = value;
}

/// The outputs of a prediction that must succeed.
inline Eigen::MatrixXd Outputs(const Twin& twin, const Eigen::VectorXd& parameters,
                               const Drive& drive) {
  Prediction prediction;
  const absl::Status status = twin.Predict(parameters, drive, &prediction, nullptr);
  if (!status.ok()) return Eigen::MatrixXd::Constant(drive.time_s.size(), 1, kUnknown);
  return prediction.outputs;
}

/// A recording of tests/data as a clean run: every sample good, values in SI, seconds from the
/// first row. Column by column: device, scale and offset to SI.
struct ColumnRule {
  std::string name;
  double scale;
  double offset;
};

inline signal::CleanRun LoadRecording(const std::string& path,
                                      const std::map<std::string, ColumnRule>& rules) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<std::string> names;
  std::istringstream header(line);
  for (std::string cell; std::getline(header, cell, ',');) names.push_back(cell);
  std::vector<double> time_s;
  std::vector<std::vector<double>> columns(names.size());
  int64_t first_ns = 0;
  while (std::getline(file, line)) {
    std::istringstream row(line);
    for (size_t c = 0; c < names.size(); ++c) {
      std::string cell;
      std::getline(row, cell, ',');
      if (c == 0) {
        const int64_t stamp_ns = std::stoll(cell);
        if (time_s.empty()) first_ns = stamp_ns;
        time_s.push_back(1e-9 * static_cast<double>(stamp_ns - first_ns));
      } else {
        const ColumnRule& rule = rules.at(names[c]);
        columns[c].push_back(std::stod(cell) * rule.scale + rule.offset);
      }
    }
  }
  signal::CleanRun run;
  run.run.id = path;
  for (size_t c = 1; c < names.size(); ++c) {
    run.series.push_back(MakeSeries(rules.at(names[c]).name, time_s, columns[c]));
  }
  return run;
}

inline signal::CleanRun LoadBoardRun(const std::string& id) {
  return LoadRecording(absl::StrFormat("%s/tclab-byu/runs/%s/board.csv", PARALLAX_TEST_DATA, id),
                       {{"Q1", {"board/Q1", 0.01, 0.0}},
                        {"Q2", {"board/Q2", 0.01, 0.0}},
                        {"T1", {"board/T1", 1.0, 273.15}},
                        {"T2", {"board/T2", 1.0, 273.15}}});
}

/// Readings at the pyrometer's floor of 800 Cel are marked as censored.
inline signal::CleanRun LoadFurnaceRun(const std::string& id) {
  signal::CleanRun run = LoadRecording(absl::StrFormat("%s/furnace/%s.csv", PARALLAX_TEST_DATA, id),
                                       {{"power_command", {"recorder/power_command", 1e-3, 0.0}},
                                        {"temperature", {"recorder/temperature", 1.0, 273.15}},
                                        {"argon_flow", {"recorder/argon_flow", 1e-6 / 60.0, 0.0}}});
  for (signal::CleanSeries& series : run.series) {
    if (series.channel != "recorder/temperature") continue;
    series.range_low_si = 1073.15;
    for (size_t i = 0; i < series.value_si.size(); ++i) {
      if (series.value_si[i] < 1073.15) {
        series.quality[i] = {signal::QualityLevel::kUncertain, signal::QualityReason::kCensored};
      }
    }
  }
  return run;
}

inline void ExpectRefused(const absl::Status& status, const std::string& text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status.ToString();
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(text));
}

}  // namespace parallax::twin::testing
