#include "core/pipeline/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "core/pipeline/held_out.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Furnace;
using ::testing::HasSubstr;
using testing::ObserveRuns;
using testing::TwoHeater;
using testing::Values;

/// Runs and the fit to them under the twin's nominal values.
struct Fitted {
  Fitted(const twin::Twin& twin, std::vector<RunObservations> observed)
      : runs(std::move(observed)),
        space(twin.description(), Values(twin), {runs[0].run}, {}),
        model(twin, runs, space),
        fit(FitMap(model, 1).value()) {}

  std::vector<RunObservations> runs;
  ParameterSpace space;
  Model model;
  MapFit fit;
};

/// A short furnace run calibrates, a longer one is held out.
class FurnaceValidateTest : public ::testing::Test {
 protected:
  static std::vector<RunObservations> Observations(const char* recording) {
    return ObserveRuns(parallax::testing::InductionFurnaceRig(), Furnace(),
                       {parallax::testing::FurnaceRecording(recording)});
  }
  /// Adds `kelvin` to what the held-out run reads from `from_s` on.
  void Heat(double from_s, double kelvin) {
    for (ChannelObservations& channel : held_out_[0].channels) {
      for (Eigen::Index i = 0; i < channel.bin_time_s.size(); ++i) {
        if (channel.bin_time_s(i) >= from_s) channel.bin_value(i) += kelvin;
      }
      for (Eigen::Index i = 0; i < channel.sample_time_s.size(); ++i) {
        if (channel.sample_time_s(i) >= from_s) channel.sample_value(i) += kelvin;
      }
    }
  }
  /// Adds readings at the floor of the instrument to the held-out run from `from_s` on.
  void AddFloorReadings(double from_s) {
    const Eigen::VectorXd& grid_s = held_out_[0].drive.time_s;
    for (Eigen::Index row = 0; row < grid_s.size(); ++row) {
      if (grid_s(row) >= from_s) held_out_[0].channels[0].censored_points.push_back({row, 0.0});
    }
  }
  Validation Judge() const { return Validate(Furnace(), space_, fit_, held_out_, 1).value(); }

  /// Made once for all cases.
  static const Fitted& Calibrated() {
    static const Fitted* const fitted = new Fitted(Furnace(), Observations("IFrun073"));
    return *fitted;
  }

  std::vector<RunObservations> held_out_ = Observations("IFrun076");
  const ParameterSpace& space_ = Calibrated().space;
  const MapFit& fit_ = Calibrated().fit;
};

TEST_F(FurnaceValidateTest, TheCouplingOfAHeldOutRunComesFromItsFirstPartAlone) {
  const Validation before = Judge();
  ASSERT_EQ(before.own_values.size(), 1u);
  EXPECT_EQ(before.own_values[0].parameter, "eta");
  EXPECT_GT(before.own_values[0].sd, 0.0);
  Heat(before.own_values[0].used_s, 40.0);
  const Validation after = Judge();
  EXPECT_EQ(after.own_values[0].value, before.own_values[0].value);
  EXPECT_EQ(after.own_values[0].used_s, before.own_values[0].used_s);
  EXPECT_NE(after.channels[0].rmse_after, before.channels[0].rmse_after);
}

TEST_F(FurnaceValidateTest, ReadingsAtTheFloorAfterTheFirstPartInformNoOwnValue) {
  const Validation before = Judge();
  AddFloorReadings(before.own_values[0].used_s);
  const Validation later = Judge();
  EXPECT_EQ(later.own_values[0].value, before.own_values[0].value);
  EXPECT_EQ(later.own_values[0].sd, before.own_values[0].sd);
}

TEST_F(FurnaceValidateTest, TheFirstPartIsNotScored) {
  const Validation before = Judge();
  ASSERT_EQ(before.channels.size(), 1u);
  Heat(0.0, 30.0);
  Heat(before.own_values[0].used_s, -30.0);
  const Validation after = Judge();
  // The simulation as assumed has no own value: only what is scored could change its error.
  EXPECT_EQ(after.channels[0].rmse_before, before.channels[0].rmse_before);
  EXPECT_NE(after.own_values[0].value, before.own_values[0].value);
}

class BoardValidateTest : public ::testing::Test {
 protected:
  const signal::Rig rig_ = testing::QuietBoardRig();
  const Eigen::VectorXd truth_ =
      Values(TwoHeater(), {{"U", 6.0}, {"alpha1", 0.0065}, {"alpha2", 0.006}, {"tau", 20.0}});
  /// To a run of that board; made once for all cases.
  const Fitted& Calibrated() const {
    static const Fitted* const fitted = new Fitted(
        TwoHeater(), ObserveRuns(rig_, TwoHeater(),
                                 {testing::SimulateBoard(rig_, {.truth = truth_, .seed = 1})}));
    return *fitted;
  }
  const ParameterSpace& space_ = Calibrated().space;
  const MapFit& fit_ = Calibrated().fit;
};

