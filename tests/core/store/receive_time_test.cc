// Receive times are kept with every batch, and nothing that is read of samples depends on them.
#include <gtest/gtest.h>

#include "core/store/schema.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

constexpr int64_t kReceivedNs = kStartNs + 5'000'000'000;

class ReceiveTimeTest : public StoreTest {
 protected:
  /// Appends batches first … last, batch i received i seconds after kReceivedNs.
  void AppendRange(int64_t stream, uint64_t first, uint64_t last) {
    for (uint64_t seq = first; seq <= last; ++seq) {
      ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 10, kStartNs), {},
                         kReceivedNs + static_cast<int64_t>(seq) * 1'000'000'000)
                      .ok());
    }
  }
  std::vector<int64_t> Times(int64_t stream, uint64_t first, uint64_t count) {
    return store_->ReadReceiveTimes(stream, first, count).value();
  }
  static std::vector<int64_t> Expected(uint64_t first, uint64_t count) {
    std::vector<int64_t> times;
    for (uint64_t i = first; i < first + count; ++i) {
      times.push_back(kReceivedNs + static_cast<int64_t>(i) * 1'000'000'000);
    }
    return times;
  }
};

TEST_F(ReceiveTimeTest, OfEveryBatchIsKeptThroughCompactionsAndRestarts) {
  const int64_t stream = OpenStream("a", "p");
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  AppendRange(stream, 0, 6);
  EXPECT_EQ(Times(stream, 0, 7), Expected(0, 7));
  const signal::Series series = Series("a", 2);
  ASSERT_EQ(store_->Compact().value(), 7u);
  EXPECT_EQ(Times(stream, 0, 7), Expected(0, 7));
  ExpectSameSeries(Series("a", 2), series);
  AppendRange(stream, 7, 9);
  ASSERT_EQ(store_->Compact().value(), 3u);
  AppendRange(stream, 10, 11);
  Reopen();
  EXPECT_EQ(Times(stream, 0, 12), Expected(0, 12));
  EXPECT_EQ(Times(stream, 5, 4), Expected(5, 4)) << "over the border of two seals";
  EXPECT_EQ(Times(stream, 9, 2), Expected(9, 2)) << "from a seal into batches";
  EXPECT_EQ(Times(stream, 12, 1), std::vector<int64_t>{0}) << "nothing is stored there";
}

TEST_F(ReceiveTimeTest, ARepeatedBatchKeepsTheFirst) {
  const int64_t stream = OpenStream("a", "p");
  AppendRange(stream, 0, 0);
  const auto again =
      Append(*store_, stream, MakeBatch(0, kChannels, 10, kStartNs), {}, kReceivedNs + 99);
  EXPECT_EQ(again->result, AppendResult::kDuplicate) << "it is no part of the content";
  EXPECT_EQ(Times(stream, 0, 1), Expected(0, 1));
}

TEST_F(ReceiveTimeTest, StreamsOfARunTellTheFirstAndTheLast) {
  const int64_t stream = OpenStream("a", "p");
  OpenStream("a", "q");
  AppendRange(stream, 0, 2);
  const std::vector<StreamRow> rows = store_->ListRunStreams("r", "a").value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].producer_id, "p");
  EXPECT_EQ(rows[0].next_seq, 3u);
  EXPECT_EQ(rows[0].stored, 30 * kChannels);
  EXPECT_EQ(rows[0].first_received_unix_ns, Expected(0, 1)[0]);
  EXPECT_EQ(rows[0].last_received_unix_ns, Expected(2, 1)[0]);
  EXPECT_EQ(rows[1].first_received_unix_ns, 0);
  EXPECT_TRUE(absl::IsNotFound(store_->ListRunStreams("r", "nowhere").status()));
}

TEST_F(ReceiveTimeTest, AFileOfVersionOneIsMigratedWithItsSamples) {
  const int64_t stream = OpenStream("a", "p");
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  AppendRange(stream, 0, 3);
  ASSERT_EQ(store_->Compact().value(), 4u);
  AppendRange(stream, 4, 5);
  const signal::Series series = Series("a", 1);
  const LedgerCounts ledger = store_->GetRun("r", "a")->ledger;
  store_.reset();
  // Back to what version 1 had.
  DowngradeToVersion3(directory_.path());
  Tamper("ALTER TABLE batch DROP COLUMN received");
  Tamper("ALTER TABLE seal DROP COLUMN received");
  Tamper("ALTER TABLE job DROP COLUMN failure");
  Tamper("DROP TABLE refusal");
  Tamper("UPDATE schema_version SET version = 1");
  Reopen();
  ExpectSameSeries(Series("a", 1), series);
  EXPECT_EQ(store_->GetRun("r", "a")->ledger.stored, ledger.stored);
  EXPECT_EQ(Times(stream, 0, 6), std::vector<int64_t>(6, 0)) << "nobody knows them any more";
  AppendRange(stream, 6, 6);
  ASSERT_EQ(store_->Compact().value(), 3u);
  EXPECT_EQ(Times(stream, 5, 2), (std::vector<int64_t>{0, Expected(6, 1)[0]}));
}

}  // namespace
}  // namespace parallax::store
