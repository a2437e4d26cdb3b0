#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "absl/strings/str_format.h"
#include "core/store/batch_key.h"
#include "tests/core/store/append_callback.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

class IngestTest : public StoreTest {
 protected:
  LedgerCounts Ledger(const std::string& run) { return store_->GetRun("r", run)->ledger; }
};

TEST_F(IngestTest, ACommittedBatchReadsBackAndAdvancesTheStream) {
  const int64_t stream = OpenStream("a", "p");
  const signal::SampleBatch batch = MakeBatch(0, kChannels, 10, kStartNs);
  const absl::StatusOr<AppendOutcome> outcome = Append(*store_, stream, batch);
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(outcome->result, AppendResult::kCommitted);
  EXPECT_EQ(outcome->next_seq, 1u);
  const signal::Series series = Series("a", 3);
  EXPECT_EQ(series.channel, "d/c3");
  EXPECT_EQ(series.time_unix_ns, batch.columns[3].time_unix_ns);
  EXPECT_EQ(series.value, batch.columns[3].value);
  EXPECT_EQ(Ledger("a").stored, 50u);
}

TEST_F(IngestTest, ARepeatedBatchIsADuplicateAndCountsWhole) {
  const int64_t stream = OpenStream("a", "p");
  const signal::SampleBatch batch = MakeBatch(0, kChannels, 10, kStartNs);
  const signal::RejectCounts rejected{.not_finite = 2, .time_out_of_range = 1};
  ASSERT_TRUE(Append(*store_, stream, batch, rejected).ok());
  const absl::StatusOr<AppendOutcome> outcome = Append(*store_, stream, batch, rejected);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->result, AppendResult::kDuplicate);
  EXPECT_EQ(outcome->next_seq, 1u);
  const LedgerCounts ledger = Ledger("a");
  EXPECT_EQ(ledger.stored, 50u);
  EXPECT_EQ(ledger.duplicate, 53u);
  EXPECT_EQ(ledger.rejected.not_finite, 2u);
  EXPECT_EQ(ledger.rejected.time_out_of_range, 1u);
  EXPECT_EQ(Series("a", 0).value.size(), 10u);
}

TEST_F(IngestTest, OtherContentUnderAStoredSeqIsAConflictAndChangesNothing) {
  const int64_t stream = OpenStream("a", "p");
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(0, kChannels, 10, kStartNs)).ok());
  const absl::StatusOr<AppendOutcome> outcome =
      Append(*store_, stream, MakeBatch(0, kChannels, 10, kStartNs + 1));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->result, AppendResult::kConflict);
  EXPECT_EQ(Series("a", 0).time_unix_ns[0], kStartNs);
  EXPECT_EQ(Ledger("a").duplicate, 0u);
  EXPECT_EQ(Ledger("a").refused.at(kConflictingBatch), 50u);
}

TEST_F(IngestTest, ASeqBeyondTheNextIsAGapAnsweredWithTheExpectedOne) {
  const int64_t stream = OpenStream("a", "p");
  const absl::StatusOr<AppendOutcome> outcome =
      Append(*store_, stream, MakeBatch(3, kChannels, 1, kStartNs));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->result, AppendResult::kGap);
  EXPECT_EQ(outcome->next_seq, 0u);
  EXPECT_TRUE(Series("a", 0).value.empty());
  EXPECT_EQ(Ledger("a").refused.at(kOutOfSequence), kChannels);
}

TEST_F(IngestTest, ABatchWithoutSamplesStillTakesItsSeq) {
  const int64_t stream = OpenStream("a", "p");
  signal::SampleBatch empty;
  EXPECT_EQ(Append(*store_, stream, empty, {.not_finite = 4})->next_seq, 1u);
  EXPECT_EQ(Ledger("a").rejected.not_finite, 4u);
  EXPECT_EQ(Append(*store_, stream, empty, {.not_finite = 4})->result, AppendResult::kDuplicate);
  EXPECT_EQ(Append(*store_, stream, empty, {.not_finite = 5})->result, AppendResult::kConflict);
}

