#include "core/base/file_lock.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "tests/support/status_matchers.h"

namespace parallax::base {
namespace {

using ::parallax::testing::IsOk;
using ::parallax::testing::StatusIs;

std::string LockPath(const std::string& name) {
  const std::string path = ::testing::TempDir() + "/file_lock_test_" + name;
  std::filesystem::remove(path);
  return path;
}

TEST(FileLock, KeepsASecondHolderOut) {
  const std::string path = LockPath("second");
  PARALLAX_ASSERT_OK_AND_ASSIGN(const FileLock held, FileLock::Acquire(path));
  EXPECT_THAT(FileLock::Acquire(path),
              StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::HasSubstr(path)));
}

TEST(FileLock, IsReleasedAtTheEndOfItsLife) {
  const std::string path = LockPath("released");
  { EXPECT_THAT(FileLock::Acquire(path), IsOk()); }
  EXPECT_THAT(FileLock::Acquire(path), IsOk());
}

TEST(FileLock, MovesWithItsOwner) {
  const std::string path = LockPath("moved");
  PARALLAX_ASSERT_OK_AND_ASSIGN(FileLock first, FileLock::Acquire(path));
  {
    const FileLock second = std::move(first);
    EXPECT_THAT(FileLock::Acquire(path), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_THAT(FileLock::Acquire(path), IsOk());
}

TEST(FileLock, AMissingFolderIsUnavailable) {
  EXPECT_THAT(FileLock::Acquire("/nonexistent/folder/lock"),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace parallax::base