TEST_F(BoardValidateTest, AnotherRunOfTheSameBoardIsPredictedToItsNoiseAndAccepted) {
  const std::vector<RunObservations> same =
      ObserveRuns(rig_, TwoHeater(),
                  {testing::SimulateBoard(rig_, {.truth = truth_, .seed = 2, .id = "held-out"})});
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Validation validation,
                                Validate(TwoHeater(), space_, fit_, same, 1));
  EXPECT_TRUE(validation.held_out);
  EXPECT_TRUE(validation.own_values.empty());
  for (const ChannelValidation& channel : validation.channels) {
    EXPECT_GT(channel.rmse_before, 1.0);
    EXPECT_LT(channel.rmse_after, 0.13);
    // Errors of N(0, s²) score s/√π on average where their sd is stated right, and more otherwise:
    // the stated one also holds what the fit left.
    EXPECT_GT(channel.crps_after, 0.98 * channel.rmse_after / std::sqrt(M_PI));
    EXPECT_LT(channel.crps_after, channel.rmse_after);
    EXPECT_GT(channel.crps_before, 5.0 * channel.crps_after);
    EXPECT_LT(channel.pit_distance, 0.3);
  }
  EXPECT_LT(validation.gap_after, validation.gap_before);
}

TEST_F(BoardValidateTest, ARunOfAnotherBoardIsRefused) {
  const std::vector<RunObservations> other =
      ObserveRuns(rig_, TwoHeater(),
                  {testing::SimulateBoard(
                      rig_, {.truth = Values(TwoHeater(), {{"alpha1", 0.02}, {"alpha2", 0.015}}),
                             .seed = 2,
                             .id = "other"})});
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Validation validation,
                                Validate(TwoHeater(), space_, fit_, other, 1));
  EXPECT_FALSE(validation.decision.accepted);
  EXPECT_LT(validation.decision.elpd_difference, 0.0);
  ASSERT_TRUE(validation.leads.has_value());
  EXPECT_GT(validation.leads->refit_nats, 100.0);
  EXPECT_TRUE(validation.leads->parameters.empty());
  EXPECT_GT(validation.leads->worst_z2, 10.0);
}

TEST_F(BoardValidateTest, AHeldOutRunThatTheTwinCannotPredictIsLeftOutWithTheReason) {
  std::vector<signal::RunRecord> records = {
      testing::SimulateBoard(rig_, {.truth = truth_, .seed = 2, .id = "held-out"})};
  records.push_back(records[0]);
  records[1].run.id = "ten-years";
  for (signal::Series& series : records[1].series) {
    series.time_unix_ns.back() += int64_t{3650} * 86'400 * 1'000'000'000;
  }
  std::vector<std::string> unusable;
  const std::vector<RunObservations> observed =
      ObserveHeldOut(rig_, TwoHeater(), records, space_, fit_, &unusable);
  ASSERT_EQ(observed.size(), 1u);
  EXPECT_EQ(observed[0].run, "held-out");
  ASSERT_EQ(unusable.size(), 1u);
  EXPECT_THAT(unusable[0], HasSubstr("ten-years"));
  EXPECT_THAT(unusable[0], HasSubstr("steps"));
  PARALLAX_ASSERT_OK(Validate(TwoHeater(), space_, fit_, observed, 1).status());
}

TEST(MissingColumnTest, AChannelThatNoCalibrateRunHasIsNotScoredAndIsNamed) {
  const signal::Rig rig = testing::QuietBoardRig();
  std::vector<signal::RunRecord> records;
  for (const uint64_t seed : {1, 2}) {
    records.push_back(testing::SimulateBoard(
        rig,
        {.truth = Values(TwoHeater(), {{"alpha1", 0.02}}), .duration_s = 300.0, .seed = seed}));
  }
  records[0].series.pop_back();
  const std::vector<RunObservations> runs = ObserveRuns(rig, TwoHeater(), {records[0]});
  const ParameterSpace space(TwoHeater().description(), Values(TwoHeater()), {"simulated"}, {});
  const Model model(TwoHeater(), runs, space);
  const Eigen::VectorXd start = Eigen::VectorXd::Zero(space.size());
  MapFit fit{.z = start, .noise = SensorNoise(model)};
  fit.posterior.covariance = Eigen::MatrixXd::Identity(space.size(), space.size());
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Validation validation,
      Validate(TwoHeater(), space, fit, ObserveRuns(rig, TwoHeater(), {records[1]}), 1));
  ASSERT_EQ(validation.channels.size(), 1u);
  EXPECT_EQ(validation.channels[0].channel, "board/T1");
  EXPECT_TRUE(std::isfinite(validation.gap_after));
  ASSERT_EQ(validation.unusable_runs.size(), 1u);
  EXPECT_THAT(validation.unusable_runs[0], HasSubstr("board/T2 of run \"simulated\""));
  ASSERT_TRUE(validation.leads.has_value());
  EXPECT_EQ(validation.leads->worst_channel, "board/T1");
  EXPECT_TRUE(std::isfinite(validation.leads->refit_nats));
}

TEST_F(BoardValidateTest, NothingHeldOutIsRefusedWithTheReason) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Validation validation,
                                Validate(TwoHeater(), space_, fit_, {}, 1));
  EXPECT_FALSE(validation.held_out);
  EXPECT_FALSE(validation.decision.accepted);
  EXPECT_FALSE(validation.decision.because.empty());
}

}  // namespace
}  // namespace parallax::pipeline
