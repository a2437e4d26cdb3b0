// What goes out comes back the same: wire to core and core to wire, over seeds.
#include "server/convert.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/device_time.h"
#include "core/base/random.h"
#include "server/idempotency.h"
#include "tests/server/rig_samples.h"

namespace parallax::server {
namespace {

class ConvertTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  double Number() { return std::round(random_.Normal() * 1e6) / 64.0; }
  std::string Id(char first) { return first + std::to_string(random_.Below(1'000'000)); }

  base::Random random_{GetParam(), 0};
};

TEST_P(ConvertTest, ARigSurvivesTheRoundTrip) {
  signal::Rig rig{.id = Id('r'), .kind = "two_heater", .geometry = {{"area_m2", Number()}}};
  const std::vector<std::string> units = {"Cel", "K", "%", "Pa", "mL/min", "W"};
  for (uint64_t d = 0; d <= random_.Below(4); ++d) {
    signal::Device device{.id = "d" + std::to_string(d)};
    for (uint64_t c = 0; c <= random_.Below(6); ++c) {
      const double low = Number();
      signal::Channel channel{.id = "c" + std::to_string(c),
                              .quantity = "q",
                              .unit = units[random_.Below(units.size())],
                              .role = static_cast<signal::Role>(random_.Below(3)),
                              .rate_hz = std::abs(Number()),
                              .noise_sd = std::abs(Number()),
                              .resolution = std::abs(Number()),
                              .range_low = low,
                              .range_high = low + 1.0 + std::abs(Number())};
      if (random_.Below(2) == 0) channel.reference = {273.15, 101'325.0};
      if (random_.Below(2) == 0) channel.attributes["zone"] = Number();
      device.channels.push_back(channel);
    }
    rig.devices.push_back(device);
  }
  const store::RigRow row{.rig = rig, .title = "t", .twin = "two_heater", .etag = "e"};
  const v1::Rig wire = RigToProto(row);
  const absl::StatusOr<signal::Rig> back = RigFromProto(rig.id, wire);
  ASSERT_TRUE(back.ok()) << back.status();
  store::RigRow again = row;
  again.rig = *back;
  EXPECT_EQ(RigToProto(again).DebugString(), wire.DebugString());
}

TEST_P(ConvertTest, ARunSurvivesTheRoundTrip) {
  const signal::Rig rig = *RigFromProto("board", BoardRequest("board").rig());
  signal::Run run{
      .id = Id('r'),
      .started_at_unix_ns = base::kEarliestUnixNs + static_cast<int64_t>(random_.Below(1ull << 62)),
      .notes = "a note",
      .split = static_cast<signal::Split>(random_.Below(3))};
  double at_s = 0.0;
  for (uint64_t i = 0; i < random_.Below(5); ++i) {
    signal::Segment segment{
        .name = "heat", .start_s = at_s, .end_s = at_s + 1.0 + random_.Uniform()};
    segment.setpoints["Q1"] = {.value = random_.Uniform() * 100.0, .ramp = random_.Below(2) == 0};
    at_s = segment.end_s;
    run.recipe.segments.push_back(segment);
  }
  if (random_.Below(2) == 0) run.substrate = {"fused silica", 0.001};
  if (random_.Below(2) == 0) run.catalyst = {"CoMo/SiO2", "C2H5OH", 60.0, 30.0};
  const store::RunRow row{.rig = "board", .run = run};
  const v1::Run wire = RunToProto(row, Ledger{});
  const absl::StatusOr<signal::Run> back = RunFromProto(rig, run.id, wire);
  ASSERT_TRUE(back.ok()) << back.status();
  const store::RunRow again{.rig = "board", .run = *back};
  EXPECT_EQ(DeterministicBytes(RunToProto(again, Ledger{})), DeterministicBytes(wire));
}

TEST_P(ConvertTest, AnOutcomeSurvivesTheRoundTrip) {
  signal::Outcome outcome{.measured_at_unix_ns = static_cast<int64_t>(random_.Below(1ull << 62)),
                          .chirality_method = "PL",
                          .chirality_counts = 100.0,
                          .raman_laser_nm = 532.0};
  const double share = random_.Uniform();
  outcome.chirality = {{7, 5, share, 0.01}, {6, 5, 1.0 - share, 0.02}};
  if (random_.Below(2) == 0) outcome.height_um = {random_.Uniform() * 10.0, 0.1};
  if (random_.Below(2) == 0) outcome.raman_d_over_g = {0.05, 0.01};
  outcome.raman_rbm = {{random_.Uniform() * 300.0, 1.0, 0.1}};
  const v1::Outcome wire = OutcomeToProto(outcome);
  const absl::StatusOr<signal::Outcome> back = OutcomeFromProto(wire);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(OutcomeToProto(*back).DebugString(), wire.DebugString());
}

TEST_P(ConvertTest, ABatchKeepsEveryTimeValueAndFlag) {
  v1::SampleBatch wire;
  wire.set_seq(random_.Below(1000));
  std::vector<std::vector<int64_t>> times;
  for (uint32_t index = 0; index < 4; ++index) {
    v1::ChannelSamples* column = wire.add_columns();
    column->set_channel_index(index);
    int64_t time = kRunStartUnixNs + static_cast<int64_t>(random_.Below(1'000'000));
    column->set_first_time_unix_ns(time);
    column->set_period_ns(1000);
    const bool deltas = random_.Below(2) == 0;
    const uint64_t rows = random_.Below(50);
    std::vector<int64_t>& expected = times.emplace_back();
    for (uint64_t row = 0; row < rows; ++row) {
      if (row > 0) {
        const int64_t step = deltas ? static_cast<int64_t>(random_.Below(2000)) - 1000 : 1000;
        if (deltas) column->add_delta_time_ns(step);
        time += step;
      }
      expected.push_back(time);
      column->add_value(random_.Normal());
      column->mutable_quality()->push_back(static_cast<char>(16 * random_.Below(3)));
    }
  }
  const absl::StatusOr<signal::SampleBatch> batch = BatchFromProto(wire);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->SampleCount(), CountSamples(wire));
  for (int i = 0; i < wire.columns_size(); ++i) {
    const signal::ChannelColumn& column = batch->columns[static_cast<size_t>(i)];
    EXPECT_EQ(column.time_unix_ns, times[static_cast<size_t>(i)]);
    EXPECT_TRUE(std::equal(column.value.begin(), column.value.end(),
                           wire.columns(i).value().begin(), wire.columns(i).value().end()));
    for (size_t row = 0; row < column.quality.size(); ++row) {
      EXPECT_EQ(signal::PackQuality(column.quality[row]),
                static_cast<uint8_t>(wire.columns(i).quality()[row]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConvertTest, ::testing::Range<uint64_t>(0, 20));

TEST(TimestampTest, KnownTimesAreExactOnBothSidesOfTheEpoch) {
  EXPECT_EQ(TimestampFromUnixNs(-1).seconds(), -1);
  EXPECT_EQ(TimestampFromUnixNs(-1).nanos(), 999'999'999);
  for (const int64_t ns : {INT64_MIN, int64_t{-1}, int64_t{0}, kRunStartUnixNs, INT64_MAX}) {
    const google::protobuf::Timestamp timestamp = TimestampFromUnixNs(ns);
    if (ns == INT64_MIN) continue;  // its whole seconds alone lie outside int64 nanoseconds
    EXPECT_EQ(*UnixNsFromProto("t", timestamp), ns);
  }
}

TEST(LedgerTest, WhatIsReceivedIsAlwaysAccountedFor) {
  Ledger ledger;
  store::AppendedBatch appended;
  appended.batch.samples = 7;
  appended.batch.rejected.not_finite = 3;
  const BatchTally batch = TallyOf(appended.batch);
  const auto error = [&] { return LedgerError(LedgerToProto(ledger)); };
  using store::AppendResult;
  for (const AppendResult result : {AppendResult::kCommitted, AppendResult::kDuplicate,
                                    AppendResult::kGap, AppendResult::kConflict}) {
    CountReceived(batch, &ledger);
    EXPECT_EQ(error(), 0);
    appended.outcome->result = result;
    CountAppended(appended, &ledger);
    EXPECT_EQ(error(), 0);
  }
  CountReceived(batch, &ledger);
  appended.outcome = absl::ResourceExhaustedError("the disk is full");
  CountAppended(appended, &ledger);
  CountReceived(batch, &ledger);
  CountRefused(batch, store::kMalformedBatch, &ledger);
  CountReceived(batch, &ledger);
  UncountReceived(batch, &ledger);
  EXPECT_EQ(error(), 0);
  EXPECT_EQ(ledger.received, 60u);
  EXPECT_EQ(ledger.queued, 0u);
  EXPECT_EQ(ledger.stored, 7u);
  EXPECT_EQ(ledger.duplicate, 10u);
  for (const char* reason : {store::kOutOfSequence, store::kConflictingBatch, store::kStoreRefused,
                             store::kMalformedBatch}) {
    EXPECT_EQ(ledger.rejected.at(reason), 10u) << reason;
  }
  EXPECT_EQ(ledger.rejected.at("NOT_FINITE"), 3u);
}

}  // namespace
}  // namespace parallax::server
