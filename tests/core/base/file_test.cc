#include "core/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "tests/support/status_matchers.h"

namespace parallax::base {
namespace {

using ::parallax::testing::StatusIs;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/file_test_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  std::string content(200'000, 'x');
  content[1] = '\0';
  content[70'000] = '\n';
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", content));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder_ + "/f"));
  EXPECT_EQ(read, content);
}

TEST_F(FileTest, ReplacesAndLeavesNoTemporaryFile) {
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "old"));
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "new"));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder_ + "/f"));
  EXPECT_EQ(read, "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, WritesAnEmptyFile) {
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", ""));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder_ + "/f"));
  EXPECT_EQ(read, "");
}

TEST_F(FileTest, AMissingFileIsNotFound) {
  EXPECT_THAT(ReadFile(folder_ + "/none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FileTest, AFolderCannotBeRead) {
  EXPECT_THAT(ReadFile(folder_), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(FileTest, WritingIntoAMissingFolderFailsWithItsName) {
  EXPECT_THAT(WriteFileAtomically(folder_ + "/none/f", "x"),
              StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr("none/f")));
}

TEST_F(FileTest, ASecretIsNobodyElsesFromTheFirstByteOn) {
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "old"));
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "secret", Readers::kOwner));
  EXPECT_EQ(std::filesystem::status(folder_ + "/f").permissions(), std::filesystem::perms(0600));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string read, ReadPrivateFile(folder_ + "/f", 6));
  EXPECT_EQ(read, "secret");
}

TEST_F(FileTest, ATemporaryFileLeftBehindLendsItsModeToNothing) {
  const std::string left = absl::StrFormat("%s/f.%d.tmp", folder_, getpid());
  PARALLAX_ASSERT_OK(WriteFileAtomically(left, "left"));
  std::filesystem::permissions(left, std::filesystem::perms(0666));
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "secret", Readers::kOwner));
  PARALLAX_EXPECT_OK(ReadPrivateFile(folder_ + "/f", 100));
}

TEST_F(FileTest, ANewFileReplacesNothing) {
  PARALLAX_ASSERT_OK(WriteNewFile(folder_ + "/f", "first", Readers::kOwner));
  EXPECT_THAT(WriteNewFile(folder_ + "/f", "second"),
              StatusIs(absl::StatusCode::kAlreadyExists, folder_ + "/f exists already"));
  std::filesystem::create_symlink(folder_ + "/nowhere", folder_ + "/link");
  EXPECT_THAT(WriteNewFile(folder_ + "/link", "x"), StatusIs(absl::StatusCode::kAlreadyExists));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string read, ReadPrivateFile(folder_ + "/f", 100));
  EXPECT_EQ(read, "first");
  const std::filesystem::directory_iterator files(folder_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 2);
}

TEST_F(FileTest, ASecretThatOthersMayUseIsRefusedWithItsMode) {
  const std::string path = folder_ + "/key.pem";
  PARALLAX_ASSERT_OK(WriteFileAtomically(path, "secret", Readers::kOwner));
  for (const auto& [mode, said] :
       {std::pair{0640, "0640"}, std::pair{0604, "0604"}, std::pair{0620, "0620"},
        std::pair{0602, "0602"}, std::pair{0610, "0610"}, std::pair{0601, "0601"}}) {
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    EXPECT_THAT(
        ReadPrivateFile(path, 100),
        StatusIs(absl::StatusCode::kFailedPrecondition,
                 absl::StrFormat("mode of %s = %s, must be 0600 or 0400: it holds a secret; "
                                 "chmod 600 %s",
                                 path, said, path)));
  }
  std::filesystem::permissions(path, std::filesystem::perms(0400));
  PARALLAX_EXPECT_OK(ReadPrivateFile(path, 100));
}

TEST_F(FileTest, ASecretIsReadFromRegularFilesAlone) {
  ASSERT_EQ(mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  std::filesystem::create_directory(folder_ + "/folder");
  std::filesystem::permissions(folder_ + "/folder", std::filesystem::perms(0700));
  for (const std::string& path :
       {folder_ + "/pipe", folder_ + "/folder", std::string("/dev/null")}) {
    EXPECT_THAT(ReadPrivateFile(path, 100), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                     ::testing::HasSubstr("mode of " + path)));
  }
  EXPECT_THAT(ReadPrivateFile(folder_ + "/none", 100), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FileTest, ALinkToASecretIsJudgedByTheSecret) {
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "secret", Readers::kOwner));
  std::filesystem::create_symlink(folder_ + "/f", folder_ + "/link");
  PARALLAX_EXPECT_OK(ReadPrivateFile(folder_ + "/link", 100));
  std::filesystem::permissions(folder_ + "/f", std::filesystem::perms(0644));
  EXPECT_THAT(ReadPrivateFile(folder_ + "/link", 100),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileTest, ANewFileHasItsNameOnceItIsWhole) {
  const std::string path = folder_ + "/f";
  PARALLAX_ASSERT_OK_AND_ASSIGN(const auto file, NewFile::Create(path, Readers::kOwner));
  PARALLAX_ASSERT_OK(file->Append("one, "));
  PARALLAX_ASSERT_OK(file->Append("two"));
  EXPECT_THAT(ReadFile(path), StatusIs(absl::StatusCode::kNotFound));
  PARALLAX_ASSERT_OK(file->Finish());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string read, ReadPrivateFile(path, 100));
  EXPECT_EQ(read, "one, two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, ANewFileThatIsNotFinishedIsGone) {
  {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const auto file,
                                  NewFile::Create(folder_ + "/f", Readers::kOwner));
    PARALLAX_ASSERT_OK(file->Append("one"));
    EXPECT_THAT(NewFile::Create(folder_ + "/f", Readers::kOwner),
                StatusIs(absl::StatusCode::kAlreadyExists))
        << "somebody writes it";
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(FileTest, WhatIsFinishedReplacesNothing) {
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "old"));
  {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const auto file,
                                  NewFile::Create(folder_ + "/f", Readers::kOwner));
    EXPECT_THAT(file->Finish(), StatusIs(absl::StatusCode::kAlreadyExists));
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder_ + "/f"));
  EXPECT_EQ(read, "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, AnEmptyDirectoryIsMadeOrTakenAndAFullOneRefused) {
  PARALLAX_EXPECT_OK(MakeEmptyDirectory(folder_ + "/a/b", "DIR"));
  PARALLAX_EXPECT_OK(MakeEmptyDirectory(folder_ + "/a/b", "DIR"));
  EXPECT_THAT(MakeEmptyDirectory(folder_ + "/a", "DIR"),
              StatusIs(absl::StatusCode::kAlreadyExists, ::testing::HasSubstr("DIR = ")));
}

TEST_F(FileTest, ASecretOfAnotherUserIsRefused) {
  const std::string path = folder_ + "/f";
  PARALLAX_ASSERT_OK(WriteFileAtomically(path, "secret", Readers::kOwner));
  if (chown(path.c_str(), 4711, 4711) != 0) GTEST_SKIP() << "only root gives files away";
  EXPECT_THAT(ReadPrivateFile(path, 100), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                   ::testing::HasSubstr("owner of " + path)));
}

TEST_F(FileTest, ASecretLongerThanExpectedIsRefused) {
  PARALLAX_ASSERT_OK(WriteFileAtomically(folder_ + "/f", "secret", Readers::kOwner));
  EXPECT_THAT(ReadPrivateFile(folder_ + "/f", 5),
              StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::HasSubstr("<= 5 bytes")));
}

}  // namespace
}  // namespace parallax::base
