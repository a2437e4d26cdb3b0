#include "core/pipeline/live_analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/pipeline/parameter_draws.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Assumptions;
using testing::QuietBoardRig;
using testing::SimulateBoard;
using testing::TwoHeater;
using testing::Values;

constexpr uint32_t kT1 = 2, kT2 = 3;

/// Row `row` of all series as one batch.
signal::SampleBatch BatchAt(const signal::RunRecord& record, size_t row) {
  signal::SampleBatch batch{.seq = row};
  for (uint32_t c = 0; c < record.series.size(); ++c) {
    const signal::Series& series = record.series[c];
    batch.columns.push_back({.channel_index = c,
                             .time_unix_ns = {series.time_unix_ns[row]},
                             .value = {series.value[row]},
                             .quality = {series.quality[row]}});
  }
  return batch;
}

/// Findings of a kind on a channel.
std::vector<LiveFinding> FoundIn(const LiveOutput& out, uint32_t channel, LiveFindingKind kind) {
  std::vector<LiveFinding> found;
  for (const LiveFinding& one : out.findings) {
    if (one.channel_index == channel && one.kind == kind) found.push_back(one);
  }
  return found;
}

/// Follows a run second by second, the twin in step.
class Follower {
 public:
  Follower(const signal::RunRecord& record, const calibration::ParameterSet& set)
      : rig_(QuietBoardRig()),
        analyzer_(rig_, record.run, &TwoHeater().description(), LiveOptions()),
        forecaster_(*Forecaster::Create(TwoHeater(), set, record.run.id)) {
    for (size_t row = 0; row < record.series[0].value.size(); ++row) {
      const int64_t time_unix_ns = record.series[0].time_unix_ns[row];
      analyzer_.Push(BatchAt(record, row), time_unix_ns + 5'000'000, &out_);
      if (row % 20 == 0) analyzer_.TestSensors(&out_);
      if (analyzer_.WantsForecast()) Ask();
    }
    analyzer_.Flush();
    analyzer_.TestSensors(&out_);
    Ask();
  }

  void Ask() {
    absl::StatusOr<Forecast> forecast = forecaster_.Predict(rig_, analyzer_.ForecastInput());
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    analyzer_.TakeForecast(std::make_shared<const Forecast>(*std::move(forecast)), &out_);
  }

  const LiveAnalyzer& analyzer() const { return analyzer_; }
  const std::vector<LiveSeries>& series() const { return out_.series; }
  std::vector<LiveFinding> Found(uint32_t channel, LiveFindingKind kind) const {
    return FoundIn(out_, channel, kind);
  }
  const LiveOutput& out() const { return out_; }

 private:
  signal::Rig rig_;
  LiveAnalyzer analyzer_;
  Forecaster forecaster_;
  LiveOutput out_;
};

signal::RunRecord NominalRun(uint64_t seed) {
  return SimulateBoard(QuietBoardRig(), {.truth = Values(TwoHeater()), .seed = seed});
}

/// The assumptions, each known to a hundredth of its prior: as after a calibration.
calibration::ParameterSet WellKnown() {
  calibration::ParameterSet set = Assumptions(TwoHeater());
  const auto count = static_cast<Eigen::Index>(set.values.size());
  set.covariance.setZero(count, count);
  for (Eigen::Index p = 0; p < count; ++p) {
    const twin::Parameter& parameter = TwoHeater().description().parameters[static_cast<size_t>(p)];
    set.values[static_cast<size_t>(p)].calibrated = true;
    const double slope =
        twin::FromCoordinateDerivative(parameter, twin::ToCoordinate(parameter, parameter.nominal));
    set.covariance(p, p) = std::pow(0.01 * slope * parameter.prior_sd, 2);
  }
  return set;
}

class LiveAnalyzerSeeds : public ::testing::TestWithParam<int> {};

