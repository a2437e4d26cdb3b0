#include "server/security/token_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/file_lock.h"
#include "tests/server/security/fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenFileTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    path_ = folder_ + "/tokens.json";
  }

  NewToken Add(Role role) {
    return AddToken(path_, {.label = "x", .role = role}, kNow, SystemEntropy).value();
  }
  static std::string Header(const NewToken& token) { return "Bearer " + token.text; }

  std::string path_;
  ::parallax::testing::FakeClock clock_{kNow};
};

TEST_F(TokenFileTest, TokensAreAddedWhileItIsInUse) {
  const NewToken first = Add(Role::kViewer);
  TokenFile file(path_, clock_);
  PARALLAX_EXPECT_OK(file.Verify(Header(first)));
  const NewToken second = Add(Role::kAdmin);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Identity identity, file.Verify(Header(second)));
  EXPECT_EQ(identity.role, Role::kAdmin);
  PARALLAX_EXPECT_OK(file.Verify(Header(first)));
}

TEST_F(TokenFileTest, RevokingRefusesTheVeryNextCall) {
  TokenFile file(path_, clock_);
  for (int i = 0; i < 50; ++i) {
    const NewToken token = Add(Role::kViewer);
    PARALLAX_ASSERT_OK(file.Verify(Header(token)));
    PARALLAX_ASSERT_OK(RevokeToken(path_, token.record.id, kNow));
    ASSERT_THAT(file.Verify(Header(token)), StatusIs(kUnauthenticated, HasSubstr("revoked")));
  }
}

TEST_F(TokenFileTest, AFileThatOthersMayReadLetsNobodyInUntilItIsMended) {
  const NewToken token = Add(Role::kViewer);
  TokenFile file(path_, clock_);
  PARALLAX_ASSERT_OK(file.Verify(Header(token)));
  std::filesystem::permissions(path_, std::filesystem::perms(0644));
  EXPECT_THAT(file.Verify(Header(token)),
              StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr(path_))));
  EXPECT_THAT(file.Check(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("mode of " + path_ + " = 0644")));
  std::filesystem::permissions(path_, std::filesystem::perms(0600));
  PARALLAX_EXPECT_OK(file.Verify(Header(token)));
}

TEST_F(TokenFileTest, AMissingOrDamagedFileLetsNobodyIn) {
  const NewToken token = Add(Role::kViewer);
  TokenFile file(path_, clock_);
  PARALLAX_ASSERT_OK(file.Check());
  PARALLAX_ASSERT_OK(base::WriteFileAtomically(path_, "{", base::Readers::kOwner));
  EXPECT_THAT(file.Verify(Header(token)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(file.Check(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path_)));
  std::filesystem::remove(path_);
  EXPECT_THAT(file.Verify(Header(token)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(file.Check(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TokenFileTest, ADamagedFileIsNotWrittenOver) {
  PARALLAX_ASSERT_OK(base::WriteFileAtomically(path_, "{", base::Readers::kOwner));
  EXPECT_THAT(AddToken(path_, {.label = "x"}, kNow, SystemEntropy),
              StatusIs(absl::StatusCode::kInvalidArgument));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string content, base::ReadFile(path_));
  EXPECT_EQ(content, "{");
}

TEST_F(TokenFileTest, OneProcessChangesItAtATime) {
  const NewToken token = Add(Role::kViewer);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const base::FileLock lock,
                                base::FileLock::Acquire(path_ + ".lock"));
  EXPECT_THAT(RevokeToken(path_, token.record.id, kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("locked")));
}

TEST_F(TokenFileTest, IsTheOwnersAlone) {
  Add(Role::kViewer);
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0600));
}

}  // namespace
}  // namespace parallax::server::security
