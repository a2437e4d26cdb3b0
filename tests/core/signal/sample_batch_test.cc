#include "core/signal/sample_batch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/recording.h"
#include "tests/support/status_matchers.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::StatusIs;
using ::parallax::testing::TwoHeaterRig;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'700'000'000'000'000'000;
constexpr Quality kOut{QualityLevel::kBad, QualityReason::kOutOfRange};

class AdmitBatchTest : public ::testing::Test {
 protected:
  absl::Status Admit(SampleBatch* batch) { return AdmitBatch(channels_, batch, &rejects_); }

  const Rig rig_ = TwoHeaterRig();
  const std::vector<ChannelRef> channels_ = ListChannels(rig_);
  RejectCounts rejects_;
};

TEST_F(AdmitBatchTest, LeavesAGoodBatchAsItIs) {
  SampleBatch batch{.columns = {{2, {kNow, kNow + 1}, {20.0, 21.0}, {}}, {3, {kNow}, {20.5}, {}}}};
  PARALLAX_ASSERT_OK(Admit(&batch));
  EXPECT_EQ(batch.SampleCount(), 3u);
  EXPECT_TRUE(batch.columns[0].quality.empty());
  EXPECT_EQ(rejects_.Total(), 0u);
}

TEST_F(AdmitBatchTest, RejectsValuesThatAreNotFiniteAloneAndCountsThem) {
  const double inf = std::numeric_limits<double>::infinity();
  SampleBatch batch{
      .columns = {{2, {kNow, kNow + 1, kNow + 2, kNow + 3}, {20.0, std::nan(""), inf, 21.0}, {}}}};
  PARALLAX_ASSERT_OK(Admit(&batch));
  EXPECT_EQ(batch.columns[0].value, (std::vector<double>{20.0, 21.0}));
  EXPECT_EQ(batch.columns[0].time_unix_ns, (std::vector<int64_t>{kNow, kNow + 3}));
  EXPECT_EQ(rejects_.not_finite, 2u);
}

TEST_F(AdmitBatchTest, RejectsTimesOutsideTheCalendar) {
  SampleBatch batch{
      .columns = {{2, {0, kNow, std::numeric_limits<int64_t>::max()}, {1, 2, 3}, {}}}};
  PARALLAX_ASSERT_OK(Admit(&batch));
  EXPECT_EQ(batch.columns[0].value, (std::vector<double>{2.0}));
  EXPECT_EQ(rejects_.time_out_of_range, 2u);
  EXPECT_EQ(rejects_.Total(), 2u);
}

TEST_F(AdmitBatchTest, MarksValuesOutOfRangeAndKeepsThem) {
  SampleBatch batch{.columns = {{2, {kNow, kNow, kNow, kNow}, {-40.0, 125.0, 125.1, -1e308}, {}}}};
  PARALLAX_ASSERT_OK(Admit(&batch));
  EXPECT_EQ(batch.columns[0].quality, (std::vector<Quality>{{}, {}, kOut, kOut}));
  EXPECT_EQ(rejects_.Total(), 0u);
}

TEST_F(AdmitBatchTest, RefusesAnUnknownChannelWhole) {
  SampleBatch batch{.columns = {{2, {kNow}, {1.0}, {}}, {4, {kNow}, {1.0}, {}}}};
  EXPECT_THAT(Admit(&batch),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("channel_index = 4")));
}

TEST_F(AdmitBatchTest, RefusesColumnsOutOfOrderOrTwice) {
  SampleBatch batch{.columns = {{3, {kNow}, {1.0}, {}}, {2, {kNow}, {1.0}, {}}}};
  EXPECT_THAT(Admit(&batch), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ascend")));
  batch.columns[0].channel_index = 2;
  EXPECT_THAT(Admit(&batch), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ascend")));
}

TEST_F(AdmitBatchTest, RefusesRaggedColumnsAndChangesNothing) {
  SampleBatch batch{.columns = {{1, {kNow}, {std::nan("")}, {}}, {2, {kNow, kNow}, {1.0}, {}}}};
  EXPECT_THAT(Admit(&batch),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("equally many")));
  EXPECT_EQ(batch.columns[0].value.size(), 1u);
  EXPECT_EQ(rejects_.Total(), 0u);
  batch = {.columns = {{2, {kNow, kNow}, {1.0, 2.0}, {Quality{}}}}};
  EXPECT_THAT(Admit(&batch), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AdmitBatchTest, RefusesMoreSamplesThanTheLimit) {
  SampleBatch batch;
  batch.columns.push_back({2,
                           std::vector<int64_t>(kMaxBatchSamples, kNow),
                           std::vector<double>(kMaxBatchSamples, 20.0),
                           {}});
  PARALLAX_EXPECT_OK(Admit(&batch));
  batch.columns.push_back({3, {kNow}, {20.0}, {}});
  EXPECT_THAT(Admit(&batch), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("262144")));
}

TEST_F(AdmitBatchTest, TakesAnEmptyBatch) {
  SampleBatch batch;
  PARALLAX_EXPECT_OK(Admit(&batch));
}

}  // namespace
}  // namespace parallax::signal
