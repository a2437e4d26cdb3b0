#include "core/store/chunk_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "absl/strings/str_format.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

SampleColumn Thermocouple(size_t samples, double sd_k) {
  base::Random random(5, 0);
  SampleColumn column;
  for (size_t i = 0; i < samples; ++i) {
    const double drift = 300.0 + 20.0 * std::sin(static_cast<double>(i) * 1e-4);
    column.time_unix_ns.push_back(kStartNs + static_cast<int64_t>(i) * 100'000'000);
    column.value.push_back(std::round((drift + sd_k * random.Normal()) * 100) / 100);
  }
  return column;
}

void ExpectSameColumn(const SampleColumn& actual, const SampleColumn& expected) {
  EXPECT_EQ(actual.time_unix_ns, expected.time_unix_ns);
  ASSERT_EQ(actual.value.size(), expected.value.size());
  for (size_t i = 0; i < actual.value.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint64_t>(actual.value[i]), std::bit_cast<uint64_t>(expected.value[i]));
    ASSERT_EQ(actual.quality.empty() ? signal::Quality{} : actual.quality[i],
              expected.quality.empty() ? signal::Quality{} : expected.quality[i]);
  }
}

TEST(EncodeChunk, CentidegreesWithNoiseTakeLessThanAByteASample) {
  const SampleColumn column = Thermocouple(kChunkSamples, 0.05);
  const EncodedChunk chunk = EncodeChunk(column);
  const auto samples = static_cast<double>(chunk.samples);
  const double value_bytes = static_cast<double>(chunk.value_bytes) / samples;
  const double all_bytes = static_cast<double>(chunk.data.size()) / samples;
  RecordProperty("value_bytes_a_sample", absl::StrFormat("%.3f", value_bytes));
  RecordProperty("bytes_a_sample", absl::StrFormat("%.3f", all_bytes));
  EXPECT_EQ(chunk.codec, ChunkCodec::kScaled);
  EXPECT_LT(value_bytes, 0.8);
  EXPECT_LT(all_bytes, 1.0);
  ExpectSameColumn(*DecodeChunk(chunk.data), column);
}

TEST(EncodeChunk, AConstantColumnTakesAlmostNothing) {
  SampleColumn column = Thermocouple(10'000, 0.0);
  column.value.assign(10'000, M_PI);
  const EncodedChunk chunk = EncodeChunk(column);
  EXPECT_EQ(chunk.codec, ChunkCodec::kConstant);
  EXPECT_LT(chunk.data.size(), 300u);
  ExpectSameColumn(*DecodeChunk(chunk.data), column);
}

TEST(EncodeChunk, FullPrecisionValuesKeepEveryBit) {
  SampleColumn column = Thermocouple(5'000, 0.05);
  base::Random random(1, 2);
  for (double& value : column.value) value = random.Normal() * 1e-30;
  column.value[17] = -0.0;
  const EncodedChunk chunk = EncodeChunk(column);
  EXPECT_TRUE(chunk.codec == ChunkCodec::kZstd || chunk.codec == ChunkCodec::kZstdPlanes);
  EXPECT_LT(chunk.data.size(), 5'000 * 8.5);
  ExpectSameColumn(*DecodeChunk(chunk.data), column);
}

TEST(EncodeChunk, SummaryNamesExtremesAndTimeBounds) {
  const SampleColumn column{{30, 10, 20}, {1.5, -2.5, 3.0}, {}};
  const EncodedChunk chunk = EncodeChunk(column);
  EXPECT_EQ(chunk.first_time_unix_ns, 10);
  EXPECT_EQ(chunk.last_time_unix_ns, 30);
  EXPECT_EQ(chunk.minimum, -2.5);
  EXPECT_EQ(chunk.maximum, 3.0);
  EXPECT_EQ(chunk.sum, 2.0);
}

class ChunkSeeds : public ::testing::TestWithParam<int> {
 protected:
  /// Columns of unruly batches, one after the other.
  SampleColumn Column() const {
    SampleColumn column;
    for (uint64_t seq = 0; seq < 10; ++seq) {
      for (const signal::ChannelColumn& part :
           MakeUnrulyBatch(static_cast<uint64_t>(GetParam()), seq, 1).columns) {
        column.time_unix_ns.insert(column.time_unix_ns.end(), part.time_unix_ns.begin(),
                                   part.time_unix_ns.end());
        column.value.insert(column.value.end(), part.value.begin(), part.value.end());
      }
    }
    column.quality.resize(column.value.size());
    for (size_t i = 0; i < column.quality.size(); i += 7) {
      column.quality[i] = {signal::QualityLevel::kBad, signal::QualityReason::kOutOfRange};
    }
    return column;
  }
};

TEST_P(ChunkSeeds, RoundTripsEveryBit) {
  const SampleColumn column = Column();
  ASSERT_FALSE(column.value.empty());
  const absl::StatusOr<SampleColumn> back = DecodeChunk(EncodeChunk(column).data);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  ExpectSameColumn(*back, column);
}

TEST_P(ChunkSeeds, AlteredBytesNeverCrash) {
  const std::string data = EncodeChunk(Column()).data;
  base::Random random(static_cast<uint64_t>(GetParam()), 9);
  for (int trial = 0; trial < 300; ++trial) {
    std::string altered = data.substr(0, data.size() - random.Below(3));
    altered[random.Below(altered.size())] = static_cast<char>(random());
    altered[random.Below(std::min<size_t>(altered.size(), 16))] = static_cast<char>(random());
    const absl::StatusOr<SampleColumn> column = DecodeChunk(altered);
    if (column.ok()) {
      EXPECT_LE(column->value.size(), kMaxChunkSamples);
    } else {
      EXPECT_TRUE(absl::IsDataLoss(column.status()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChunkSeeds, ::testing::Range(0, 20));

}  // namespace
}  // namespace parallax::store
