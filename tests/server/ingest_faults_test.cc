// Ingest while the disk is slow, full or broken, and while the daemon is going down.
#include <thread>

#include "tests/core/store/fault_vfs.h"
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

using IngestFaultsTest = DaemonTest;
TEST_F(IngestFaultsTest, WhatWaitsForTheDiskIsQueuedInTheLedgerAndNotAcked) {
  store_->Hold(/*capacity=*/100);
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  for (uint64_t seq = 0; seq < 3; ++seq) stream.Send(BoardBatch(seq, kRows));
  store_->WaitForHeld(3);
  const v1::Ledger waiting = GetRun().ledger();
  EXPECT_EQ(waiting.queued(), 3 * kSamples);
  EXPECT_EQ(waiting.received(), 3 * kSamples);
  EXPECT_EQ(waiting.stored(), 0u);
  store_->Release();
  v1::StreamResponse first;
  ASSERT_TRUE(stream.Read(&first));
  EXPECT_GT(first.ack().ledger().stored(), 0u) << "the first ack came after a commit";
  if (first.ack().seq() < 2) stream.AwaitAck(2);
  EXPECT_EQ(GetRun().ledger().stored(), 3 * kSamples);
  EXPECT_EQ(GetRun().ledger().queued(), 0u);
}

TEST_F(IngestFaultsTest, AFullQueueHoldsTheStreamBackAndLosesNothing) {
  options_.ingest.credit = 4;
  Restart();
  store_->Hold(/*capacity=*/2);
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  std::thread producer([&] {
    for (uint64_t seq = 0; seq < 30; ++seq) stream.Send(BoardBatch(seq, kRows));
  });
  store_->WaitForHeld(2, /*refusals=*/2);
  const v1::Ledger waiting = GetRun().ledger();
  EXPECT_EQ(LedgerError(waiting), 0);
  store_->Release();
  EXPECT_EQ(stream.AwaitAck(29).ledger().stored(), 30 * kSamples);
  producer.join();
}

TEST_F(IngestFaultsTest, AFullDiskEndsTheStreamAndItResumesOnceThereIsRoom) {
  store_->FailAppends(absl::ResourceExhaustedError("disk full"));
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kRows));
  const absl::Status status = stream.Finish();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  const v1::Ledger refused = GetRun().ledger();
  EXPECT_EQ(refused.stored(), 0u);
  EXPECT_EQ(LedgerError(refused), 0);
  store_->FailAppends(absl::OkStatus());
  TestStream again(*ingest_);
  EXPECT_EQ(again.Open(Hello("p")).resume_from_seq(), 0u);
  again.Send(BoardBatch(0, kRows));
  EXPECT_EQ(again.AwaitAck(0).ledger().stored(), kSamples);
}

/// A daemon on a disk that a test can break.
class BrokenDiskTest : public DaemonTest {
 protected:
  void SetUp() override {
    store::InstallFaultVfs();
    store::SetDiskFault(store::DiskFault::kNone);
    DaemonTest::SetUp();
  }
  void TearDown() override { store::SetDiskFault(store::DiskFault::kNone); }
};

TEST_F(BrokenDiskTest, AStreamThatMeetsItEndsAndTheOwnerIsTold) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  store::SetDiskFault(store::DiskFault::kSyncFails);
  stream.Send(BoardBatch(0, kRows));
  EXPECT_TRUE(absl::IsUnavailable(stream.Finish()));
  ASSERT_EQ(store_failures_.size(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(store_failures_[0])) << store_failures_[0];
}

TEST_F(BrokenDiskTest, ACallThatMeetsItIsRefusedAndTheOwnerIsTold) {
  store::SetDiskFault(store::DiskFault::kDamaged);
  v1::CloseRunRequest close;
  close.set_name("rigs/board/runs/one");
  const absl::Status first = Call(*ingest_, &v1::IngestService::Stub::CloseRun, close).status();
  EXPECT_TRUE(absl::IsDataLoss(first)) << first;
  EXPECT_EQ(store_failures_.size(), 1u);
  const absl::Status second = Call(*ingest_, &v1::IngestService::Stub::CloseRun, close).status();
  EXPECT_TRUE(absl::IsUnavailable(second)) << second;
  EXPECT_EQ(store_failures_.size(), 1u) << "told once";
}

