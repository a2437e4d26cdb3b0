#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "core/pipeline/fit.h"
#include "core/pipeline/model.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::TwoHeater;
using testing::Values;

/// Bins of a run between two moments; the drive stays whole, so that the twin arrives warm.
RunObservations Between(const RunObservations& run, double begin_s, double end_s) {
  RunObservations part = run;
  for (ChannelObservations& channel : part.channels) {
    Eigen::Index first = 0;
    while (channel.bin_time_s(first) < begin_s) ++first;
    Eigen::Index last = channel.bin_time_s.size();
    while (channel.bin_time_s(last - 1) >= end_s) --last;
    channel.bin_points.assign(channel.bin_points.begin() + first,
                              channel.bin_points.begin() + last);
    channel.bin_time_s = channel.bin_time_s.segment(first, last - first).eval();
    channel.bin_value = channel.bin_value.segment(first, last - first).eval();
  }
  return part;
}

TEST(PosteriorTest, EstimatesFromTheTwoHalvesOfALongRecordingAgreeWithinTwoSds) {
  const std::string folder = PARALLAX_TEST_DATA "/tclab-sp";
  const signal::Rig rig = parallax::testing::ReadRig(folder + "/rig.json");
  const std::vector<RunObservations> whole = testing::ObserveRuns(
      rig, TwoHeater(), {parallax::testing::ReadRunFolder(rig, folder + "/runs/random-01")});
  const Eigen::VectorXd assumed = Values(TwoHeater(), {{"U", 10.0},
                                                       {"Us", 15.45},
                                                       {"alpha1", 0.01},
                                                       {"alpha2", 0.0075},
                                                       {"tau", 15.0},
                                                       {"eps", 0.9}});
  const ParameterSpace space(TwoHeater().description(), assumed, {"random-01"}, {});
  const double half_s = 0.5 * whole[0].drive.time_s(whole[0].drive.time_s.size() - 1);
  std::vector<MapFit> halves;
  for (int i = 0; i < 2; ++i) {
    const std::vector<RunObservations> half = {Between(whole[0], i * half_s, (i + 1) * half_s)};
    const Model model(TwoHeater(), half, space);
    PARALLAX_ASSERT_OK_AND_ASSIGN(MapFit fit, FitMap(model, 1));
    halves.push_back(std::move(fit));
  }
  for (int k = 0; k < space.size(); ++k) {
    const double sd = std::hypot(halves[0].posterior.sd(k), halves[1].posterior.sd(k));
    EXPECT_LT(std::abs(halves[0].z(k) - halves[1].z(k)), 2.0 * sd)
        << space.coordinates()[static_cast<size_t>(k)].label;
  }
  // Sds as wide as the prior would agree with anything.
  EXPECT_LT(halves[0].posterior.sd(twin::ParameterIndex(TwoHeater().description(), "alpha1")), 0.3);
}

/// Log determinant of the posterior's precision at the assumed values, with a reading at the floor
/// where the furnace is hottest that came so many times.
double LogPrecision(RunObservations run, size_t readings) {
  const twin::Twin& twin = testing::Furnace();
  const ParameterSpace space(twin.description(), Values(twin), {run.run}, {});
  const Eigen::VectorXd z = Eigen::VectorXd::Zero(space.size());
  twin::Prediction prediction;
  EXPECT_TRUE(twin.Predict(space.Natural(z, 0), run.drive, &prediction, nullptr).ok());
  GridPoint hottest;
  EXPECT_GT(prediction.outputs.col(0).maxCoeff(&hottest.row), run.channels[0].censor_limit);
  run.channels[0].censored_points.assign(readings, hottest);
  const std::vector<RunObservations> runs = {std::move(run)};
  const Model model(twin, runs, space);
  const NoiseModel noise = SensorNoise(model);
  calibration::FitResult fit{.x = z};
  EXPECT_TRUE(MapProblem(model, noise).evaluate(z, &fit.residuals, &fit.jacobian));
  fit.raw_residuals = fit.residuals;
  return CorrelatedPosterior(model, noise, fit).value().log_det_hessian;
}

TEST(PosteriorTest, AReadingAtTheFloorThatIsRepeatedIsNotAnotherReading) {
  const RunObservations run =
      testing::ObserveRuns(parallax::testing::InductionFurnaceRig(), testing::Furnace(),
                           {parallax::testing::FurnaceRecording("IFrun073")})[0];
  const double some = LogPrecision(run, 100);
  EXPECT_NE(some, LogPrecision(run, 0));
  EXPECT_NEAR(LogPrecision(run, 1600), some, 0.5);
}

}  // namespace
}  // namespace parallax::pipeline
