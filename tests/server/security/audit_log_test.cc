#include "server/security/audit_log.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "core/base/file.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

AuditEvent Denied(int number) {
  return {.time = absl::FromUnixSeconds(1'700'000'000 + number),
          .identity = "ipv4:10.0.0.7",
          .method = "/parallax.v1.CalibrationService/Promote",
          .target = absl::StrFormat("rigs/%d/parameterSets/1", number),
          .decision = Decision::kDenied,
          .code = "PERMISSION_DENIED"};
}

class AuditLogTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    path_ = folder_ + "/audit.log";
  }

  /// Appends events first, first + 1, ... one by one and closes the log.
  AuditHead Append(int first, int count) {
    const std::unique_ptr<AuditLog> log = AuditLog::Open(path_).value();
    for (int i = first; i < first + count; ++i) {
      const std::vector<AuditEvent> events = {Denied(i)};
      EXPECT_TRUE(log->Append(events).ok());
    }
    return log->head();
  }
  std::string Content() { return base::ReadFile(path_).value(); }
  void SetContent(const std::string& content) {
    ASSERT_TRUE(base::WriteFileAtomically(path_, content, base::Readers::kOwner).ok());
  }
  /// Lines with their newlines.
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    const std::string content = Content();
    for (size_t at = 0; at < content.size();) {
      const size_t end = content.find('\n', at) + 1;
      lines.push_back(content.substr(at, end - at));
      at = end;
    }
    return lines;
  }
  void SetLines(const std::vector<std::string>& lines) {
    std::string content;
    for (const std::string& line : lines) content += line;
    SetContent(content);
  }

  std::string path_;
};

TEST_F(AuditLogTest, GoesOnWhereItEnded) {
  EXPECT_EQ(Append(0, 2).count, 2u);
  const AuditHead head = Append(2, 3);
  EXPECT_EQ(head.count, 5u);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, VerifyAuditLog(path_));
  EXPECT_EQ(report.confirmed, head);
  EXPECT_EQ(report.unconfirmed_records, 0u);
  EXPECT_EQ(report.torn_bytes, 0u);
}

