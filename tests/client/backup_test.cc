#include "client/lib/backup.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/sha256.h"
#include "parallax/v1/operations.grpc.pb.h"
#include "tests/support/status_matchers.h"

namespace parallax::client {
namespace {

namespace fs = std::filesystem;
using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

/// Sends the parts that a test gives it, and ends with its status.
class FakeOperations final : public v1::OperationsService::Service {
 public:
  grpc::Status Backup(grpc::ServerContext*, const v1::BackupRequest*,
                      grpc::ServerWriter<v1::BackupResponse>* writer) override {
    for (const v1::BackupResponse& part : parts) writer->Write(part);
    return end;
  }

  std::vector<v1::BackupResponse> parts;
  grpc::Status end;
};

class BackupTest : public ::testing::Test {
 public:
  ~BackupTest() override { fs::remove_all(folder_); }

 protected:
  BackupTest() : folder_(::testing::TempDir() + "take_backup") {
    fs::remove_all(folder_);
    grpc::ServerBuilder builder;
    builder.RegisterService(&operations_);
    server_ = builder.BuildAndStart();
    client_ = std::make_unique<Client>(server_->InProcessChannel({}), absl::Seconds(60));
  }

  /// The daemon sends `data` as it should, one byte a part.
  void Send(const std::string& data) {
    operations_.parts.resize(data.size() + 2);
    operations_.parts.front().set_total_bytes(data.size());
    for (size_t i = 0; i < data.size(); ++i) operations_.parts[i + 1].set_data(data.substr(i, 1));
    operations_.parts.back().set_sha256(base::Sha256Hex(data));
  }
  absl::StatusOr<TakenBackup> Take() { return TakeBackup(*client_, folder_, nullptr); }
  /// Whether the folder is as it was before it was taken into: not there.
  bool NothingIsLeft() const { return !fs::exists(folder_); }

  const std::string folder_;
  FakeOperations operations_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(BackupTest, TheFileIsWhatWasSentAndItsOwnersAlone) {
  Send("all that is stored");
  std::vector<uint64_t> told;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const TakenBackup taken,
                                TakeBackup(*client_, folder_, [&](const BackupProgress& progress) {
                                  EXPECT_EQ(progress.total_bytes, 18u);
                                  told.push_back(progress.bytes);
                                }));
  EXPECT_EQ(taken.bytes, 18u);
  EXPECT_EQ(taken.sha256, base::Sha256Hex("all that is stored"));
  EXPECT_EQ(told.front(), 0u);
  EXPECT_EQ(told.back(), 18u);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string bytes,
                                base::ReadPrivateFile(folder_ + "/parallax.db", 100));
  EXPECT_EQ(bytes, "all that is stored");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(BackupTest, WhatIsNotWhatWasSentIsNoCopy) {
  Send("bytes");
  operations_.parts[2].set_data("x");
  EXPECT_THAT(Take(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("sha256 of the copy")));
  EXPECT_TRUE(NothingIsLeft());
  Send("bytes");
  operations_.parts.pop_back();
  EXPECT_THAT(Take(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("told by the daemon")));
  EXPECT_TRUE(NothingIsLeft());
  Send("bytes");
  operations_.parts.front().set_total_bytes(4);
  EXPECT_THAT(Take(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("bytes of the copy")));
  EXPECT_TRUE(NothingIsLeft());
}

TEST_F(BackupTest, AStreamThatBreaksLeavesNothing) {
  Send("bytes");
  operations_.parts.resize(3);
  operations_.end = {grpc::StatusCode::UNAVAILABLE, "the daemon ends"};
  EXPECT_THAT(Take(), StatusIs(absl::StatusCode::kUnavailable, "the daemon ends"));
  EXPECT_TRUE(NothingIsLeft());
  fs::create_directories(folder_);
  EXPECT_THAT(Take(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(fs::is_empty(folder_)) << "which was there before, and stays";
}

TEST_F(BackupTest, ACopyThatNoDiskHoldsIsRefusedBeforeItsFirstByte) {
  Send("bytes");
  operations_.parts.front().set_total_bytes(uint64_t{1} << 60);
  EXPECT_THAT(Take(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("free space in")));
  EXPECT_TRUE(NothingIsLeft());
}

TEST_F(BackupTest, NothingIsReplaced) {
  Send("bytes");
  PARALLAX_ASSERT_OK(Take());
  EXPECT_THAT(Take(), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("TARGET = ")));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string bytes, base::ReadFile(folder_ + "/parallax.db"));
  EXPECT_EQ(bytes, "bytes");
}

TEST_F(BackupTest, WhoIsInterruptedLeavesNothing) {
  Send("bytes");
  const auto taken = TakeBackup(*client_, folder_, [&](const BackupProgress& progress) {
    if (progress.bytes != 3) return;
    EXPECT_FALSE(fs::is_empty(folder_));
    RemoveUnfinishedBackup();
    EXPECT_TRUE(NothingIsLeft());
  });
  EXPECT_FALSE(taken.ok()) << "a file without a name gets none";
  RemoveUnfinishedBackup();  // of nothing: does nothing
}

}  // namespace
}  // namespace parallax::client
