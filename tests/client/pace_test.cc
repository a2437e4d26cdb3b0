#include "client/lib/pace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lib/csv.h"

namespace parallax::client {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kRunStart = 1'520'000'000;  // [s since the Unix epoch]

v1::Device DeviceOf(const char* id) {
  v1::Device device;
  device.set_id(id);
  device.add_channels()->set_id("T");
  return device;
}

/// A device that measured at these seconds after the run's start, cut for a speed.
DeviceRecording Recorded(const char* id, uint32_t channel, const std::vector<double>& seconds,
                         double speed) {
  std::string text = "time_ns,T\n";
  for (const double second : seconds) {
    text +=
        std::to_string(kRunStart * 1'000'000'000 + static_cast<int64_t>(second * 1e9)) + ",20\n";
  }
  absl::StatusOr<DeviceRecording> recording =
      ParseDeviceCsv(id, text, DeviceOf(id), channel, PacedSpan(speed));
  EXPECT_TRUE(recording.ok()) << recording.status();
  return *std::move(recording);
}

RecordedRun RunOf(std::vector<DeviceRecording> devices) {
  RecordedRun run;
  run.open.mutable_run()->mutable_start_time()->set_seconds(kRunStart);
  run.devices = std::move(devices);
  return run;
}

std::vector<double> DueSeconds(const RecordedRun& run, double speed) {
  std::vector<double> seconds;
  for (const DueBatch& next : Schedule(run, speed)) {
    seconds.push_back(absl::ToDoubleSeconds(next.due));
  }
  return seconds;
}

TEST(PaceTest, AtTwentyTimesRealTimeARowASecondIsDueEveryFiftyMilliseconds) {
  const RecordedRun run = RunOf({Recorded("a", 0, {0.0, 1.0, 2.0, 3.0}, 20.0)});
  EXPECT_THAT(DueSeconds(run, 20.0), ElementsAre(0.0, 0.05, 0.1, 0.15));
}

TEST(PaceTest, RowsOfOneSpanAreSentTogetherOnceTheLastIsMeasured) {
  const RecordedRun run = RunOf({Recorded("a", 0, {0.0, 0.25, 0.75, 1.25, 5.5}, 20.0)});
  ASSERT_EQ(run.devices[0].batches.size(), 3U);
  EXPECT_EQ(run.devices[0].batches[0].columns(0).value_size(), 3);
  EXPECT_EQ(run.devices[0].batches[2].seq(), 2U);
  EXPECT_THAT(DueSeconds(run, 20.0), ElementsAre(0.0375, 0.0625, 0.275));
}

TEST(PaceTest, DevicesAreInStepByTheRunsStart) {
  const RecordedRun run =
      RunOf({Recorded("a", 0, {0.0, 20.0}, 20.0), Recorded("b", 1, {10.0, 30.0}, 20.0)});
  std::vector<size_t> devices;
  for (const DueBatch& next : Schedule(run, 20.0)) devices.push_back(next.device);
  EXPECT_THAT(devices, ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(DueSeconds(run, 20.0), ElementsAre(0.0, 0.5, 1.0, 1.5));
}

TEST(PaceTest, AClockThatIsOffOrIsSetMakesNobodyWait) {
  const double day = 86400.0;
  const RecordedRun ahead = RunOf({Recorded("a", 0, {day, day + 1.0, day + 2.0}, 20.0)});
  EXPECT_THAT(DueSeconds(ahead, 20.0), ElementsAre(0.0, 0.05, 0.1));
  const RecordedRun set = RunOf({Recorded("a", 0, {0.0, 1.0, day, day + 1.0, 2.0, 3.0}, 20.0)});
  // The steps there and back take no time, so that what lies between them comes with its neighbour.
  EXPECT_THAT(DueSeconds(set, 20.0), ElementsAre(0.0, 0.05, 0.1, 0.15));
  EXPECT_EQ(set.devices[0].samples, 6U);
}

TEST(PaceTest, WhatIsCutOtherwiseIsAnotherProducer) {
  const DeviceRecording slow = Recorded("a", 0, {0.0, 1.0}, 1.0);
  const DeviceRecording fast = Recorded("a", 0, {0.0, 1.0}, 20.0);
  const DeviceRecording again = Recorded("a", 0, {0.0, 1.0}, 20.0);
  EXPECT_NE(slow.producer_id, fast.producer_id);
  EXPECT_EQ(again.producer_id, fast.producer_id);
}

}  // namespace
}  // namespace parallax::client