TEST_F(IngestTest, RefusalsAreCountedByReasonOverAllStreamsOfARun) {
  const int64_t streams[] = {OpenStream("a", "p"), OpenStream("a", "q")};
  ASSERT_TRUE(store_->RecordRefusal(streams[0], kMalformedBatch, 7).ok());
  ASSERT_TRUE(store_->RecordRefusal(streams[1], kMalformedBatch, 5).ok());
  ASSERT_TRUE(store_->RecordRefusal(streams[1], kOutOfSequence, 2).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->RecordRefusal(99, kMalformedBatch, 1)));
  Reopen();
  const std::map<std::string, uint64_t> expected = {{kMalformedBatch, 12}, {kOutOfSequence, 2}};
  EXPECT_EQ(Ledger("a").refused, expected);
  EXPECT_EQ(store_->ListRuns("r", {})->at(0).ledger.refused, expected);
}

TEST_F(IngestTest, AnUnknownStreamIsRefused) {
  EXPECT_TRUE(absl::IsNotFound(Append(*store_, 99, MakeBatch(0, 1, 1, kStartNs)).status()));
}

TEST_F(IngestTest, DuplicatesOfCompactedBatchesAreStillToldFromConflicts) {
  const int64_t stream = OpenStream("a", "p");
  for (uint64_t seq = 0; seq < 7; ++seq) {
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 5, kStartNs)).ok());
  }
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  ASSERT_EQ(store_->Compact().value(), 7u);
  for (uint64_t seq = 0; seq < 7; ++seq) {
    EXPECT_EQ(Append(*store_, stream, MakeBatch(seq, kChannels, 5, kStartNs))->result,
              AppendResult::kDuplicate);
    EXPECT_EQ(Append(*store_, stream, MakeBatch(seq, kChannels, 5, kStartNs + 1))->result,
              AppendResult::kConflict);
  }
  EXPECT_EQ(Append(*store_, stream, MakeBatch(7, kChannels, 5, kStartNs))->result,
            AppendResult::kCommitted);
}

TEST_F(IngestTest, StreamsResumeWhereTheyWereAfterAReopen) {
  const int64_t stream = OpenStream("a", "p");
  for (uint64_t seq = 0; seq < 3; ++seq) {
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 5, kStartNs)).ok());
  }
  Reopen();
  const absl::StatusOr<StreamState> state = store_->OpenStream({"r", "a", "p", 1});
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->stream, stream);
  EXPECT_EQ(state->next_seq, 3u);
  EXPECT_EQ(Series("a", 0).value.size(), 15u);
}

TEST_F(IngestTest, StreamsOfAProducerAreApartByEpochAndALowerEpochIsRefused) {
  const int64_t first = OpenStream("a", "p");
  const absl::StatusOr<StreamState> second = store_->OpenStream({"r", "a", "p", UINT64_MAX});
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->stream, first);
  EXPECT_EQ(second->next_seq, 0u);
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->OpenStream({"r", "a", "p", 1}).status()));
  EXPECT_TRUE(store_->OpenStream({"r", "a", "other", 1}).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->OpenStream({"r", "nowhere", "p", 1}).status()));
}

TEST_F(IngestTest, StreamsSideBySideKeepTheirOwn) {
  const int64_t first = OpenStream("a", "p");
  OpenRun("b");
  const int64_t second = OpenStream("b", "p");
  for (uint64_t seq = 0; seq < 300; ++seq) {
    for (const int64_t stream : {first, second}) {
      const size_t samples = stream == first ? 1 : 2;
      ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, samples, kStartNs)).ok());
    }
  }
  EXPECT_EQ(Series("a", 0).value.size(), 300u);
  EXPECT_EQ(Series("b", 0).value.size(), 600u);
}

