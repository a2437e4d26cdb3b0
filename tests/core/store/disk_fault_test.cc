#include <gtest/gtest.h>

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
}

TEST_F(DiskFaultTest, AFailedSyncClosesTheStoreUntilARestart) {
  SetDiskFault(DiskFault::kSyncFails);
  EXPECT_TRUE(absl::IsUnavailable(AppendSeq(1).status()));
  SetDiskFault(DiskFault::kNone);
  EXPECT_TRUE(absl::IsUnavailable(AppendSeq(1).status()));
  EXPECT_TRUE(absl::IsUnavailable(store_->GetRig("r").status()));
  EXPECT_TRUE(absl::IsUnavailable(store_->CloseRun("r", "a")));
  EXPECT_TRUE(absl::IsUnavailable(store_->Compact().status()));
  Reopen();
  // The batch was never acked: it may be there or not, but whole and at most once.
  const uint64_t next_seq = store_->OpenStream({"r", "a", "p", 1})->next_seq;
  EXPECT_EQ(Series("a", 0).value.size(), 100 * next_seq);
  EXPECT_TRUE(AppendSeq(next_seq).ok());
}

}  // namespace
}  // namespace parallax::store
