// OperationsService over the wire: copies of what is stored, and whether the audit log is whole.
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/store/check.h"
#include "core/store/sqlite_store.h"
#include "tests/core/store/fault_vfs.h"
#include "tests/server/gateway_fixture.h"

namespace parallax::server {
namespace {

namespace fs = std::filesystem;

constexpr char kBackup[] = "/parallax.v1.OperationsService/Backup";
constexpr size_t kMaxPartBytes = size_t{1} << 20;

class OperationsRpcTest : public GatewayTest {
 protected:
  /// A daemon with an audit log.
  void SetUp() override {
    options_.security.audit_log = audit_log_;
    GatewayTest::SetUp();
  }

  /// The bytes of a copy. Fails where its parts are not in order or not what they say.
  absl::StatusOr<std::string> Backup(const std::string& authorization = "") {
    grpc::ClientContext context;
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    auto reader = operations_->Backup(&context, v1::BackupRequest());
    std::vector<v1::BackupResponse> parts;
    for (v1::BackupResponse part; reader->Read(&part);) parts.push_back(part);
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return FromGrpc(status);
    return Joined(parts);
  }
  /// The same, once the call before has left the desk, which it does after its caller has its end.
  absl::StatusOr<std::string> BackupInTurn() {
    for (;;) {
      absl::StatusOr<std::string> bytes = Backup();
      if (!absl::IsResourceExhausted(bytes.status())) return bytes;
    }
  }
  static std::string Joined(const std::vector<v1::BackupResponse>& parts) {
    std::string bytes;
    if (parts.size() < 3) {
      ADD_FAILURE() << parts.size() << " parts";
      return bytes;
    }
    for (size_t i = 1; i + 1 < parts.size(); ++i) {
      EXPECT_TRUE(parts[i].has_data()) << i;
      EXPECT_LE(parts[i].data().size(), kMaxPartBytes);
      bytes += parts[i].data();
    }
    EXPECT_EQ(parts.front().total_bytes(), bytes.size());
    EXPECT_EQ(parts.back().sha256(), base::Sha256Hex(bytes));
    return bytes;
  }

  /// A data directory that holds a copy.
  std::string Restored(const std::string& bytes) {
    const std::string folder = restored_.path() + "/data";
    fs::create_directories(folder);
    std::ofstream(folder + "/parallax.db", std::ios::binary) << bytes;
    return folder;
  }

  bool HasUnfinishedCopy() const { return fs::exists(directory_.path() + "/backup.unfinished"); }
  /// Codes of the audit log's records of backups, in order.
  std::vector<std::string> RecordedBackups() const {
    std::vector<std::string> codes;
    std::ifstream lines(audit_log_);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(kBackup) == std::string::npos) continue;
      const size_t at = line.find("\"code\":\"") + 8;
      codes.push_back(line.substr(at, line.find('"', at) - at));
    }
    return codes;
  }

  absl::StatusOr<v1::VerifyAuditResponse> Verify(const v1::VerifyAuditRequest& request = {}) {
    return Call(*operations_, &v1::OperationsService::Stub::VerifyAudit, request);
  }

  TemporaryDirectory restored_;
  const std::string audit_log_ = directory_.path() + "/audit.log";
};

TEST_F(OperationsRpcTest, ACopyTakenWhileAStreamWritesIsASoundStoreOfOneMoment) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kRows));
  ASSERT_EQ(stream.AwaitAck(0).seq(), 0u);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (uint64_t seq = 1; !done; ++seq) {
      if (!stream.Send(BoardBatch(seq, kRows)) || stream.AwaitAck(seq).seq() != seq) return;
    }
  });
  const absl::StatusOr<std::string> bytes = Backup();
  done = true;
  writer.join();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_FALSE(HasUnfinishedCopy());
  EXPECT_EQ(RecordedBackups(), std::vector<std::string>{"OK"});
  const std::string folder = Restored(*bytes);
  const auto check = store::CheckStore(folder);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_TRUE(check->damages.empty()) << check->damages.front();
  EXPECT_GE(check->batches + check->chunks, 1);
  const auto opened = store::OpenSqliteStore({.directory = folder}, clock_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_GE((*opened)->OpenStream({"board", "one", "p", 0})->next_seq, 1u);
}

TEST_F(OperationsRpcTest, ALargeCopyComesInParts) {
  Ingest(/*batches=*/40, /*rows=*/2000);
  const absl::StatusOr<std::string> bytes = Backup();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_GT(bytes->size(), kMaxPartBytes);
}

TEST_F(OperationsRpcTest, OneIsMadeAtATimeAndCalledOffWhenItsCallerGoes) {
  store_->HoldCopies();
  grpc::ClientContext context;
  auto reader = operations_->Backup(&context, v1::BackupRequest());
  store_->WaitForHeldCopy();
  EXPECT_TRUE(HasUnfinishedCopy());
  EXPECT_TRUE(Verify().ok()) << "others are answered meanwhile";
  const absl::Status busy = Backup().status();
  EXPECT_TRUE(absl::IsResourceExhausted(busy)) << busy;
  EXPECT_EQ(DetailOf(busy)->field(), "backups under way");
  context.TryCancel();
  v1::BackupResponse part;
  EXPECT_FALSE(reader->Read(&part));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Still held: the copy that was called off makes room without being released.
  while (HasUnfinishedCopy()) std::this_thread::yield();
  store_->ReleaseCopies();
  const absl::StatusOr<std::string> next = BackupInTurn();
  EXPECT_TRUE(next.ok()) << next.status() << ": the place is free again";
  EXPECT_EQ(RecordedBackups(), (std::vector<std::string>{"CANCELLED", "OK"}));
}