TEST_F(IngestTest, AStreamHasNoMoreBatchesThanItCanNumber) {
  const int64_t stream = OpenStream("a", "p");
  ASSERT_EQ(Tamper(absl::StrFormat("UPDATE stream SET next_seq = %d", kMaxBatches - 1)), 1);
  Reopen();
  const absl::StatusOr<AppendOutcome> last =
      Append(*store_, stream, MakeBatch(kMaxBatches - 1, kChannels, 1, kStartNs));
  ASSERT_TRUE(last.ok()) << last.status().ToString();
  EXPECT_EQ(last->next_seq, kMaxBatches);
  EXPECT_EQ(Series("a", 0).value.size(), 1u);
  const absl::Status more =
      Append(*store_, stream, MakeBatch(kMaxBatches, kChannels, 1, kStartNs)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(more)) << more.ToString();
  OpenRun("b");
  const int64_t next = OpenStream("b", "p");
  ASSERT_TRUE(Append(*store_, next, MakeBatch(0, kChannels, 1, kStartNs), {}, 7).ok());
  EXPECT_EQ(store_->ReadReceiveTimes(stream, kMaxBatches - 1, 2).value(),
            (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(store_->ReadReceiveTimes(stream, kMaxBatches, 1).value(), std::vector<int64_t>{0});
  EXPECT_EQ(Ledger("a").stored, kChannels);
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  EXPECT_EQ(store_->Compact().value(), 1u);
  EXPECT_EQ(Series("a", 0).value.size(), 1u);
}

TEST_F(IngestTest, AStoreHasNoMoreStreamsThanItCanNumber) {
  ASSERT_EQ(Tamper(absl::StrFormat("INSERT INTO stream(id, run, producer, epoch, next_seq) "
                                   "VALUES(%d, 1, 'q', 1, 0)",
                                   kMaxStreams - 2)),
            1);
  Reopen();
  const int64_t last = OpenStream("a", "p");
  EXPECT_EQ(last, kMaxStreams - 1);
  EXPECT_TRUE(Append(*store_, last, MakeBatch(0, kChannels, 1, kStartNs)).ok());
  EXPECT_EQ(Series("a", 0).value.size(), 1u);
  const absl::Status more = store_->OpenStream({"r", "a", "p", 2}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(more)) << more.ToString();
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  EXPECT_EQ(store_->Compact().value(), 1u);
  EXPECT_EQ(Series("a", 0).value.size(), 1u);
}

TEST_F(IngestTest, ReadSeriesCutsToTheRangeAndKeepsTheOrderOfArrival) {
  const int64_t stream = OpenStream("a", "p");
  signal::SampleBatch batch;
  batch.columns = {{0, {50, 20, 40, 20, 10}, {5, 2, 4, 2.5, 1}, {}}};
  ASSERT_TRUE(Append(*store_, stream, batch).ok());
  const absl::StatusOr<signal::Series> series = store_->ReadSeries("r", "a", 0, {20, 50});
  ASSERT_TRUE(series.ok());
  EXPECT_EQ(series->time_unix_ns, (std::vector<int64_t>{20, 40, 20}));
  EXPECT_EQ(series->value, (std::vector<double>{2, 4, 2.5}));
}

TEST_F(IngestTest, ReadSeriesNamesWhatDoesNotExist) {
  EXPECT_TRUE(absl::IsNotFound(store_->ReadSeries("r", "nowhere", 0, {}).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->ReadSeries("nobody", "a", 0, {}).status()));
  const absl::Status channel = store_->ReadSeries("r", "a", 5, {}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(channel));
  EXPECT_NE(channel.ToString().find("must be < 5"), std::string::npos);
}

TEST_F(IngestTest, AFullQueueLeavesTheBatchUntouched) {
  const int64_t stream = OpenStream("a", "p");
  const EncodedBatch prototype = EncodeBatch(MakeBatch(1'000'000, kChannels, 20'000, kStartNs), {});
  // The writer stands in the first answer until the queue is full.
  std::promise<void> standing;
  std::promise<void> gate;
  EncodedBatch first = prototype;
  const auto stand = Calling([&](const absl::StatusOr<AppendOutcome>&) {
    standing.set_value();
    gate.get_future().wait();
  });
  ASSERT_TRUE(store_->TryAppend(first, stand));
  standing.get_future().wait();
  size_t taken = 0;
  EncodedBatch batch;
  for (bool room = true; room; taken += room ? 1 : 0) {
    batch = prototype;
    batch.stream = stream;
    room = store_->TryAppend(batch, nullptr);
  }
  EXPECT_EQ(batch.data, prototype.data);
  EXPECT_LE(taken * prototype.data.size(), kMaxQueuedBytes + prototype.data.size());
  EXPECT_GE((taken + 2) * (prototype.data.size() + 256), kMaxQueuedBytes);
  gate.set_value();
  while (!store_->TryAppend(batch, nullptr)) std::this_thread::yield();
}

}  // namespace
}  // namespace parallax::store