TEST_P(LiveAnalyzerSeeds, OfARunThatTheTwinPredictsNothingIsRaised) {
  const Follower follower(NominalRun(static_cast<uint64_t>(GetParam())), WellKnown());
  for (const LiveFinding& finding : follower.out().findings) ADD_FAILURE() << finding.text;
  double squares = 0.0, rows = 0.0;
  for (const LiveSeries& series : follower.series()) {
    EXPECT_EQ(series.predicted, series.channel_index >= kT1);
    for (const LiveRow& row : series.rows) {
      if (std::isnan(row.residual)) continue;
      squares += row.residual * row.residual;
      rows += 1.0;
      EXPECT_NEAR(row.predicted, row.value, 2.0);
    }
  }
  EXPECT_GT(rows, 1700.0);  // of 1,800; the first seconds come before the first prediction
  EXPECT_LT(squares / rows, 1.5);
}

TEST_P(LiveAnalyzerSeeds, ASensorThatJumpsIsFoundAndItAlone) {
  signal::RunRecord record = NominalRun(static_cast<uint64_t>(GetParam()));
  constexpr size_t kJumpAt = 500;
  for (size_t i = kJumpAt; i < 900; ++i) record.series[kT1].value[i] += 3.0;
  const Follower follower(record, WellKnown());
  const std::vector<LiveFinding> found = follower.Found(kT1, LiveFindingKind::kChange);
  ASSERT_FALSE(found.empty());
  const double after_s =
      static_cast<double>(found[0].time_unix_ns - record.series[0].time_unix_ns[kJumpAt]) * 1e-9;
  EXPECT_GE(after_s, 0.0);
  EXPECT_LE(after_s, 60.0);
  EXPECT_GT(found[0].statistic, found[0].bound);
  EXPECT_TRUE(follower.Found(kT2, LiveFindingKind::kChange).empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, LiveAnalyzerSeeds, ::testing::Range(0, 5));

TEST(LiveAnalyzer, AWrongParameterIsAGap) {
  const signal::RunRecord record =
      SimulateBoard(QuietBoardRig(), {.truth = Values(TwoHeater(), {{"alpha1", 0.02}}), .seed = 3});
  const Follower follower(record, WellKnown());
  EXPECT_FALSE(follower.Found(kT1, LiveFindingKind::kGap).empty());
  EXPECT_GT(std::abs(follower.analyzer().Health()[kT1].drift_sds), 3.0);
}

TEST(LiveAnalyzer, AStuckSensorIsTold) {
  signal::RunRecord record = NominalRun(4);
  for (size_t i = 700; i < 900; ++i) record.series[kT2].value[i] = record.series[kT2].value[699];
  const Follower follower(record, WellKnown());
  const std::vector<LiveFinding> found = follower.Found(kT2, LiveFindingKind::kStuck);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].text, ::testing::HasSubstr("equal values"));
  const std::vector<LiveHealth> health = follower.analyzer().Health();
  EXPECT_TRUE(health[kT2].stuck);
  EXPECT_FALSE(health[kT1].stuck);
  EXPECT_THAT(health[kT2].findings, ::testing::Not(::testing::IsEmpty()));
  EXPECT_EQ(health[kT2].samples, 900u);
  EXPECT_NEAR(health[kT2].skew_s, -0.005, 1e-6);
}

TEST(LiveAnalyzer, SpikesAndARangeThatIsLeftAreToldOnce) {
  constexpr uint64_t kOutside = 12;
  signal::RunRecord record = NominalRun(8);
  for (size_t i = 400; i < 780; i += 9) record.series[kT1].value[i] += 15.0;
  for (size_t i = 450; i < 450 + kOutside; ++i) {  // as admission marks it
    record.series[kT2].value[i] = 500.0;
    record.series[kT2].quality[i] = {signal::QualityLevel::kBad,
                                     signal::QualityReason::kOutOfRange};
  }
  LiveAnalyzer analyzer(QuietBoardRig(), record.run, nullptr, LiveOptions());
  LiveOutput out;
  for (size_t row = 0; row < 900; ++row) {
    analyzer.Push(BatchAt(record, row), 0, &out);
    if (row == 399) {
      EXPECT_TRUE(out.findings.empty());
    }
    if (row % 20 == 19) analyzer.TestSensors(&out);
  }
  EXPECT_EQ(FoundIn(out, kT1, LiveFindingKind::kSpikes).size(), 1u);
  EXPECT_EQ(FoundIn(out, kT2, LiveFindingKind::kRange).size(), 1u);
  EXPECT_TRUE(FoundIn(out, kT2, LiveFindingKind::kSpikes).empty());
  EXPECT_TRUE(FoundIn(out, kT1, LiveFindingKind::kRange).empty());
  const std::vector<LiveHealth> health = analyzer.Health();
  EXPECT_GT(health[kT1].spikes, 20u);
  EXPECT_EQ(health[kT2].out_of_range, kOutside);
  EXPECT_THAT(health[kT2].findings, ::testing::Contains(::testing::HasSubstr("outside its range")));
}

