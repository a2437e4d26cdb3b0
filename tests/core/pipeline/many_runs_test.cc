#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/pipeline/attribute.h"
#include "core/pipeline/validate.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Furnace;
using testing::Values;

/// With the seven parameters of the furnace more coordinates than a mask has bits.
constexpr int kManyRuns = 30;

std::string RunName(int i) { return absl::StrFormat("run-%02d", i); }

RunObservations FurnaceRun() {
  return testing::ObserveRuns(parallax::testing::InductionFurnaceRig(), Furnace(),
                              {parallax::testing::FurnaceRecording("IFrun073")})[0];
}

/// The first bins of a run's one channel, with the samples in them.
void KeepBins(Eigen::Index bins, RunObservations* run) {
  ChannelObservations& channel = run->channels[0];
  const double end_s = channel.bin_time_s(bins);
  channel.bin_points.resize(static_cast<size_t>(bins));
  channel.bin_time_s.conservativeResize(bins);
  channel.bin_value.conservativeResize(bins);
  Eigen::Index samples = 0;
  while (channel.sample_time_s(samples) < end_s) ++samples;
  channel.sample_points.resize(static_cast<size_t>(samples));
  channel.sample_time_s.conservativeResize(samples);
  channel.sample_value.conservativeResize(samples);
}

/// The first rows of a run, with a reading of the twin as assumed and 1 K of noise at each.
RunObservations FewReadings(const RunObservations& run, base::Random* random) {
  constexpr Eigen::Index kRows = 6;
  RunObservations few = run;
  few.drive.time_s.conservativeResize(kRows);
  few.drive.inputs = run.drive.inputs.topRows(kRows);
  few.assumed_drive = few.drive;
  twin::Prediction prediction;
  EXPECT_TRUE(Furnace().Predict(Values(Furnace()), few.drive, &prediction, nullptr).ok());
  ChannelObservations& channel = few.channels[0];
  channel = {.channel = channel.channel, .unit = channel.unit, .white_sd = 1.0};
  channel.bin_time_s = few.drive.time_s;
  channel.bin_value = prediction.outputs.col(0);
  for (Eigen::Index row = 0; row < kRows; ++row) {
    channel.bin_points.push_back({row, 0.0});
    channel.bin_value(row) += random->Normal();
  }
  return few;
}

TEST(ManyRunsTest, EachHeldOutRunHasTheOwnValueThatItHasAlone) {
  const std::vector<RunObservations> fitted = {FurnaceRun()};
  const ParameterSpace space(Furnace().description(), Values(Furnace()), {fitted[0].run}, {});
  const Model model(Furnace(), fitted, space);
  const Eigen::VectorXd start = Eigen::VectorXd::Zero(space.size());
  MapFit fit{.noise = SensorNoise(model)};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::FitResult best, Refit(model, fit.noise, start));
  fit.z = best.x;
  PARALLAX_ASSERT_OK_AND_ASSIGN(fit.posterior, CorrelatedPosterior(model, fit.noise, best));

  std::vector<RunObservations> held_out(kManyRuns, fitted[0]);
  for (int i = 0; i < kManyRuns; ++i) {
    RunObservations& run = held_out[static_cast<size_t>(i)];
    run.run = RunName(i);
    KeepBins(12, &run);
    run.channels[0].bin_value.array() += static_cast<double>(i);  // K
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Validation all, Validate(Furnace(), space, fit, held_out, 1));
  ASSERT_EQ(all.own_values.size(), static_cast<size_t>(kManyRuns));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Validation alone,
                                Validate(Furnace(), space, fit, {held_out.back()}, 1));
  EXPECT_EQ(all.own_values.back().run, held_out.back().run);
  EXPECT_EQ(all.own_values.back().value, alone.own_values[0].value);
  EXPECT_GT(all.own_values[29].value, all.own_values[0].value);
}

TEST(ManyRunsTest, AttributionOfARightTwinBlamesNothing) {
  const RunObservations recorded = FurnaceRun();
  base::Random random(4, 0);
  std::vector<RunObservations> runs;
  std::vector<std::string> ids;
  for (int i = 0; i < kManyRuns; ++i) {
    runs.push_back(FewReadings(recorded, &random));
    ids.push_back(RunName(i));
  }
  const ParameterSpace space(Furnace().description(), Values(Furnace()), ids, {});
  ASSERT_GT(space.size(), 32);
  const Model model(Furnace(), runs, space);
  MapFit fit{.z = Eigen::VectorXd::Zero(space.size()), .noise = SensorNoise(model)};
  PARALLAX_ASSERT_OK(model.Residuals(fit.z, &fit.residuals, &fit.jacobian));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::FitResult best, Refit(model, fit.noise, fit.z));
  PARALLAX_ASSERT_OK_AND_ASSIGN(fit.posterior, CorrelatedPosterior(model, fit.noise, best));
  const GapMeter meter(model, fit.noise, 1);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Attribution found, Attribute(model, fit, meter, 1));
  for (const double pip : found.pip) EXPECT_LT(pip, 0.5);
  EXPECT_EQ(found.causes, 0u);
}

}  // namespace
}  // namespace parallax::pipeline
