#include "core/store/check.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include "core/base/file.h"
#include "core/store/checked_vfs.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckTest : public StoreTest {
 protected:
  /// Two streams, one of them partly in chunks.
  void SetUp() override {
    StoreTest::SetUp();
    OpenRun("b");
    for (const char* run : {"a", "b"}) {
      const int64_t stream = OpenStream(run, "p");
      for (uint64_t seq = 0; seq < 6; ++seq) {
        ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 100, kStartNs)).ok());
      }
    }
    ASSERT_TRUE(store_->CloseRun("r", "a").ok());
    ASSERT_EQ(store_->Compact().value(), 6u);
  }

  StoreCheck Check() {
    absl::StatusOr<StoreCheck> check = CheckStore(directory_.path());
    EXPECT_TRUE(check.ok()) << check.status().ToString();
    return check.ok() ? *std::move(check) : StoreCheck{};
  }
};

TEST_F(CheckTest, ASoundStoreIsReadWholeAndFoundSound) {
  const StoreCheck check = Check();
  EXPECT_THAT(check.damages, IsEmpty());
  EXPECT_EQ(check.streams, 2);
  EXPECT_EQ(check.batches, 6);
  EXPECT_EQ(check.chunks, static_cast<int64_t>(kChannels));
  EXPECT_GT(check.pyramid_pages, 0);
  EXPECT_EQ(check.parameter_sets, 1);
  EXPECT_GT(check.pages, 20);
}

TEST_F(CheckTest, ItChangesNothing) {
  store_.reset();
  const std::string path = directory_.path() + "/parallax.db";
  const std::string before = base::ReadFile(path).value();
  EXPECT_THAT(Check().damages, IsEmpty());
  EXPECT_TRUE(base::ReadFile(path).value() == before);
}

TEST_F(CheckTest, EveryKindOfDamageIsNamed) {
  const struct {
    const char* sql;
    std::vector<std::string> says;
  } kDamages[] = {
      {"UPDATE batch SET data = data || x'00' WHERE seq = 4", {"batch stream = 2 seq = 4"}},
      {"UPDATE batch SET n = n + 1 WHERE seq = 4", {"batch stream = 2 seq = 4", "n = 501"}},
      {"UPDATE chunk SET data = data || x'00' WHERE channel = 2", {"chunk stream = 1 channel = 2"}},
      {"UPDATE chunk SET n = n - 1 WHERE channel = 2", {"chunk stream = 1 channel = 2", "n = 599"}},
      {"UPDATE pyramid_page SET checksum = checksum + 1", {"pyramid_page stream = 1"}},
      {"UPDATE parameter_set SET bytes = '{}'", {"parameter set 0 of rig"}},
      {"DELETE FROM batch WHERE seq = 3", {"stream 2: next_seq = 6", "up to seq 2"}},
      {"UPDATE stream SET next_seq = 7 WHERE id = 1", {"stream 1: next_seq = 7"}},
      {"UPDATE ledger SET stored = stored + 1 WHERE stream = 2",
       {"stream 2: its ledger counts 3001 samples, 3000 are stored"}},
  };
  const StoreCheck sound = Check();
  const std::string path = directory_.path() + "/parallax.db";
  store_.reset();
  const std::string bytes = base::ReadFile(path).value();
  for (const auto& damage : kDamages) {
    ASSERT_TRUE(base::WriteFileAtomically(path, bytes).ok());
    ASSERT_GT(Tamper(damage.sql), 0) << damage.sql;
    const StoreCheck check = Check();
    for (const std::string& said : damage.says) {
      EXPECT_THAT(check.damages, Contains(HasSubstr(said))) << damage.sql;
    }
    EXPECT_EQ(check.streams, sound.streams) << "it goes on after what it found";
  }
}

TEST_F(CheckTest, APageThatDoesNotMatchIsNamedOnce) {
  store_.reset();
  const std::string path = directory_.path() + "/parallax.db";
  const std::string bytes = base::ReadFile(path).value();
  // Free pages hold nothing and are read by nobody.
  const int free = SQLite::Database(path, SQLite::OPEN_READONLY, 0, CheckedVfs(""))
                       .execAndGet("PRAGMA freelist_count")
                       .getInt();
  int named = 0;
  const size_t pages = bytes.size() / 8192;
  for (size_t page = 2; page <= pages; ++page) {
    std::string damaged = bytes;
    damaged[(page - 1) * 8192 + 5000] ^= 0x04;
    ASSERT_TRUE(base::WriteFileAtomically(path, damaged).ok());
    const absl::StatusOr<StoreCheck> check = CheckStore(directory_.path());
    const std::string said = "page " + std::to_string(page) + " of ";
    if (!check.ok()) {
      // Without its version nothing can be said of a store.
      EXPECT_THAT(check.status().ToString(), HasSubstr(said));
      ++named;
      continue;
    }
    int times = 0;
    for (const std::string& damage : check->damages) times += damage.find(said) == 0 ? 1 : 0;
    EXPECT_LE(times, 1) << said;
    named += times;
  }
  EXPECT_GE(named, static_cast<int>(pages) - 1 - free);
}

TEST_F(CheckTest, WhatIsNoStoreIsRefused) {
  const TemporaryDirectory empty;
  EXPECT_TRUE(absl::IsNotFound(CheckStore(empty.path()).status()));
  ASSERT_GT(Tamper("UPDATE schema_version SET version = version - 1"), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckStore(directory_.path()).status()));
}

}  // namespace
}  // namespace parallax::store