TEST(LiveAnalyzer, AClockThatIsSetBackIsToldOnce) {
  const signal::RunRecord record = NominalRun(9);
  LiveAnalyzer analyzer(QuietBoardRig(), record.run, nullptr, LiveOptions());
  LiveOutput out;
  for (size_t row = 0; row < 300; ++row) {
    signal::SampleBatch batch = BatchAt(record, row);
    for (signal::ChannelColumn& column : batch.columns) {
      if (row >= 200) column.time_unix_ns[0] -= 3'600'000'000'000;
    }
    analyzer.Push(batch, 0, &out);
    EXPECT_EQ(FoundIn(out, kT1, LiveFindingKind::kClock).size(),
              row + 1 < 200 + LiveChannel::kSetBack ? 0u : 1u)
        << row;
  }
  const LiveFinding told = FoundIn(out, kT1, LiveFindingKind::kClock).at(0);
  EXPECT_THAT(told.text, ::testing::HasSubstr("board/T1: 10 samples in a row"));
  EXPECT_EQ(told.time_unix_ns, record.series[kT1].time_unix_ns[209] - 3'600'000'000'000);
  EXPECT_EQ(analyzer.Health()[kT1].late, LiveChannel::kSetBack);
  EXPECT_FALSE(std::isnan(out.series.back().rows.back().filtered)) << "it goes on from there";
}

TEST(LiveAnalyzer, ItsLastPredictionIsThatOfTheWholeRun) {
  const signal::RunRecord record = NominalRun(5);
  const Follower follower(record, WellKnown());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RunObservations whole,
                                Observe(QuietBoardRig(), TwoHeater(), record));
  twin::Prediction prediction;
  PARALLAX_ASSERT_OK(TwoHeater().Predict(Values(TwoHeater()), whole.drive, &prediction, nullptr));
  const Forecast& forecast = *follower.analyzer().forecast();
  for (Eigen::Index i = 0; i < whole.drive.time_s.size(); ++i) {
    const std::optional<ForecastPoint> point = forecast.At(0, whole.drive.time_s(i));
    ASSERT_TRUE(point.has_value());
    ASSERT_NEAR(point->predicted, prediction.outputs(i, 0), 0.05) << whole.drive.time_s(i);
  }
}

TEST(LiveAnalyzer, APredictionOfFormerParametersIsNotTaken) {
  const signal::RunRecord record = NominalRun(10);
  const signal::Rig rig = QuietBoardRig();
  LiveAnalyzer analyzer(rig, record.run, &TwoHeater().description(), LiveOptions());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Forecaster forecaster,
                                Forecaster::Create(TwoHeater(), WellKnown(), record.run.id));
  LiveOutput out;
  for (size_t row = 0; row < 60; ++row) analyzer.Push(BatchAt(record, row), 0, &out);
  const auto predict = [&] {
    EXPECT_TRUE(analyzer.WantsForecast());
    absl::StatusOr<Forecast> forecast = forecaster.Predict(rig, analyzer.ForecastInput());
    EXPECT_TRUE(forecast.ok()) << forecast.status();
    EXPECT_FALSE(analyzer.WantsForecast());
    return std::make_shared<const Forecast>(*std::move(forecast));
  };
  const std::shared_ptr<const Forecast> former = predict();
  analyzer.ForgetForecast();  // while it is made
  analyzer.TakeForecast(former, &out);
  EXPECT_EQ(analyzer.forecast(), nullptr);
  const std::shared_ptr<const Forecast> next = predict();
  analyzer.TakeForecast(next, &out);
  EXPECT_EQ(analyzer.forecast(), next);
  analyzer.ForgetForecast();  // with none on its way
  const std::shared_ptr<const Forecast> last = predict();
  analyzer.TakeForecast(last, &out);
  EXPECT_EQ(analyzer.forecast(), last);
}

