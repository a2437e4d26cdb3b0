#include "client/lib/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "core/base/random.h"
#include "core/base/sha256.h"

namespace parallax::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kStart = 1'520'000'000'000'000'000;

/// A cell of time_ns.
std::string TimeAt(int64_t offset_ns) { return std::to_string(kStart + offset_ns); }

v1::Device Board() {
  v1::Device device;
  device.set_id("board");
  for (const char* id : {"Q1", "T1", "T2"}) device.add_channels()->set_id(id);
  return device;
}

absl::StatusOr<DeviceRecording> Parse(const std::string& text) {
  return ParseDeviceCsv("board.csv", text, Board(), 4);
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<DeviceRecording> recording = Parse(text);
  EXPECT_EQ(recording.status().code(), absl::StatusCode::kInvalidArgument) << recording.status();
  return std::string(recording.status().message());
}

uint64_t Bits(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

TEST(CsvTest, TurnsColumnsIntoSamplesOfTheirChannels) {
  const auto recording = Parse("time_ns,T1,Q1\n" + TimeAt(1000) + ",20.83,0\n" + TimeAt(2000) +
                               ",20.9,50\n" + TimeAt(4000) + ",21,50\n");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_EQ(recording->samples, 6U);
  ASSERT_EQ(recording->batches.size(), 1U);
  const v1::SampleBatch& batch = recording->batches[0];
  ASSERT_EQ(batch.columns_size(), 2);
  EXPECT_EQ(batch.columns(0).channel_index(), 4U);  // Q1, though its column stands second
  EXPECT_EQ(batch.columns(1).channel_index(), 5U);
  EXPECT_EQ(batch.columns(1).first_time_unix_ns(), kStart + 1000);
  EXPECT_THAT(batch.columns(1).delta_time_ns(), ElementsAre(1000, 2000));
  EXPECT_THAT(batch.columns(1).value(), ElementsAre(20.83, 20.9, 21.0));
}

TEST(CsvTest, EvenSpacingBecomesAPeriod) {
  const auto recording =
      Parse("time_ns,T1\n" + TimeAt(10) + ",1\n" + TimeAt(30) + ",2\n" + TimeAt(50) + ",3\n");
  ASSERT_TRUE(recording.ok());
  EXPECT_EQ(recording->batches[0].columns(0).period_ns(), 20);
  EXPECT_TRUE(recording->batches[0].columns(0).delta_time_ns().empty());
}

TEST(CsvTest, RepeatedAndBackwardTimesAreSentAsTheyStand) {
  const auto recording =
      Parse("time_ns,T1\n" + TimeAt(50) + ",1\n" + TimeAt(50) + ",2\n" + TimeAt(20) + ",3\n");
  ASSERT_TRUE(recording.ok());
  EXPECT_THAT(recording->batches[0].columns(0).delta_time_ns(), ElementsAre(0, -30));
}

TEST(CsvTest, EmptyCellIsNoSampleAndNanIsOne) {
  const auto recording =
      Parse("time_ns,T1,T2\n" + TimeAt(1) + ",,nan\n" + TimeAt(2) + ",,\n" + TimeAt(3) + ",7,\n");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_EQ(recording->samples, 2U);
  ASSERT_EQ(recording->batches[0].columns_size(), 2);
  EXPECT_EQ(recording->batches[0].columns(0).first_time_unix_ns(), kStart + 3);
  EXPECT_TRUE(std::isnan(recording->batches[0].columns(1).value(0)));
}

TEST(CsvTest, AColumnThatIsEmptyThroughoutIsTold) {
  EXPECT_THAT(Parse("time_ns,T1,T2\n" + TimeAt(1) + ",,nan\n" + TimeAt(2) + ",,\n")->silent,
              ElementsAre("T1"));
  EXPECT_THAT(Parse("time_ns,T1,T2\n" + TimeAt(1) + ",,2\n" + TimeAt(2) + ",3,\n")->silent,
              ::testing::IsEmpty());
}

TEST(CsvTest, ValueBitsAreThoseOfStrtod) {
  base::Random random(1, 0);
  std::vector<std::string> cells = {"0.1",    "-0",   "1e-320", "1e999", "-1e999",
                                    "1e-999", "+3.5", "nan",    "-nan",  "inf",
                                    "5e-324", ".5",   "5.",     "1E5",   "0.30000000000000004"};
  for (int i = 0; i < 2000; ++i) {
    cells.push_back(std::to_string(random.Uniform() * 1e3) + std::to_string(random()));
    cells.push_back(std::to_string(random()) + "e-" + std::to_string(random.Below(320)));
  }
  std::string text = "time_ns,T1\n";
  for (const std::string& cell : cells) text += TimeAt(7) + "," + cell + "\n";
  const auto recording = Parse(text);
  ASSERT_TRUE(recording.ok()) << recording.status();
  size_t i = 0;
  for (const v1::SampleBatch& batch : recording->batches) {
    for (const double value : batch.columns(0).value()) {
      EXPECT_EQ(Bits(value), Bits(std::strtod(cells[i].c_str(), nullptr))) << cells[i];
      ++i;
    }
  }
  EXPECT_EQ(i, cells.size());
}

TEST(CsvTest, BatchesHaveFixedBoundariesAndContiguousNumbers) {
  std::string text = "time_ns,T1\n";
  for (int row = 0; row < 4500; ++row) text += TimeAt(row) + ",1\n";
  const auto recording = Parse(text);
  ASSERT_TRUE(recording.ok());
  ASSERT_EQ(recording->batches.size(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(recording->batches[i].seq(), i);
  EXPECT_EQ(recording->batches[0].columns(0).value_size(), 2000);
  EXPECT_EQ(recording->batches[2].columns(0).value_size(), 500);
  EXPECT_EQ(recording->batches[1].columns(0).first_time_unix_ns(), kStart + 2000);
}

TEST(CsvTest, WideRowsMakeSmallerBatches) {
  EXPECT_EQ(RowsPerBatch(1), 2000U);
  EXPECT_EQ(RowsPerBatch(65), 2000U);
  EXPECT_EQ(RowsPerBatch(1024), 128U);
}

TEST(CsvTest, ProducerIsTheHashOfTheFile) {
  const std::string text = "time_ns,T1\r\n" + TimeAt(1) + ",2\r\n";
  const auto recording = Parse(text);
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_EQ(recording->producer_id, base::Sha256Hex(text));
  EXPECT_THAT(recording->batches[0].columns(0).value(), ElementsAre(2.0));
}

TEST(CsvTest, EmptyFilesAreRefused) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("board.csv: is empty"));
  EXPECT_THAT(ErrorOf("time_ns,T1\n"), HasSubstr("is empty below its header"));
  EXPECT_THAT(ErrorOf("time_ns\n1\n"), HasSubstr("at least one channel"));
}

TEST(CsvTest, ShiftedColumnsAreRefusedWithLineAndColumn) {
  EXPECT_EQ(ErrorOf("time_ns,T1,T2\n" + TimeAt(1) + ",2,3\n" + TimeAt(4) + ",5\n"),
            "board.csv line 3: is 2 cells, must be 3, as many as the header has; "
            "are the columns shifted, or the file cut?");
  EXPECT_EQ(ErrorOf("time_ns,T1,T2\n" + TimeAt(1) + ",2,3,4\n"),
            "board.csv line 2: is 4 cells, must be 3, as many as the header has; "
            "are the columns shifted, or the file cut?");
  EXPECT_THAT(ErrorOf("T1,time_ns\n1,2\n"), HasSubstr("line 1, column 1 (time_ns): is \"T1\""));
  EXPECT_THAT(
      ErrorOf("time_ns,T9\n1,2\n"),
      HasSubstr("line 1, column 2: is \"T9\", must be a channel of device \"board\": Q1, T1"));
  EXPECT_THAT(ErrorOf("time_ns,T1,T1\n1,2,3\n"), HasSubstr("column 3"));
  EXPECT_THAT(ErrorOf("time_ns,T1\n20.5,1\n"),
              HasSubstr("line 2, column 1 (time_ns): is \"20.5\""));
  EXPECT_THAT(ErrorOf("time_ns,T1\n,1\n"), HasSubstr("line 2, column 1"));
  EXPECT_THAT(ErrorOf("time_ns,T1\n" + TimeAt(1) + ",2\n\n" + TimeAt(3) + ",4\n"),
              HasSubstr("line 3"));
}

TEST(CsvTest, ATimeThatNoDeviceHasTellsOfAShiftedRow) {
  EXPECT_EQ(ErrorOf("time_ns,Q1,T1,T2\n" + TimeAt(1) + ",0,20.8,20.9\n0,20.8,20.9,\n"),
            "board.csv line 3, column 1 (time_ns): is \"0\", must be a whole number of nanoseconds "
            "since the Unix epoch, from 1980 to 2200; are the columns shifted?");
  for (const char* time :
       {"-1", "315532799999999999", "7258118400000000000", "99999999999999999999"}) {
    EXPECT_THAT(ErrorOf(std::string("time_ns,T1\n") + time + ",1\n"),
                HasSubstr("from 1980 to 2200"));
  }
  EXPECT_TRUE(Parse("time_ns,T1\n315532800000000000,1\n7258118399999999999,2\n").ok());
}

TEST(CsvTest, CellsThatAreNoNumbersAreRefused) {
  EXPECT_THAT(ErrorOf("time_ns,T1\n" + TimeAt(1) + ",12;5\n"),
              HasSubstr("column 2 (T1): is \"12;5\""));
  for (const char* cell : {"abc", "1.2.3", "0x10", "+-1", "+", "-", "1e", "--1"}) {
    EXPECT_THAT(ErrorOf("time_ns,T1\n" + TimeAt(1) + "," + cell + "\n"),
                HasSubstr("must be a number"));
  }
}

}  // namespace
}  // namespace parallax::client
