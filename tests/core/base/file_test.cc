#include "core/base/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

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

}  // namespace
}  // namespace parallax::base