TEST(LiveAnalyzer, WithoutATwinThereAreNoPredictions) {
  const signal::RunRecord record = NominalRun(6);
  LiveAnalyzer analyzer(QuietBoardRig(), record.run, nullptr, LiveOptions());
  LiveOutput out;
  for (size_t row = 0; row < 100; ++row) analyzer.Push(BatchAt(record, row), 0, &out);
  EXPECT_FALSE(analyzer.WantsForecast());
  EXPECT_FALSE(out.series.back().predicted);
  EXPECT_TRUE(std::isnan(out.series.back().rows.back().predicted));
  EXPECT_TRUE(std::isnan(analyzer.Health()[kT1].drift_sds));
}

// The linear band against draws from the same prior.
TEST(Forecast, ParametersThatWereNotCalibratedOpenTheBandOfTheirPrior) {
  const signal::RunRecord record = NominalRun(7);
  const calibration::ParameterSet set = Assumptions(TwoHeater());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const signal::CleanRun clean,
                                signal::Clean(QuietBoardRig(), record, {}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Forecaster forecaster,
                                Forecaster::Create(TwoHeater(), set, record.run.id));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Forecast forecast,
                                forecaster.Predict(QuietBoardRig(), clean));
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Eigen::MatrixXd draws,
      DrawParameters(TwoHeater().description(), set, record.run.id, {}, 400, 9));
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      twin::Drive drive, TwoHeater().Prepare(QuietBoardRig(), clean, twin::DriveMode::kMeasured));
  TwoHeater().AdoptFirstReadings(&drive);
  const Eigen::Index row = 880;
  Eigen::VectorXd readings(draws.cols());
  for (Eigen::Index k = 0; k < draws.cols(); ++k) {
    twin::Prediction prediction;
    PARALLAX_ASSERT_OK(TwoHeater().Predict(draws.col(k), drive, &prediction, nullptr));
    readings(k) = prediction.outputs(row, 0);
  }
  const double sd = std::sqrt((readings.array() - readings.mean()).square().mean());
  EXPECT_NEAR(forecast.parameter_sd(row, 0), sd, 0.25 * sd);
}

TEST(Forecast, WhatDiffersFromRunToRunIsInTheBand) {
  const signal::RunRecord record = NominalRun(7);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const signal::CleanRun clean,
                                signal::Clean(QuietBoardRig(), record, {}));
  const auto predict = [&](const calibration::ParameterSet& set) {
    return Forecaster::Create(TwoHeater(), set, record.run.id)->Predict(QuietBoardRig(), clean);
  };
  calibration::ParameterSet set = WellKnown();
  const auto u = std::find_if(set.values.begin(), set.values.end(),
                              [](const auto& value) { return value.parameter == "U"; });
  ASSERT_NE(u, set.values.end());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Forecast without, predict(set));
  u->spread = 0.5;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Forecast with, predict(set));
  const double value = u->value, step = 1e-3;
  u->value = value + step;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Forecast above, predict(set));
  u->value = value - step;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Forecast below, predict(set));
  for (const Eigen::Index row : {200, 500, 880}) {
    const double slope = (above.outputs(row, 0) - below.outputs(row, 0)) / (2.0 * step);
    const double known = without.parameter_sd(row, 0);
    EXPECT_NEAR(with.parameter_sd(row, 0), std::hypot(known, 0.5 * slope),
                1e-3 * with.parameter_sd(row, 0))
        << row;
    EXPECT_GT(with.parameter_sd(row, 0), 1.5 * known) << row;
  }
}

TEST(LiveOptions, AreChecked) {
  PARALLAX_EXPECT_OK(Validate(LiveOptions()));
  EXPECT_THAT(Validate(LiveOptions{.lateness_s = -1.0}),
              parallax::testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Validate(LiveOptions{.runs_per_false_alarm = 0.5}),
              parallax::testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::pipeline
