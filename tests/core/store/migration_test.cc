// Databases of older programs, tests/data/store/schema-*.db.zst, made by them, are taken over.
#include <gmock/gmock.h>
#include <zstd.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"
#include "core/store/check.h"
#include "core/store/connection.h"
#include "core/store/schema.h"
#include "core/store/series_digest.h"
#include "tests/core/store/power_machine.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

constexpr size_t kReservedBytesAt = 20;
// As the older programs told them.
constexpr uint64_t kSamples = 3200;
constexpr char kDigest[] = "0a9d2cb9c1b5102b3e251aecc27c3508a02f2e97edec5766083aa74a96c08315";
constexpr uint64_t kOpenSamples = 4000;
constexpr char kOpenDigest[] = "8471d02e732508922a2e5049227dc395a0da0e212eff46c231cf5eeda1255a3b";

std::string OlderDatabase(int version) {
  const std::string packed =
      base::ReadFile(absl::StrFormat("%s/store/schema-%d.db.zst", PARALLAX_TEST_DATA, version))
          .value();
  std::string bytes(ZSTD_getFrameContentSize(packed.data(), packed.size()), '\0');
  const size_t size = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  bytes.resize(size);
  return bytes;
}

/// All samples of the two runs of a rig. DataLoss where they are not what the older program
/// counted.
absl::Status VerifySamples(Store& store, const std::string& rig, uint64_t samples,
                           const std::string& sha256) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<RunRow> runs, store.ListRuns(rig, {}));
  SeriesDigest digest;
  uint64_t ledger = 0;
  for (const RunRow& run : runs) {
    PARALLAX_ASSIGN_OR_RETURN(const RunSamples read, store.ReadRun(rig, run.run.id));
    for (const signal::Series& series : read.series) digest.Add(run.run.id, series);
    ledger += run.ledger.stored;
  }
  const bool same = runs.size() == 2 && digest.samples() == samples &&
                    digest.FinishHex() == sha256 && ledger == samples;
  return same ? absl::OkStatus() : absl::DataLossError("samples of the older database are gone");
}

/// The same of the rig that was analysed, with its report and its sets.
absl::Status VerifyContents(Store& store) {
  PARALLAX_RETURN_IF_ERROR(VerifySamples(store, "tclab-byu", kSamples, kDigest));
  PARALLAX_ASSIGN_OR_RETURN(const ReportRow report, store.GetReport("tclab-byu", "r1"));
  PARALLAX_ASSIGN_OR_RETURN(const auto sets, store.ListParameterSets("tclab-byu", {}));
  if (report.verdict == "AMBIGUOUS" && sets.size() == 2) return absl::OkStatus();
  return absl::DataLossError("something of the older database is gone");
}

/// The rig whose runs are open, from version 7 on.
absl::Status VerifyOpenRuns(Store& store) {
  return VerifySamples(store, "bench", kOpenSamples, kOpenDigest);
}

/// Rows that no opening changes, of every table that all versions have in one form, in columns that
/// the older program knew.
class OlderRows {
 public:
  explicit OlderRows(Connection& connection) {
    for (const char* table : {"rig", "run", "stream", "ledger", "request", "job", "report",
                              "report_run", "parameter_set", "promotion"}) {
      SQLite::Statement columns(connection.database(),
                                "SELECT group_concat('quote(' || name || ')', '||'' ''||') FROM "
                                "pragma_table_info('" +
                                    std::string(table) + "')");
      columns.executeStep();
      queries_.push_back("SELECT " + columns.getColumn(0).getString() + " FROM " + table +
                         " ORDER BY 1");
    }
    text_ = Read(connection);
  }

  bool AreIn(Connection& connection) const { return Read(connection) == text_; }

 private:
  std::string Read(Connection& connection) const {
    std::string text;
    for (const std::string& query : queries_) {
      SQLite::Statement rows(connection.database(), query);
      while (rows.executeStep()) text += rows.getColumn(0).getString() + "\n";
    }
    return text;
  }

  std::vector<std::string> queries_;
  std::string text_;
};

class MigrationTest : public ::testing::TestWithParam<int> {};

TEST_P(MigrationTest, AnOlderDatabaseGetsChecksumsAndKeepsAll) {
  const TemporaryDirectory directory;
  const ManualClock clock;
  const std::string path = directory.path() + "/parallax.db";
  const std::string older = OlderDatabase(GetParam());
  ASSERT_EQ(older[kReservedBytesAt], GetParam() < 6 ? 0 : 8) << "5 is from before checksums";
  ASSERT_TRUE(base::WriteFileAtomically(path, older).ok());
  for (int opening = 0; opening < 2; ++opening) {
    const auto store = OpenSqliteStore({directory.path()}, clock);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    EXPECT_EQ(VerifyContents(**store), absl::OkStatus());
    EXPECT_TRUE((*store)->RecordRequest("Call", "id", "answer").ok());
    EXPECT_TRUE((*store)->ListDesigns("tclab-byu", {})->empty());
    EXPECT_TRUE((*store)->ListModels("tclab-byu", {})->empty());
  }
  const std::string newer = base::ReadFile(path).value();
  EXPECT_EQ(newer[kReservedBytesAt], 8);
  const absl::StatusOr<StoreCheck> check = CheckStore(directory.path());
  ASSERT_TRUE(check.ok()) << check.status().ToString();
  EXPECT_THAT(check->damages, ::testing::IsEmpty());
  EXPECT_EQ(check->reports, 1);
}

