#include "core/store/batch_codec.h"

#include <gmock/gmock.h>

#include <bit>
#include <limits>

#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

void ExpectSameBatch(const signal::SampleBatch& actual, const signal::SampleBatch& expected) {
  EXPECT_EQ(actual.seq, expected.seq);
  ASSERT_EQ(actual.columns.size(), expected.columns.size());
  for (size_t c = 0; c < actual.columns.size(); ++c) {
    const signal::ChannelColumn& a = actual.columns[c];
    const signal::ChannelColumn& e = expected.columns[c];
    EXPECT_EQ(a.channel_index, e.channel_index);
    EXPECT_EQ(a.time_unix_ns, e.time_unix_ns);
    ASSERT_EQ(a.value.size(), e.value.size());
    for (size_t i = 0; i < a.value.size(); ++i) {
      EXPECT_EQ(std::bit_cast<uint64_t>(a.value[i]), std::bit_cast<uint64_t>(e.value[i]));
      EXPECT_EQ(a.quality.empty() ? signal::Quality{} : a.quality[i],
                e.quality.empty() ? signal::Quality{} : e.quality[i]);
    }
  }
}

TEST(EncodeBatch, NamesCountsAndTimeBounds) {
  signal::SampleBatch batch;
  batch.seq = 9;
  batch.columns = {{2, {30, 10, 20}, {1.5, 2.5, 3.5}, {}}, {7, {40}, {1.0}, {}}};
  const EncodedBatch encoded = EncodeBatch(batch, {.not_finite = 3, .time_out_of_range = 1});
  EXPECT_EQ(encoded.seq, 9u);
  EXPECT_EQ(encoded.samples, 4u);
  EXPECT_EQ(encoded.rejected.Total(), 4u);
  EXPECT_EQ(encoded.first_time_unix_ns, 10);
  EXPECT_EQ(encoded.last_time_unix_ns, 40);
}

TEST(EncodeBatch, AnEmptyBatchHasNoTimes) {
  const EncodedBatch encoded = EncodeBatch({}, {});
  EXPECT_EQ(encoded.samples, 0u);
  EXPECT_EQ(encoded.first_time_unix_ns, 0);
  EXPECT_EQ(encoded.last_time_unix_ns, 0);
  EXPECT_TRUE(DecodeBatch(0, encoded.data).ok());
}

TEST(EncodeBatch, ChecksumTellsValuesQualityAndRefusedSamplesApart) {
  signal::SampleBatch batch = MakeBatch(0, 2, 10, kStartNs);
  const uint64_t checksum = EncodeBatch(batch, {}).checksum;
  EXPECT_EQ(EncodeBatch(batch, {}).checksum, checksum);
  EXPECT_NE(EncodeBatch(batch, {.not_finite = 1}).checksum, checksum);
  signal::SampleBatch flagged = batch;
  flagged.columns[0].quality.assign(10, {});
  EXPECT_EQ(EncodeBatch(flagged, {}).checksum, checksum);  // all good, as said by none
  flagged.columns[0].quality[4].level = signal::QualityLevel::kBad;
  EXPECT_NE(EncodeBatch(flagged, {}).checksum, checksum);
  batch.columns[1].value[9] = std::nextafter(batch.columns[1].value[9], 100.0);
  EXPECT_NE(EncodeBatch(batch, {}).checksum, checksum);
}

TEST(EncodeBatch, SharedTimesAndCentidegreesTakeAboutAByteASample) {
  const EncodedBatch encoded = EncodeBatch(MakeBatch(0, 20, 1000, kStartNs), {});
  EXPECT_LT(static_cast<double>(encoded.data.size()) / 20'000, 1.0);
}

TEST(DecodeBatch, ReturnsExtremeTimesAndValues) {
  signal::SampleBatch batch;
  batch.columns = {{0,
                    {INT64_MAX, INT64_MIN, 0, -1, INT64_MAX},
                    {std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest(),
                     std::numeric_limits<double>::denorm_min(), -0.0, 0.1},
                    {}},
                   {4294967295u, {1, 2}, {9007199254740991.0, -9007199254740991.0}, {}}};
  const absl::StatusOr<signal::SampleBatch> back = DecodeBatch(0, EncodeBatch(batch, {}).data);
  ASSERT_TRUE(back.ok());
  ExpectSameBatch(*back, batch);
}

class BatchSeeds : public ::testing::TestWithParam<int> {};

TEST_P(BatchSeeds, RoundTripsEveryBit) {
  BatchEncoder used;
  for (uint64_t seq = 0; seq < 20; ++seq) {
    const signal::SampleBatch batch = MakeUnrulyBatch(static_cast<uint64_t>(GetParam()), seq, 8);
    const EncodedBatch encoded = EncodeBatch(batch, {});
    const absl::StatusOr<signal::SampleBatch> back = DecodeBatch(seq, encoded.data);
    ASSERT_TRUE(back.ok()) << back.status().ToString();
    ExpectSameBatch(*back, batch);
    EXPECT_EQ(EncodeBatch(*back, {}).data, encoded.data);
    EXPECT_EQ(used.Encode(batch, {}).data, encoded.data);  // nothing is left of those before
  }
}

TEST_P(BatchSeeds, AnyPrefixIsDataLoss) {
  const std::string data =
      EncodeBatch(MakeUnrulyBatch(static_cast<uint64_t>(GetParam()), 3, 4), {}).data;
  for (size_t size = 0; size < data.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeBatch(3, data.substr(0, size)).status())) << size;
  }
}

TEST_P(BatchSeeds, AlteredBytesNeverCrash) {
  base::Random random(static_cast<uint64_t>(GetParam()), 1);
  const std::string data =
      EncodeBatch(MakeUnrulyBatch(static_cast<uint64_t>(GetParam()), 0, 6), {}).data;
  for (int trial = 0; trial < 300; ++trial) {
    std::string altered = data;
    for (int change = 0; change < 3; ++change) {
      altered[random.Below(altered.size())] = static_cast<char>(random());
    }
    const absl::StatusOr<signal::SampleBatch> batch = DecodeBatch(0, altered);
    if (batch.ok()) {
      EXPECT_LE(batch->SampleCount(), signal::kMaxBatchSamples);
    } else {
      EXPECT_TRUE(absl::IsDataLoss(batch.status()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, BatchSeeds, ::testing::Range(0, 20));

TEST(DecodeBatch, RefusesCountsBeyondTheLimitsWithoutAllocatingThem) {
  // version 1, no refusals, one column, gap 0, 2^40 samples
  const std::string huge("\x01\x00\x00\x01\x00\x80\x80\x80\x80\x80\x20", 11);
  EXPECT_TRUE(absl::IsDataLoss(DecodeBatch(0, huge).status()));
  const std::string columns("\x01\x00\x00\xff\xff\xff\xff\x0f", 8);
  EXPECT_TRUE(absl::IsDataLoss(DecodeBatch(0, columns).status()));
}

TEST(DecodeBatch, RefusesTrailingBytes) {
  std::string data = EncodeBatch(MakeBatch(0, 1, 3, kStartNs), {}).data;
  data.push_back('\0');
  EXPECT_TRUE(absl::IsDataLoss(DecodeBatch(0, data).status()));
}

}  // namespace
}  // namespace parallax::store
