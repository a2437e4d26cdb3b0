#include "core/signal/range_test.h"

#include <gtest/gtest.h>

#include "core/base/units.h"

namespace parallax::signal {
namespace {

constexpr Quality kGood{};
constexpr Quality kCensored{QualityLevel::kUncertain, QualityReason::kCensored};
constexpr Quality kOutside{QualityLevel::kBad, QualityReason::kOutOfRange};

/// Qualities that the range test gives to values of a channel, in its unit.
std::vector<Quality> Judge(const Channel& channel, const std::vector<double>& values,
                           std::vector<SensorFinding>* findings) {
  ChannelTrack track{.channel = &channel, .unit = base::FindUnit(channel.unit).value()};
  CleanSeries& series = track.series;
  series.channel = "device/" + channel.id;
  series.role = channel.role;
  series.noise_sd_si = base::DifferenceToSi(track.unit, channel.noise_sd);
  series.resolution_si = base::DifferenceToSi(track.unit, channel.resolution);
  series.range_low_si = base::ToSi(track.unit, channel.range_low);
  series.range_high_si = base::ToSi(track.unit, channel.range_high);
  for (const double value : values) {
    series.time_s.push_back(static_cast<double>(series.time_s.size()));
    series.value_si.push_back(base::ToSi(track.unit, value));
  }
  series.quality.resize(values.size());
  TestRange({}, &track, findings);
  return series.quality;
}

std::vector<Quality> Judge(const Channel& channel, const std::vector<double>& values) {
  std::vector<SensorFinding> findings;
  return Judge(channel, values, &findings);
}

const Channel kPyrometer{.id = "temperature",
                         .unit = "Cel",
                         .noise_sd = 2.0,
                         .resolution = 0.03,
                         .range_low = 800.0,
                         .range_high = 2500.0};
const Channel kFlow{.id = "argon",
                    .unit = "mL/min",
                    .noise_sd = 0.2,
                    .resolution = 0.0105,
                    .range_low = 0.0,
                    .range_high = 21.38};
const Channel kBoard{.id = "T1",
                     .unit = "Cel",
                     .noise_sd = 0.5,
                     .resolution = 0.03,
                     .range_low = -40.0,
                     .range_high = 125.0};

TEST(RangeTest, APyrometerAtItsFloorIsCensored) {
  std::vector<SensorFinding> findings;
  EXPECT_EQ(Judge(kPyrometer, {799.2, 799.5, 800.2, 950.0, 1200.0}, &findings),
            (std::vector<Quality>{kCensored, kCensored, kCensored, kGood, kGood}));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].samples, 3);
  EXPECT_FALSE(findings[0].fault);
}

TEST(RangeTest, ALoneFlickerOfTheFloorIsCensoredButARiseIsNot) {
  EXPECT_EQ(Judge(kPyrometer, {799.5, 803.0, 799.5, 820.0, 830.0}),
            (std::vector<Quality>{kCensored, kCensored, kCensored, kGood, kGood}));
}

TEST(RangeTest, FarBelowTheFloorIsOutOfRange) {
  EXPECT_EQ(Judge(kPyrometer, {20.0, 900.0}), (std::vector<Quality>{kOutside, kGood}));
}

TEST(RangeTest, NoFlowIsAReadingAndFullScaleIsAGoodBound) {
  EXPECT_EQ(Judge(kFlow, {0.0, -0.009, 0.02, 20.0, 21.377}),
            (std::vector<Quality>{
                kGood, kGood, kGood, kGood, {QualityLevel::kGood, QualityReason::kCensored}}));
  EXPECT_EQ(Judge(kFlow, {-3.0}), (std::vector<Quality>{kOutside}));
}

TEST(RangeTest, AWideRangeIsNotTouched) {
  EXPECT_EQ(Judge(kBoard, {-39.0, -12.9, 20.0, 99.6, 124.0}), std::vector<Quality>(5, kGood));
}

TEST(RangeTest, ActuatorsAreNeverCensored) {
  Channel heater = kBoard;
  heater.role = Role::kActuator;
  EXPECT_EQ(Judge(heater, {-40.0, 125.0, 140.0}), (std::vector<Quality>{kGood, kGood, kOutside}));
}

TEST(RangeTest, ManySamplesOutsideAreAFaultAndAFewAreNot) {
  std::vector<double> values(400, 20.0);
  values[7] = values[90] = -127.0;
  std::vector<SensorFinding> findings;
  Judge(kBoard, values, &findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_FALSE(findings[0].fault);
  EXPECT_NEAR(findings[0].magnitude, 87.0, 1e-9);
  for (size_t i = 100; i < 150; ++i) values[i] = -127.0;
  findings.clear();
  Judge(kBoard, values, &findings);
  EXPECT_TRUE(findings[0].fault);
}

}  // namespace
}  // namespace parallax::signal
