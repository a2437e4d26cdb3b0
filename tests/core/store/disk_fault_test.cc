#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_format.h"
#include "tests/core/store/fault_vfs.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

class DiskFaultTest : public StoreTest {
 protected:
  void SetUp() override {
    InstallFaultVfs();
    SetDiskFault(DiskFault::kNone);
    StoreTest::SetUp();
    stream_ = OpenStream("a", "p");
    ASSERT_TRUE(AppendSeq(0).ok());
  }
  void TearDown() override { SetDiskFault(DiskFault::kNone); }

  absl::StatusOr<AppendOutcome> AppendSeq(uint64_t seq) {
    return Append(*store_, stream_, MakeBatch(seq, kChannels, 100, kStartNs));
  }

  int64_t stream_ = 0;
};

TEST_F(DiskFaultTest, AFullDiskRefusesReadsGoOnAndIngestResumesByItself) {
  SetDiskFault(DiskFault::kFull);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const absl::Status status = AppendSeq(1).status();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status.ToString();
    EXPECT_EQ(Series("a", 0).value.size(), 100u);
  }
  EXPECT_TRUE(absl::IsResourceExhausted(store_->CloseRun("r", "a")));
  SetDiskFault(DiskFault::kNone);
  EXPECT_EQ(AppendSeq(1)->result, AppendResult::kCommitted);
  EXPECT_EQ(AppendSeq(1)->result, AppendResult::kDuplicate);
  EXPECT_EQ(Series("a", 0).value.size(), 200u);
  const LedgerCounts ledger = store_->GetRun("r", "a")->ledger;
  EXPECT_EQ(ledger.stored, 200u * kChannels);
  EXPECT_EQ(ledger.refused.at(kStoreRefused), 300 * kChannels)
      << "counted with the first batch that there was room for";
  EXPECT_FALSE(store_->GetRun("r", "a")->closed);
  EXPECT_TRUE(failures_.empty()) << "a full disk is not the end of the store";
}

TEST_F(DiskFaultTest, AFailedSyncClosesTheStoreUntilARestart) {
  SetDiskFault(DiskFault::kSyncFails);
  EXPECT_TRUE(absl::IsUnavailable(AppendSeq(1).status()));
  SetDiskFault(DiskFault::kNone);
  EXPECT_TRUE(absl::IsUnavailable(AppendSeq(1).status()));
  EXPECT_TRUE(absl::IsUnavailable(store_->GetRig("r").status()));
  EXPECT_TRUE(absl::IsUnavailable(store_->CloseRun("r", "a")));
  EXPECT_TRUE(absl::IsUnavailable(store_->Compact().status()));
  store_->WaitForObservers();  // all were told that can be
  ASSERT_EQ(failures_.size(), 1u) << "the owner is told once";
  EXPECT_EQ(failures_[0], store_->GetRig("r").status());
  Reopen();
  // The batch was never acked: it may be there or not, but whole and at most once.
  const uint64_t next_seq = store_->OpenStream({"r", "a", "p", 1})->next_seq;
  EXPECT_EQ(Series("a", 0).value.size(), 100 * next_seq);
  EXPECT_TRUE(AppendSeq(next_seq).ok());
}

TEST_F(DiskFaultTest, WhicheverWriteMeetsItTheOwnerIsToldOfTheEnd) {
  uint64_t next_seq = 0;
  const std::function<absl::Status()> writes[] = {
      [&] { return store_->RecordRequest("Call", absl::StrFormat("%d", next_seq), "answer"); },
      [&] { return store_->ClaimJob().status(); }, [&] { return store_->Compact().status(); },
      [&] { return AppendSeq(next_seq).status(); }};
  for (const DiskFault fault : {DiskFault::kSyncFails, DiskFault::kDamaged}) {
    for (const auto& write : writes) {
      SetDiskFault(DiskFault::kNone);
      Reopen();
      failures_.clear();
      next_seq = store_->OpenStream({"r", "a", "p", 1})->next_seq;
      ASSERT_TRUE(AppendSeq(next_seq++).ok());
      ASSERT_TRUE(store_->CloseRun("r", "a").ok());
      ASSERT_TRUE(store_->InsertJob({.key = absl::StrFormat("%d", next_seq), .rig = "r"}).ok());
      SetDiskFault(fault);
      const absl::Status first = write();
      EXPECT_EQ(absl::IsDataLoss(first), fault == DiskFault::kDamaged) << first.ToString();
      ASSERT_EQ(failures_.size(), 1u);
      EXPECT_TRUE(absl::IsUnavailable(failures_[0])) << failures_[0].ToString();
      EXPECT_TRUE(absl::IsUnavailable(store_->GetRig("r").status()));
    }
  }
}

}  // namespace
}  // namespace parallax::store