TEST_F(AuditLogTest, ManyEventsAreOneAppend) {
  const std::unique_ptr<AuditLog> log = AuditLog::Open(path_).value();
  std::vector<AuditEvent> events;
  for (int i = 0; i < 300; ++i) events.push_back(Denied(i));
  PARALLAX_ASSERT_OK(log->Append(events));
  PARALLAX_ASSERT_OK(log->Append({}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, VerifyAuditLog(path_));
  EXPECT_EQ(report.confirmed.count, 300u);
}

TEST_F(AuditLogTest, AnEmptyLogIsWhole) {
  Append(0, 0);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, VerifyAuditLog(path_));
  EXPECT_EQ(report.confirmed, AuditHead{});
  EXPECT_THAT(VerifyAuditLog(folder_ + "/none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(AuditLogTest, FilesAreTheOwnersAndOneProcessHasThem) {
  const std::unique_ptr<AuditLog> log = AuditLog::Open(path_).value();
  for (const std::string& path : {path_, path_ + ".head"}) {
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600)) << path;
  }
  EXPECT_THAT(AuditLog::Open(path_), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(AuditLogTest, TheFirstBrokenRecordIsNamed) {
  Append(0, 5);
  const std::vector<std::string> lines = Lines();
  const auto expect_broken = [&](std::vector<std::string> edited, int number) {
    SetLines(edited);
    EXPECT_THAT(VerifyAuditLog(path_),
                StatusIs(kDataLoss,
                         AllOf(HasSubstr(path_), HasSubstr(absl::StrFormat("record %d", number)))));
  };
  for (int i = 0; i < 5; ++i) {
    std::vector<std::string> changed = lines;
    changed[i] = absl::StrReplaceAll(changed[i], {{"DENIED\",\"hash", "ALLOWED\",\"hash"}});
    expect_broken(changed, i + 1);
    std::vector<std::string> without = lines;
    without.erase(without.begin() + i);
    expect_broken(without, i + 1);
    std::vector<std::string> twice = lines;
    twice.insert(twice.begin() + i, lines[i]);
    if (i < 4) expect_broken(twice, i + 2);
  }
  expect_broken({lines[0], lines[2], lines[1], lines[3], lines[4]}, 2);
}

TEST_F(AuditLogTest, ACutAtTheEndIsFound) {
  Append(0, 3);
  const std::string content = Content();
  const std::vector<std::string> lines = Lines();
  for (size_t size = 0; size < content.size(); size += 37) {
    SetContent(content.substr(0, size));
    EXPECT_THAT(VerifyAuditLog(path_), StatusIs(kDataLoss, HasSubstr("is missing"))) << size;
    EXPECT_THAT(AuditLog::Open(path_), StatusIs(kDataLoss, HasSubstr("cut or replaced"))) << size;
  }
}

TEST_F(AuditLogTest, AHeadThatIsGoneOrDamagedIsFound) {
  Append(0, 3);
  for (const std::string head : {"", "{}", "null", "{\"count\":-1,\"bytes\":0,\"hash\":\"\"}"}) {
    ASSERT_TRUE(base::WriteFileAtomically(path_ + ".head", head, base::Readers::kOwner).ok());
    EXPECT_THAT(VerifyAuditLog(path_), StatusIs(kDataLoss, HasSubstr("head"))) << head;
    EXPECT_THAT(AuditLog::Open(path_), StatusIs(kDataLoss, HasSubstr("head"))) << head;
  }
  std::filesystem::remove(path_ + ".head");
  EXPECT_THAT(VerifyAuditLog(path_), StatusIs(kDataLoss, HasSubstr("head")));
  EXPECT_THAT(AuditLog::Open(path_), StatusIs(kDataLoss, HasSubstr("head")));
}

TEST_F(AuditLogTest, ALogThatIsGoneIsFound) {
  Append(0, 3);
  std::filesystem::remove(path_);
  EXPECT_THAT(AuditLog::Open(path_), StatusIs(kDataLoss, HasSubstr("cut or replaced")));
}

TEST_F(AuditLogTest, AChainWrittenAnewIsToldByItsHead) {
  Append(0, 3);
  const std::string old_head = base::ReadFile(path_ + ".head").value();
  std::filesystem::remove(path_);
  std::filesystem::remove(path_ + ".head");
  const AuditHead forged = Append(7, 3);
  PARALLAX_EXPECT_OK(VerifyAuditLog(path_, forged));
  ASSERT_TRUE(base::WriteFileAtomically(path_ + ".head", old_head, base::Readers::kOwner).ok());
  EXPECT_THAT(VerifyAuditLog(path_), StatusIs(kDataLoss, HasSubstr("audit record 3: hash")));
}

TEST_F(AuditLogTest, AHeadKeptElsewhereTellsOfAFormerDayPutBack) {
  const AuditHead early = Append(0, 2);
  const std::string log = Content();
  const std::string head = base::ReadFile(path_ + ".head").value();
  const AuditHead late = Append(2, 2);
  PARALLAX_EXPECT_OK(VerifyAuditLog(path_, early));
  PARALLAX_EXPECT_OK(VerifyAuditLog(path_, late));
  SetContent(log);
  ASSERT_TRUE(base::WriteFileAtomically(path_ + ".head", head, base::Readers::kOwner).ok());
  PARALLAX_EXPECT_OK(VerifyAuditLog(path_));
  EXPECT_THAT(VerifyAuditLog(path_, late), StatusIs(kDataLoss, HasSubstr("record 3 is missing")));
  const AuditHead other = {.count = 1, .hash = early.hash};
  EXPECT_THAT(VerifyAuditLog(path_, other), StatusIs(kDataLoss, HasSubstr("audit record 1: hash")));
}

TEST_F(AuditLogTest, ALogThatIsOpenMustContainWhatItAppended) {
  Append(0, 2);
  const std::string log = Content();
  const std::string head = base::ReadFile(path_ + ".head").value();
  const std::unique_ptr<AuditLog> open = AuditLog::Open(path_).value();
  const std::vector<AuditEvent> events = {Denied(2), Denied(3)};
  PARALLAX_ASSERT_OK(open->Append(events));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, open->Verify(std::nullopt));
  EXPECT_EQ(report.confirmed, open->head());
  const AuditHead other = {.count = 1, .hash = open->head().hash};
  EXPECT_THAT(open->Verify(other), StatusIs(kDataLoss, HasSubstr("audit record 1: hash")));
  SetContent(log);
  ASSERT_TRUE(base::WriteFileAtomically(path_ + ".head", head, base::Readers::kOwner).ok());
  PARALLAX_EXPECT_OK(VerifyAuditLog(path_));
  EXPECT_THAT(open->Verify(std::nullopt), StatusIs(kDataLoss, HasSubstr("record 3 is missing")));
}

/// Lets no file of this process grow beyond `bytes`, as a full disk would, while it lives.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    former_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &former_), 0);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = former_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit former_ = {};
  void (*former_handler_)(int) = nullptr;
};

