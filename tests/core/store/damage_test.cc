#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "absl/strings/str_format.h"
#include "core/store/check.h"
#include "core/store/checked_vfs.h"
#include "core/store/schema.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DamageTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    stream_ = OpenStream("a", "p");
    for (uint64_t seq = 0; seq < 3; ++seq) {
      ASSERT_TRUE(Append(*store_, stream_, MakeBatch(seq, kChannels, 100, kStartNs)).ok());
    }
  }

  /// Flips one bit of the blob that `select` finds; `update` takes it back.
  void FlipBit(const std::string& select, const std::string& update, size_t byte) {
    SQLite::Database database(directory_.path() + "/parallax.db", SQLite::OPEN_READWRITE, 10'000,
                              CheckedVfs(""));
    std::string blob = database.execAndGet(select).getString();
    ASSERT_GT(blob.size(), byte);
    blob[byte] = static_cast<char>(blob[byte] ^ 0x10);
    SQLite::Statement statement(database, update);
    statement.bind(1, blob.data(), static_cast<int>(blob.size()));
    ASSERT_EQ(statement.exec(), 1);
  }

  int64_t stream_ = 0;
};

TEST_F(DamageTest, AFlippedBitInABatchIsDataLossNamingTheRow) {
  FlipBit("SELECT data FROM batch WHERE seq = 1", "UPDATE batch SET data = ? WHERE seq = 1", 40);
  const absl::Status status = store_->ReadSeries("r", "a", 0, {}).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(status.ToString(), HasSubstr("batch stream = 1 seq = 1"));
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadBuckets("r", "a", 0, {}, 5).status()));
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  EXPECT_TRUE(absl::IsDataLoss(store_->Compact().status()));
  // The store goes on: damage to one row is no reason to refuse others.
  EXPECT_TRUE(Append(*store_, stream_, MakeBatch(3, kChannels, 1, kStartNs)).ok());
}

TEST_F(DamageTest, AFlippedBitInAChunkIsDataLossNamingTheRow) {
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  ASSERT_EQ(store_->Compact().value(), 3u);
  FlipBit("SELECT data FROM chunk WHERE channel = 2", "UPDATE chunk SET data = ? WHERE channel = 2",
          20);
  EXPECT_TRUE(store_->ReadSeries("r", "a", 1, {}).ok());
  const absl::Status status = store_->ReadSeries("r", "a", 2, {}).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(status.ToString(), HasSubstr("chunk stream = 1 channel = 2 first_seq = 0"));
}

// One bucket so wide that the pyramid alone answers.
constexpr TimeRange kWide{kStartNs, kStartNs + int64_t{1'000'000'000'000'000}};

TEST_F(DamageTest, AnAlteredPageOfThePyramidIsDataLossNamingTheRow) {
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  ASSERT_EQ(store_->Compact().value(), 3u);
  const uint64_t samples = store_->ReadBuckets("r", "a", 1, kWide, 1).value()[0].count;
  ASSERT_GT(Tamper("UPDATE pyramid_page SET data = substr(data, 1, length(data) - 1) || x'7f' "
                   "WHERE channel = 2"),
            0);
  EXPECT_EQ(store_->ReadBuckets("r", "a", 1, kWide, 1).value()[0].count, samples);
  const absl::Status status = store_->ReadBuckets("r", "a", 2, kWide, 1).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(status.ToString(), HasSubstr("pyramid_page stream = 1 channel = 2 level = "));
}

TEST_F(DamageTest, ChunksFromBeforeThePagesAreReadWhole) {
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  ASSERT_EQ(store_->Compact().value(), 3u);
  const Bucket before = store_->ReadBuckets("r", "a", 1, kWide, 1).value()[0];
  store_.reset();
  DowngradeToVersion3(directory_.path());
  Reopen();
  const Bucket after = store_->ReadBuckets("r", "a", 1, kWide, 1).value()[0];
  EXPECT_EQ(after.count, before.count);
  EXPECT_EQ(after.minimum, before.minimum);
  EXPECT_EQ(after.maximum, before.maximum);
}

TEST_F(DamageTest, AnAlteredParameterSetIsDataLoss) {
  ASSERT_GT(Tamper("UPDATE parameter_set SET bytes = '{\"U\":11}'"), 0);
  const absl::Status status = store_->GetParameterSet("r", 0).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(status.ToString(), HasSubstr("parameter set 0 of rig \"r\""));
}

TEST_F(DamageTest, APageWrittenPastItsChecksumIsDataLoss) {
  store_.reset();
  SQLite::Database(directory_.path() + "/parallax.db", SQLite::OPEN_READWRITE)
      .exec("UPDATE ledger SET stored = stored + 1");
  Reopen();
  const absl::Status status = store_->GetRun("r", "a").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(status.ToString(), HasSubstr("/parallax.db does not match its checksum"));
}

TEST_F(DamageTest, AFileThatIsNoDatabaseIsDataLoss) {
  store_.reset();
  FILE* file = fopen((directory_.path() + "/parallax.db").c_str(), "r+");
  ASSERT_NE(file, nullptr);
  fputs("this is not a database, whatever its name says", file);
  fclose(file);
  EXPECT_TRUE(absl::IsDataLoss(OpenSqliteStore({directory_.path()}, clock_).status()));
}

TEST_F(DamageTest, AFileThatIsCutIsDataLossWhereverItIsCut) {
  store_.reset();
  const std::string path = directory_.path() + "/parallax.db";
  const auto whole = static_cast<int>(std::filesystem::file_size(path));
  const std::string last_page = absl::StrFormat("page %d of ", whole / 8192);
  for (const int missing : {1, 100, 5000, 8191, 8192, 8193, 20'000}) {
    std::filesystem::resize_file(path, static_cast<uintmax_t>(whole - missing));
    const absl::StatusOr<StoreCheck> check = CheckStore(directory_.path());
    if (check.ok()) {
      EXPECT_THAT(check->damages, Not(IsEmpty())) << missing;
      if (missing < 8192) {
        EXPECT_THAT(check->damages,
                    Contains(AllOf(HasSubstr(last_page), HasSubstr("is cut short"))));
      }
    } else {
      EXPECT_TRUE(absl::IsDataLoss(check.status())) << check.status().ToString();
    }
  }
}

TEST_F(DamageTest, ANewerSchemaIsRefusedAndLeftAlone) {
  store_.reset();
  ASSERT_GT(Tamper("UPDATE schema_version SET version = version + 1"), 0);
  const absl::Status status = OpenSqliteStore({directory_.path()}, clock_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(status.ToString(), HasSubstr(absl::StrFormat("must be <= %d", kSchemaVersion)));
  ASSERT_GT(Tamper("UPDATE schema_version SET version = version - 1"), 0);
  Reopen();
  EXPECT_EQ(Series("a", 0).value.size(), 300u);
}

TEST_F(DamageTest, ASecondStoreOnTheDirectoryIsRefused) {
  const absl::Status status = OpenSqliteStore({directory_.path()}, clock_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status.ToString();
  EXPECT_EQ(Series("a", 0).value.size(), 300u);
}

}  // namespace
}  // namespace parallax::store
