#include "core/store/shrink.h"

#include <filesystem>

#include "core/base/field_error.h"
#include "tests/core/store/retention_fixture.h"

namespace parallax::store {
namespace {

using ShrinkTest = RetentionTest;

TEST_F(ShrinkTest, WhatARetiredRunFreedGoesBackToTheDisk) {
  const int64_t stream = OpenStream("a", "p");
  for (uint64_t seq = 0; seq < 40; ++seq) {
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 2000, kStartNs)).ok());
  }
  Close("a");
  MakeRun("b");
  clock_.now += kKeep;
  ASSERT_TRUE(store_->RetireRun("r", "a").ok());
  const std::string digest = DigestOf("b");
  store_.reset();
  const absl::StatusOr<Shrinkage> size = ShrinkStore(directory_.path());
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_GT(size->before - size->after, 200'000) << size->before;
  EXPECT_EQ(static_cast<int64_t>(std::filesystem::file_size(directory_.path() + "/parallax.db")),
            size->after);
  EXPECT_THAT(Damages(), ::testing::IsEmpty()) << "its pages have their checksums";
  Reopen();
  EXPECT_EQ(DigestOf("b"), digest);
  EXPECT_TRUE(store_->GetRun("r", "a")->retirement.has_value());
}

TEST_F(ShrinkTest, AStoreThatIsInUseOrNoneIsRefused) {
  const absl::Status used = ShrinkStore(directory_.path()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(used)) << used;
  EXPECT_EQ(base::FieldErrorOf(used)->next_step, "stop the daemon first");
  const TemporaryDirectory empty;
  EXPECT_TRUE(absl::IsNotFound(ShrinkStore(empty.path()).status()));
  store_.reset();
  ASSERT_GT(Tamper("UPDATE schema_version SET version = version - 1"), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(ShrinkStore(directory_.path()).status()));
}

}  // namespace
}  // namespace parallax::store