INSTANTIATE_TEST_SUITE_P(Versions, MigrationTest, ::testing::Values(5, 6, 7, 8));

class MigrationOfOpenRunsTest : public ::testing::TestWithParam<int> {};

TEST_P(MigrationOfOpenRunsTest, BatchesThatWaitForTheCompactorAreKept) {
  const TemporaryDirectory directory;
  const ManualClock clock;
  ASSERT_TRUE(
      base::WriteFileAtomically(directory.path() + "/parallax.db", OlderDatabase(GetParam())).ok());
  {
    const auto store = OpenSqliteStore({directory.path()}, clock);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    EXPECT_EQ(VerifyOpenRuns(**store), absl::OkStatus());
  }
  const absl::StatusOr<StoreCheck> check = CheckStore(directory.path());
  ASSERT_TRUE(check.ok()) << check.status().ToString();
  EXPECT_THAT(check->damages, ::testing::IsEmpty());
  EXPECT_EQ(check->batches, 40);
}

INSTANTIATE_TEST_SUITE_P(Versions, MigrationOfOpenRunsTest, ::testing::Values(7, 8));

/// One try to open the older database on a machine that fails at a call.
class MigrationFaultTest : public ::testing::TestWithParam<int> {
 protected:
  MigrationFaultTest() : older_(OlderDatabase(GetParam())) {}

  absl::Status Open() {
    PARALLAX_ASSIGN_OR_RETURN(
        const std::unique_ptr<Store> store,
        OpenSqliteStore({.directory = directory_.path(), .vfs = PowerMachine::kVfs}, clock_));
    PARALLAX_RETURN_IF_ERROR(VerifyContents(*store));
    return GetParam() < 7 ? absl::OkStatus() : VerifyOpenRuns(*store);
  }

  /// What opening calls of the file system, unhindered; reads the older rows before.
  uint64_t CountCalls() {
    PowerMachine machine(0);
    machine.PutAlone(path_, older_);
    {
      Connection connection(path_, Connection::Mode::kReadWrite, PowerMachine::kVfs);
      rows_.emplace(connection);
    }
    machine.PutAlone(path_, older_);
    const uint64_t before = machine.calls();
    EXPECT_EQ(Open(), absl::OkStatus());
    return machine.calls() - before;
  }

  /// The version of the database as a fault left it: the older or ours, whole, with all rows.
  int64_t VersionLeft() {
    Connection connection(path_, Connection::Mode::kReadWrite, PowerMachine::kVfs);
    Query whole(connection, "PRAGMA integrity_check");
    EXPECT_TRUE(whole.Step());
    EXPECT_EQ(whole.Text(0), "ok");
    EXPECT_TRUE(rows_->AreIn(connection));
    Query version(connection, "SELECT version FROM schema_version");
    EXPECT_TRUE(version.Step());
    return version.Int(0);
  }

  /// Meets `event` at `some` calls, spread over all, or at each one of the newest migration; each
  /// time the database is whole afterwards, before it is opened again and then.
  void MeetAtCalls(DiskEvent event, uint64_t some) {
    const uint64_t calls = CountCalls();
    const uint64_t points = GetParam() + 1 == kSchemaVersion ? calls : some;
    uint64_t met = 0, older = 0;
    for (uint64_t point = 0; point < points; ++point) {
      PowerMachine machine(point);
      machine.PutAlone(path_, older_);
      machine.Arm(calls * point / points, event);
      const absl::Status first = Open();
      if (!first.ok()) ++met;
      EXPECT_FALSE(absl::IsDataLoss(first)) << first.ToString();
      machine.Disarm();
      if (machine.lost_power()) machine.Restart();
      const int64_t left = VersionLeft();
      EXPECT_TRUE(left == GetParam() || left == kSchemaVersion) << left;
      if (left == GetParam()) ++older;
      ASSERT_EQ(Open(), absl::OkStatus()) << "seed " << point << " of " << points << " at "
                                          << calls * point / points << " after " << first;
      EXPECT_EQ(machine.Contents(path_)[kReservedBytesAt], 8);
      EXPECT_EQ(VersionLeft(), kSchemaVersion);
    }
    printf("%d of %d faults in %d calls of a migration were met; %d left the older version\n",
           static_cast<int>(met), static_cast<int>(points), static_cast<int>(calls),
           static_cast<int>(older));
    EXPECT_GT(met, 0u);
    EXPECT_GT(older, 0u);
    EXPECT_LT(older, points);
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/parallax.db";
  const ManualClock clock_;
  const std::string older_;
  std::optional<OlderRows> rows_;
};

TEST_P(MigrationFaultTest, PowerMayBeLostAtAnyCall) { MeetAtCalls(DiskEvent::kPowerLoss, 60); }

TEST_P(MigrationFaultTest, AnyCallMayFail) { MeetAtCalls(DiskEvent::kIoError, 40); }

TEST_P(MigrationFaultTest, AnyWriteMayFallShort) { MeetAtCalls(DiskEvent::kShortWrite, 20); }

TEST_P(MigrationFaultTest, TheDiskMayBeFull) { MeetAtCalls(DiskEvent::kFull, 20); }

// The pages of 5 are rewritten, the batches of 7; 8 lacks designs and models.
INSTANTIATE_TEST_SUITE_P(Versions, MigrationFaultTest, ::testing::Values(5, 7, 8));

}  // namespace
}  // namespace parallax::store
