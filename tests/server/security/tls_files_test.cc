#include "server/security/tls_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "core/base/file.h"
#include "server/security/certificate_folder.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

class TlsFilesTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    ASSERT_TRUE(InitAuthority(folder_, {}, kNow).ok());
    Issue(OnExisting::kRefuse);
  }
  void Issue(OnExisting on_existing) {
    PARALLAX_ASSERT_OK(IssueServerInto(folder_, {.hosts = {"localhost"}}, kNow, on_existing));
  }
  TlsPaths Paths() const {
    return {.certificate = folder_ + "/server.crt",
            .key = folder_ + "/server.key",
            .client_ca = folder_ + "/ca.crt"};
  }
  absl::StatusOr<std::unique_ptr<TlsFiles>> Open(const TlsPaths& paths) {
    return TlsFiles::Open(paths, [this](const absl::Status& s) { problems_.push_back(s); });
  }

  std::vector<absl::Status> problems_;
};

TEST_F(TlsFilesTest, RenewedFilesCountFromThenOn) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<TlsFiles> files, Open(Paths()));
  const std::shared_ptr<const TlsMaterial> first = files->Current();
  EXPECT_EQ(files->Current(), first) << "nothing is read again that did not change";
  Issue(OnExisting::kReplace);
  const std::shared_ptr<const TlsMaterial> second = files->Current();
  EXPECT_NE(second->certificate_pem, first->certificate_pem);
  EXPECT_EQ(second->certificate_pem, base::ReadFile(Paths().certificate).value());
  EXPECT_EQ(second->key_pem, base::ReadFile(Paths().key).value());
  EXPECT_TRUE(problems_.empty());
}

TEST_F(TlsFilesTest, WhatDoesNotFitLeavesTheOldOnesInForce) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<TlsFiles> files, Open(Paths()));
  const std::shared_ptr<const TlsMaterial> first = files->Current();
  const std::string key = base::ReadFile(Paths().key).value();
  Issue(OnExisting::kReplace);
  const std::string renewed = base::ReadFile(Paths().key).value();
  for (const std::string& broken : {key, std::string("garbage"), std::string()}) {
    PARALLAX_ASSERT_OK(base::WriteFileAtomically(Paths().key, broken, base::Readers::kOwner));
    EXPECT_EQ(files->Current(), first);
    EXPECT_EQ(files->Current(), first) << "and that is told once";
  }
  EXPECT_EQ(problems_.size(), 3u);
  PARALLAX_ASSERT_OK(base::WriteFileAtomically(Paths().key, renewed, base::Readers::kOwner));
  EXPECT_NE(files->Current(), first);
  EXPECT_EQ(problems_.size(), 3u);
}

TEST_F(TlsFilesTest, AKeyThatOthersMayReadIsNotUsed) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<TlsFiles> files, Open(Paths()));
  std::filesystem::permissions(Paths().key, std::filesystem::perms(0640));
  EXPECT_THAT(Open(Paths()), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("0640")));
  const std::shared_ptr<const TlsMaterial> first = files->Current();
  EXPECT_EQ(problems_.size(), 1u) << "the one in force stays, and it is told";
  EXPECT_NE(first, nullptr);
}

TEST_F(TlsFilesTest, OneFileMayHoldBoth) {
  TlsPaths paths = Paths();
  const std::string both =
      base::ReadFile(paths.key).value() + base::ReadFile(paths.certificate).value();
  paths.key = paths.certificate = folder_ + "/both.pem";
  PARALLAX_ASSERT_OK(base::WriteFileAtomically(paths.key, both, base::Readers::kOwner));
  PARALLAX_EXPECT_OK(Open(paths));
}

TEST_F(TlsFilesTest, WhatIsMissingOrNoPemIsNamed) {
  TlsPaths paths = Paths();
  paths.certificate = folder_ + "/none";
  EXPECT_THAT(Open(paths), StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none")));
  paths = Paths();
  paths.client_ca = Paths().key;
  EXPECT_THAT(Open(paths), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("client_ca")));
}

}  // namespace
}  // namespace parallax::server::security
