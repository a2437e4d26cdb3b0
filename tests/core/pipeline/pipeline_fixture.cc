#include "tests/core/pipeline/pipeline_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/signal/clean.h"
#include "tests/support/campaign_files.h"

namespace parallax::pipeline::testing {
namespace {

constexpr double kKelvin = 273.15;
constexpr int64_t kStart_ns = 1'700'000'000'000'000'000;
constexpr int kRest_s = 20;
constexpr int kLevel_s = 75;

const twin::Twin& FindTwin(const std::string& name) {
  static const twin::Registry* const registry = new twin::Registry(twin::BuiltInTwins());
  return **registry->Find(name);
}

/// Heaters of a run, temperatures all at the ambient.
signal::RunRecord MakeDrive(const BoardRun& what) {
  base::Random random(what.seed, 1);
  signal::RunRecord record;
  record.run = {.id = what.id, .started_at_unix_ns = kStart_ns};
  for (const char* name : {"board/Q1", "board/Q2", "board/T1", "board/T2"}) {
    record.series.push_back({.channel = name});
  }
  double levels[2] = {0.0, 0.0};
  for (int i = 0; i < static_cast<int>(what.duration_s); ++i) {
    if (i >= kRest_s && (i - kRest_s) % kLevel_s == 0) {
      levels[0] = std::round(100.0 * random.Uniform());
      levels[1] = std::round(100.0 * random.Uniform()) * what.heater_2;
    }
    const double row[] = {levels[0], levels[1], what.ambient_k - kKelvin, what.ambient_k - kKelvin};
    for (size_t s = 0; s < 4; ++s) {
      record.series[s].time_unix_ns.push_back(kStart_ns + int64_t{i} * 1'000'000'000);
      record.series[s].value.push_back(row[s]);
      record.series[s].quality.push_back({});
    }
  }
  return record;
}

}  // namespace

const twin::Twin& TwoHeater() { return FindTwin("two_heater"); }
const twin::Twin& Furnace() { return FindTwin("furnace"); }

Eigen::VectorXd Values(const twin::Twin& twin, const std::map<std::string, double>& changes) {
  return twin::ParametersFromAssumptions(twin.description(), changes).value();
}

calibration::ParameterSet Assumptions(const twin::Twin& twin) {
  calibration::ParameterSet set;
  for (const twin::Parameter& parameter : twin.description().parameters) {
    set.values.push_back({.parameter = parameter.name,
                          .value = parameter.nominal,
                          .assumed = parameter.nominal,
                          .unit = parameter.unit});
  }
  return set;
}

signal::Rig BoardRig() {
  return parallax::testing::ReadRig(PARALLAX_TEST_DATA "/tclab-byu/rig.json");
}

signal::RunRecord BoardRecording(const std::string& run) {
  return parallax::testing::ReadRunFolder(BoardRig(), PARALLAX_TEST_DATA "/tclab-byu/runs/" + run);
}

signal::Rig QuietBoardRig() {
  signal::Rig rig = BoardRig();
  for (signal::Channel& channel : rig.devices[0].channels) {
    if (channel.noise_sd > 0.0) channel.noise_sd = 0.1;
  }
  return rig;
}

signal::RunRecord SimulateBoard(const signal::Rig& rig, const BoardRun& what) {
  signal::RunRecord record = MakeDrive(what);
  const signal::CleanRun clean = signal::Clean(rig, record, {}).value();
  twin::Drive drive = TwoHeater().Prepare(rig, clean, twin::DriveMode::kMeasured).value();
  drive.initial.setConstant(what.ambient_k);
  TwoHeater().AdoptFirstReadings(&drive);
  twin::Prediction prediction;
  EXPECT_TRUE(TwoHeater().Predict(what.truth, drive, &prediction, nullptr).ok());
  EXPECT_EQ(prediction.outputs.rows(), std::ssize(record.series[2].value));
  base::Random random(what.seed, 2);
  for (size_t s = 0; s < 2; ++s) {
    std::vector<double>& value = record.series[2 + s].value;
    for (size_t i = 0; i < value.size(); ++i) {
      value[i] = prediction.outputs(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(s)) -
                 kKelvin + what.noise_sd * random.Normal();
    }
  }
  return record;
}

std::vector<RunObservations> ObserveRuns(const signal::Rig& rig, const twin::Twin& twin,
                                         const std::vector<signal::RunRecord>& records) {
  std::vector<RunObservations> runs;
  for (const signal::RunRecord& record : records) {
    absl::StatusOr<RunObservations> run = Observe(rig, twin, record);
    EXPECT_TRUE(run.ok()) << run.status();
    if (run.ok()) runs.push_back(*std::move(run));
  }
  return runs;
}

Eigen::VectorXd CoordinatesOfValues(const ParameterSpace& space, const Eigen::VectorXd& natural) {
  Eigen::VectorXd z(space.size());
  for (int p = 0; p < space.parameter_count(); ++p) {
    const twin::Parameter& parameter = space.description().parameters[static_cast<size_t>(p)];
    z(p) = (twin::ToCoordinate(parameter, natural(p)) -
            twin::ToCoordinate(parameter, space.assumed()(p))) /
           parameter.prior_sd;
  }
  return z;
}

double JacobianError(const Model& model, const Eigen::VectorXd& z) {
  constexpr double kStep = 1e-4;
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  EXPECT_TRUE(model.Residuals(z, &residuals, &jacobian).ok());
  double worst = 0.0;
  for (Eigen::Index k = 0; k < z.size(); ++k) {
    Eigen::VectorXd moved = z;
    Eigen::VectorXd above, below;
    moved(k) = z(k) + kStep;
    EXPECT_TRUE(model.Residuals(moved, &above, nullptr).ok());
    moved(k) = z(k) - kStep;
    EXPECT_TRUE(model.Residuals(moved, &below, nullptr).ok());
    const Eigen::VectorXd expected = (above - below) / (2.0 * kStep);
    const double size = std::max(expected.cwiseAbs().maxCoeff(), 1e-6);
    worst = std::max(worst, (jacobian.col(k) - expected).cwiseAbs().maxCoeff() / size);
  }
  return worst;
}

}  // namespace parallax::pipeline::testing
