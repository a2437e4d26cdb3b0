#include "core/store/backup.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/store/check.h"
#include "core/store/store_copy.h"
#include "tests/core/store/fault_vfs.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

using ::testing::IsEmpty;

class BackupTest : public StoreTest {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> OpenCopy() { return OpenSqliteStore({copy_}, clock_); }
  absl::Status AppendSeq(uint64_t seq) {
    return Append(*store_, OpenStream("a", "p"), MakeUnrulyBatch(4, seq, kChannels)).status();
  }

  TemporaryDirectory target_;
  const std::string copy_ = target_.path() + "/copy";
};

TEST_F(BackupTest, TheCopyIsAStoreWithWhatWasThere) {
  for (uint64_t seq = 0; seq < 20; ++seq) ASSERT_TRUE(AppendSeq(seq).ok());
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  ASSERT_GT(store_->Compact().value(), 0u);
  const signal::Series before = Series("a", 1);
  ASSERT_EQ(BackUpStore(directory_.path(), copy_), absl::OkStatus());
  // What comes after it is not in it.
  ASSERT_TRUE(AppendSeq(20).ok());
  const auto copy = OpenCopy();
  ASSERT_TRUE(copy.ok()) << copy.status().ToString();
  ExpectSameSeries((*copy)->ReadSeries("r", "a", 1, {}).value(), before);
  EXPECT_EQ((*copy)->OpenStream({"r", "a", "p", 1})->next_seq, 20u);
}

TEST_F(BackupTest, CopiesMadeWhileItIsWrittenAreEachOfOneMoment) {
  std::atomic<bool> done{false};
  std::atomic<uint64_t> committed{0};
  const int64_t stream = OpenStream("a", "p");
  std::thread writer([&] {
    for (uint64_t seq = 0; !done; ++seq) {
      if (Append(*store_, stream, MakeUnrulyBatch(4, seq, kChannels)).ok()) committed = seq + 1;
      if (seq % 64 == 63) (void)store_->Compact();
    }
  });
  constexpr int kCopies = 5;
  for (int i = 0; i < kCopies; ++i) {
    const uint64_t before = committed;
    while (committed < before + 20) std::this_thread::yield();
    const std::string copy = copy_ + std::to_string(i);
    const uint64_t least = committed;
    ASSERT_EQ(BackUpStore(directory_.path(), copy), absl::OkStatus());
    const uint64_t most = committed + 1;  // one may be on disk and not answered yet
    const absl::StatusOr<StoreCheck> check = CheckStore(copy);
    ASSERT_TRUE(check.ok()) << check.status().ToString();
    EXPECT_THAT(check->damages, IsEmpty());
    const auto opened = OpenSqliteStore({copy}, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    const uint64_t next_seq = (*opened)->OpenStream({"r", "a", "p", 1})->next_seq;
    EXPECT_GE(next_seq, least);
    EXPECT_LE(next_seq, most);
  }
  done = true;
  writer.join();
}

TEST_F(BackupTest, NothingIsReplaced) {
  std::filesystem::create_directories(copy_);
  std::ofstream(copy_ + "/somebody's") << "text";
  EXPECT_TRUE(absl::IsAlreadyExists(BackUpStore(directory_.path(), copy_)));
  EXPECT_FALSE(std::filesystem::exists(copy_ + "/parallax.db"));
  EXPECT_TRUE(absl::IsNotFound(BackUpStore(target_.path(), copy_ + "2")));
}

TEST_F(BackupTest, AFullDiskLeavesNoCopyThatLooksLikeOne) {
  ASSERT_TRUE(AppendSeq(0).ok());
  store_.reset();
  InstallFaultVfs();
  SetDiskFault(DiskFault::kFull);
  const absl::Status status = BackUpStore(directory_.path(), copy_, "fault");
  SetDiskFault(DiskFault::kNone);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status.ToString();
  EXPECT_TRUE(std::filesystem::is_empty(copy_));
}

/// Writes what a copy holds as the store of a folder.
void Restore(const StoreCopy& copy, const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream file(folder + "/parallax.db", std::ios::binary);
  uint64_t offset = 0;
  constexpr size_t kPart = 10'000;  // no multiple of a page
  for (std::string part = copy.Read(0, kPart).value(); !part.empty();
       part = copy.Read(offset, kPart).value()) {
    file << part;
    offset += part.size();
  }
  EXPECT_EQ(offset, copy.bytes());
}

bool Always() { return true; }

class StoreCopyTest : public BackupTest {
 protected:
  size_t FilesBesideTheStore() {
    size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
      const std::string name = file.path().filename();
      if (name != "lock" && !name.starts_with("parallax.db")) ++files;
    }
    return files;
  }
};