TEST_F(IngestFaultsTest, AServingDaemonSaysSoUntilItDrains) {
  EXPECT_EQ(Health(), "\x08\x01") << "SERVING";
}

TEST_F(IngestFaultsTest, DrainingCommitsAndAcksWhatWasAcceptedAndRefusesNewStreams) {
  store_->Hold(/*capacity=*/100);
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  for (uint64_t seq = 0; seq < 3; ++seq) stream.Send(BoardBatch(seq, kRows));
  store_->WaitForHeld(3);
  std::thread drain([&] { daemon_->Drain(); });
  TestStream refused(*ingest_);
  refused.Open(Hello("other"));
  EXPECT_TRUE(absl::IsUnavailable(refused.Finish()));
  EXPECT_EQ(Health(), "\x08\x02") << "NOT_SERVING before the last stream has ended";
  store_->Release();
  EXPECT_EQ(stream.AwaitAck(2).seq(), 2u);
  EXPECT_TRUE(absl::IsUnavailable(stream.Finish()));
  drain.join();
  Restart();
  EXPECT_EQ(GetRun().ledger().stored(), 3 * kSamples);
}

TEST_F(IngestFaultsTest, AStreamWithoutHelloDoesNotHoldUpADrain) {
  TestStream silent(*ingest_);
  v1::GetRigRequest request;
  request.set_name("rigs/board");
  ASSERT_TRUE(Call(*query_, &v1::QueryService::Stub::GetRig, request).ok());
  daemon_->Drain();
  EXPECT_TRUE(absl::IsUnavailable(silent.Finish()));
}

TEST_F(IngestFaultsTest, TheLedgerSurvivesARestart) {
  {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    stream.Send(BoardBatch(0, kRows));
    stream.Send(BoardBatch(0, kRows));
    v1::StreamRequest bad = BoardBatch(1, kRows);
    bad.mutable_batch()->mutable_columns(0)->set_value(0, std::nan(""));
    stream.Send(bad);
    stream.AwaitAck(1);
  }
  const v1::Ledger before = GetRun().ledger();
  Restart();
  const v1::Ledger after = GetRun().ledger();
  EXPECT_EQ(before.DebugString(), after.DebugString());
  EXPECT_EQ(after.received(), 3 * kSamples);
  EXPECT_EQ(LedgerError(after), 0);
}

TEST_F(IngestFaultsTest, BatchesRefusedWholeStayInTheLedgerAfterARestart) {
  const auto refuse = [&](const std::vector<v1::StreamRequest>& batches) {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (const v1::StreamRequest& batch : batches) stream.Send(batch);
    EXPECT_FALSE(stream.Finish().ok());
  };
  v1::StreamRequest malformed = BoardBatch(1, kRows);
  malformed.mutable_batch()->mutable_columns(3)->set_channel_index(9);
  v1::StreamRequest conflicting = BoardBatch(0, kRows);
  conflicting.mutable_batch()->mutable_columns(2)->set_value(0, 99.0);
  refuse({BoardBatch(0, kRows), malformed});
  refuse({BoardBatch(7, kRows)});
  refuse({conflicting});
  refuse({conflicting});
  const v1::Ledger before = GetRun().ledger();
  EXPECT_EQ(before.stored(), kSamples);
  EXPECT_EQ(before.rejected().at("MALFORMED_BATCH"), kSamples);
  EXPECT_EQ(before.rejected().at("OUT_OF_SEQUENCE"), kSamples);
  EXPECT_EQ(before.rejected().at("CONFLICTING_BATCH"), 2 * kSamples);
  EXPECT_EQ(LedgerError(before), 0);
  Restart();
  EXPECT_EQ(GetRun().ledger().DebugString(), before.DebugString());
  TestStream stream(*ingest_);
  EXPECT_EQ(stream.Open(Hello("p")).resume_from_seq(), 1u);
  stream.Send(BoardBatch(1, kRows));
  stream.AwaitAck(1);
  EXPECT_EQ(GetRun().ledger().rejected().at("MALFORMED_BATCH"), kSamples) << "counted once";
  EXPECT_EQ(LedgerError(GetRun().ledger()), 0);
}

}  // namespace
}  // namespace parallax::server