TEST_F(OperationsRpcTest, ACopyDoesNotKeepTheDaemonFromEnding) {
  store_->HoldCopies();
  grpc::ClientContext context;
  auto reader = operations_->Backup(&context, v1::BackupRequest());
  store_->WaitForHeldCopy();
  daemon_->Drain();
  EXPECT_FALSE(HasUnfinishedCopy());
  v1::BackupResponse part;
  EXPECT_FALSE(reader->Read(&part));
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(OperationsRpcTest, AFullDiskRefusesTheCopyAndTheDaemonGoesOn) {
  store::InstallFaultVfs();
  Restart();
  store::SetDiskFault(store::DiskFault::kFull);
  const absl::Status full = Backup().status();
  store::SetDiskFault(store::DiskFault::kNone);
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  EXPECT_FALSE(HasUnfinishedCopy());
  EXPECT_TRUE(store_failures_.empty());
  Ingest(/*batches=*/1, kRows);
  EXPECT_TRUE(BackupInTurn().ok());
}

TEST_F(OperationsRpcTest, NobodyButAnAdminOfEveryRigIsGivenACopy) {
  options_.security.token_file = directory_.path() + "/tokens";
  const auto token = [this](security::Role role, const std::vector<std::string>& rigs) {
    return "Bearer " + security::AddToken(options_.security.token_file,
                                          {.label = "x", .role = role, .rigs = rigs}, clock_.Now(),
                                          security::SystemEntropy)
                           ->text;
  };
  const std::string admin = token(security::Role::kAdmin, {});
  const std::vector<std::string> others = {token(security::Role::kViewer, {}),
                                           token(security::Role::kOperator, {}),
                                           token(security::Role::kAdmin, {"board"})};
  Restart();
  EXPECT_TRUE(absl::IsUnauthenticated(Backup().status()));
  for (const std::string& other : others) {
    EXPECT_TRUE(absl::IsPermissionDenied(Backup(other).status()));
  }
  EXPECT_TRUE(Backup(admin).ok());
}

TEST_F(OperationsRpcTest, TheHttpPortStreamsACopyInGrpcWebAndRefusesItInJson) {
  const auto body = http::ParseGrpcWeb(Web(kBackup, "").body);
  ASSERT_TRUE(body.well_formed);
  EXPECT_EQ(body.trailers.at("grpc-status"), "0");
  std::vector<v1::BackupResponse> parts(body.messages.size());
  for (size_t i = 0; i < parts.size(); ++i) ASSERT_TRUE(parts[i].ParseFromString(body.messages[i]));
  EXPECT_FALSE(Joined(parts).empty());
  const http::HttpAnswer json = Json(kBackup, "{}");
  EXPECT_EQ(json.status, 501);
  EXPECT_NE(json.body.find("answers with a stream"), std::string::npos) << json.body;
}

TEST_F(OperationsRpcTest, AWholeAuditLogIsToldByItsHead) {
  ASSERT_TRUE(Backup().ok());
  const auto one = Verify();
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_FALSE(one->has_broken());
  EXPECT_EQ(one->head().count(), 1u);
  ASSERT_TRUE(BackupInTurn().ok());
  v1::VerifyAuditRequest kept;
  *kept.mutable_kept_head() = one->head();
  const auto two = Verify(kept);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->head().count(), 2u);
  EXPECT_FALSE(two->has_broken());
}

TEST_F(OperationsRpcTest, ABrokenAuditLogIsAnAnswerThatNamesTheRecord) {
  ASSERT_TRUE(Backup().ok());
  v1::VerifyAuditRequest other;
  other.mutable_kept_head()->set_count(1);
  other.mutable_kept_head()->set_hash(std::string(64, 'a'));
  const auto differs = Verify(other);
  ASSERT_TRUE(differs.ok()) << differs.status();
  EXPECT_FALSE(differs->has_head());
  EXPECT_NE(differs->broken().message().find("audit record 1: hash"), std::string::npos);
  EXPECT_EQ(differs->broken().detail().field(), "hash");
  std::string log = base::ReadFile(audit_log_).value();
  log.replace(log.find("ALLOWED"), 7, "DENIED!");
  std::ofstream(audit_log_) << log;
  const auto changed = Verify();
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_NE(changed->broken().message().find("audit record 1"), std::string::npos);
}

TEST_F(OperationsRpcTest, WhatCannotBeVerifiedIsRefused) {
  v1::VerifyAuditRequest request;
  request.mutable_kept_head()->set_hash(std::string(64, 'a'));
  EXPECT_EQ(DetailOf(Verify(request).status())->field(), "kept_head.count");
  request.mutable_kept_head()->set_count(1);
  request.mutable_kept_head()->set_hash("A");
  EXPECT_EQ(DetailOf(Verify(request).status())->field(), "kept_head.hash");
  options_.security.audit_log.clear();
  Restart();
  EXPECT_TRUE(absl::IsFailedPrecondition(Verify().status()));
}

}  // namespace
}  // namespace parallax::server
