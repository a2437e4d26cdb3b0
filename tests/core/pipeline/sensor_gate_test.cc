#include "core/pipeline/sensor_gate.h"

#include <gtest/gtest.h>

#include "tests/core/pipeline/injection.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::TwoHeater;
using testing::Values;

std::vector<SensorHypothesis> Hypotheses(const signal::RunRecord& record) {
  const std::vector<RunObservations> runs =
      testing::ObserveRuns(testing::BoardRig(), TwoHeater(), {record});
  const ParameterSpace space(TwoHeater().description(), Values(TwoHeater()), {record.run.id}, {});
  const Model model(TwoHeater(), runs, space);
  return TestSensors(TwoHeater(), model, FitMap(model, 1).value()).value();
}

TEST(SensorGateTest, NothingIsSaidOfACleanRecording) {
  EXPECT_TRUE(Hypotheses(testing::BoardRecording("energy-balance-1s")).empty());
  EXPECT_TRUE(Hypotheses(testing::BoardRecording("mimo-3s")).empty());
}

TEST(SensorGateTest, ADriftFromTheMiddleOfTheRunIsNamedWithItsDirection) {
  signal::RunRecord record = testing::BoardRecording("energy-balance-1s");
  std::vector<double>& value = record.series[3].value;
  for (size_t i = 250; i < value.size(); ++i) value[i] -= 0.02 * static_cast<double>(i - 250);
  const std::vector<SensorHypothesis> found = Hypotheses(record);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].finding.channel, "board/T2");
  EXPECT_EQ(found[0].finding.reason, signal::QualityReason::kDrift);
  EXPECT_LT(found[0].finding.magnitude, -0.01);
  EXPECT_GT(found[0].finding.magnitude, -0.05);
  EXPECT_TRUE(found[0].finding.fault);
}

TEST(SensorGateTest, ExchangedSensorsAreNamed) {
  signal::RunRecord record = testing::BoardRecording("energy-balance-1s");
  std::swap(record.series[2].value, record.series[3].value);
  const std::vector<SensorHypothesis> found = Hypotheses(record);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].finding.reason, signal::QualityReason::kSwapped);
}

}  // namespace
}  // namespace parallax::pipeline