TEST_F(AuditLogTest, AFullDiskLeavesNothingAndGoesOnWhenThereIsRoom) {
  Append(0, 3);
  const std::string content = Content();
  const std::unique_ptr<AuditLog> log = AuditLog::Open(path_).value();
  const std::vector<AuditEvent> events = {Denied(3), Denied(4)};
  {
    const FullDisk full(content.size() + 500);
    EXPECT_THAT(log->Append(events), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(path_)));
  }
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(log->head().count, 3u);
  PARALLAX_ASSERT_OK(log->Append(events));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, VerifyAuditLog(path_));
  EXPECT_EQ(report.confirmed.count, 5u);
}

TEST_F(AuditLogTest, WhoseHeadCannotBeWrittenAppendsNoMore) {
  Append(0, 1);
  const std::unique_ptr<AuditLog> log = AuditLog::Open(path_).value();
  const std::string head = base::ReadFile(path_ + ".head").value();
  const std::vector<AuditEvent> events = {Denied(1)};
  std::filesystem::remove(path_ + ".head");
  std::filesystem::create_directories(path_ + ".head/in_the_way");
  EXPECT_THAT(log->Append(events), StatusIs(absl::StatusCode::kUnavailable));
  std::filesystem::remove_all(path_ + ".head");
  ASSERT_TRUE(base::WriteFileAtomically(path_ + ".head", head, base::Readers::kOwner).ok());
  EXPECT_THAT(log->Append(events), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(log->head().count, 1u);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, VerifyAuditLog(path_));
  EXPECT_EQ(report.unconfirmed_records, 1u);
}

/// A crash between the append and its head: `written` of the bytes of two more records are there.
class AuditCrashTest : public AuditLogTest {
 protected:
  void SetUp() override {
    AuditLogTest::SetUp();
    confirmed_ = Append(0, 2);
    before_ = Content();
    head_ = base::ReadFile(path_ + ".head").value();
    Append(2, 2);
    after_ = Content();
  }
  void Crash(const std::string& content) {
    SetContent(content);
    ASSERT_TRUE(base::WriteFileAtomically(path_ + ".head", head_, base::Readers::kOwner).ok());
  }

  AuditHead confirmed_;
  std::string before_;
  std::string after_;
  std::string head_;
};

TEST_F(AuditCrashTest, WholeRecordsAreKeptAndATornOneIsCutOff) {
  const size_t third = after_.find('\n', before_.size()) + 1;
  for (const size_t size : {before_.size(), before_.size() + 1, third - 1, third, third + 1,
                            after_.size() - 1, after_.size()}) {
    Crash(after_.substr(0, size));
    const uint64_t whole = size == after_.size() ? 2 : size >= third ? 1 : 0;
    const uint64_t torn = size - (whole == 2 ? after_.size() : whole == 1 ? third : before_.size());
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, VerifyAuditLog(path_));
    EXPECT_EQ(report.confirmed, confirmed_);
    EXPECT_EQ(report.unconfirmed_records, whole);
    EXPECT_EQ(report.torn_bytes, torn);
    {
      PARALLAX_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<AuditLog> log, AuditLog::Open(path_));
      EXPECT_EQ(log->recovery().kept_records, whole);
      EXPECT_EQ(log->recovery().discarded_bytes, torn);
      EXPECT_EQ(log->head().count, 2 + whole);
    }
    EXPECT_EQ(Append(9, 1).count, 3 + whole);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport mended, VerifyAuditLog(path_));
    EXPECT_EQ(mended.confirmed.count, 3 + whole);
  }
}

TEST_F(AuditCrashTest, BlocksThatNeverReachedTheDiskAreCutOff) {
  for (const std::string& tail :
       {std::string(5000, '\0'), std::string(5000, '\n'), std::string(20'000, 'a'),
        after_.substr(before_.size() + 1), std::string("{}\n")}) {
    Crash(before_ + tail);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport report, VerifyAuditLog(path_));
    EXPECT_EQ(report.torn_bytes, tail.size());
    EXPECT_EQ(Append(9, 1).count, 3u);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditReport mended, VerifyAuditLog(path_));
    EXPECT_EQ(mended.torn_bytes, 0u);
  }
}

TEST_F(AuditCrashTest, BetweenTheHeadAndTheFirstLogThereIsNothingToMend) {
  Crash(before_);
  std::filesystem::remove(path_);
  ASSERT_TRUE(base::WriteFileAtomically(
                  path_ + ".head",
                  absl::StrFormat(R"({"bytes":0,"count":0,"hash":"%s"})", std::string(64, '0')),
                  base::Readers::kOwner)
                  .ok());
  EXPECT_EQ(Append(0, 1).count, 1u);
}

}  // namespace
}  // namespace parallax::server::security