TEST_F(StoreCopyTest, ACopyHasNoNameAndIsOfOneMoment) {
  constexpr uint64_t kLarge = 8;
  for (uint64_t seq = 0; seq < kLarge; ++seq) {
    signal::SampleBatch batch = MakeBatch(seq, kChannels, /*samples=*/10'000, kStartNs);
    base::Random random(seq, 0);
    for (signal::ChannelColumn& column : batch.columns) {
      for (double& value : column.value) value = random.Normal();  // which nothing compresses
    }
    ASSERT_TRUE(Append(*store_, OpenStream("a", "p"), batch).ok());
  }
  uint64_t asked = 0;
  // What is committed between two parts of a copy is not in it, and does not make it begin anew.
  const auto copy = store_->Copy([&] {
    EXPECT_TRUE(AppendSeq(kLarge + asked++).ok());
    return true;
  });
  ASSERT_TRUE(copy.ok()) << copy.status().ToString();
  EXPECT_GE(asked, 2u) << "of several parts";
  EXPECT_EQ(FilesBesideTheStore(), 0u);
  Restore(**copy, copy_);
  const auto opened = OpenCopy();
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ((*opened)->OpenStream({"r", "a", "p", 1})->next_seq, kLarge);
  const absl::StatusOr<StoreCheck> check = CheckStore(copy_);
  ASSERT_TRUE(check.ok()) << check.status().ToString();
  EXPECT_THAT(check->damages, IsEmpty());
}

TEST_F(StoreCopyTest, WhatFailsOrIsCalledOffLeavesNothing) {
  ASSERT_TRUE(AppendSeq(0).ok());
  EXPECT_TRUE(absl::IsCancelled(store_->Copy([] { return false; }).status()));
  EXPECT_EQ(FilesBesideTheStore(), 0u);
  EXPECT_TRUE(store_->Copy(Always).ok()) << "and is in nobody's way";
}

TEST_F(StoreCopyTest, TwoAtOnceAreNotMade) {
  ASSERT_TRUE(AppendSeq(0).ok());
  absl::Status second;
  ASSERT_TRUE(store_
                  ->Copy([&] {
                    second = store_->Copy(Always).status();
                    return true;
                  })
                  .ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second.ToString();
}

TEST_F(StoreCopyTest, WhatAProcessLeftThatDiedIsRemovedAtTheNextStart) {
  std::ofstream(directory_.path() + "/backup.unfinished") << "half a copy";
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Copy(Always).status()));
  Reopen();
  EXPECT_EQ(FilesBesideTheStore(), 0u);
  EXPECT_TRUE(store_->Copy(Always).ok());
}

TEST_F(StoreCopyTest, AFullDiskRefusesTheCopyAndNothingElse) {
  InstallFaultVfs();
  store_.reset();
  auto opened = OpenSqliteStore({.directory = directory_.path(), .vfs = "fault"}, clock_);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  store_ = *std::move(opened);
  ASSERT_TRUE(AppendSeq(0).ok());
  SetDiskFault(DiskFault::kFull);
  const absl::Status status = store_->Copy(Always).status();
  SetDiskFault(DiskFault::kNone);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status.ToString();
  EXPECT_EQ(FilesBesideTheStore(), 0u);
  EXPECT_TRUE(AppendSeq(1).ok());
  EXPECT_TRUE(store_->Copy(Always).ok());
}

TEST_F(BackupTest, DamageIsNotCopied) {
  ASSERT_TRUE(AppendSeq(0).ok());
  store_.reset();
  const std::string path = directory_.path() + "/parallax.db";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(3 * 8192 + 4000);
  file.put('\x5a');
  file.close();
  const absl::Status status = BackUpStore(directory_.path(), copy_);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status.ToString();
  EXPECT_THAT(status.ToString(), ::testing::HasSubstr("page 4 of " + path));
  EXPECT_TRUE(std::filesystem::is_empty(copy_));
}

}  // namespace
}  // namespace parallax::store
