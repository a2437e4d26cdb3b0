#include "server/security/certificate_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>

#include "core/base/file.h"
#include "server/security/client_certificate.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

class CertificateFolderTest : public FolderTest {
 protected:
  int64_t Files() {
    const std::filesystem::directory_iterator files(folder_);
    return std::distance(begin(files), end(files));
  }
};

TEST_F(CertificateFolderTest, HoldsALabsCertificatesForTheirOwnerAlone) {
  PARALLAX_ASSERT_OK(InitAuthority(folder_, {}, kNow));
  PARALLAX_ASSERT_OK(
      IssueServerInto(folder_, {.hosts = {"localhost", "127.0.0.1"}}, kNow, OnExisting::kRefuse));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const KeyPairPaths rig,
                                IssueRigInto(folder_, {.rig = "7"}, kNow, OnExisting::kRefuse));
  EXPECT_EQ(rig.certificate, folder_ + "/rig-7.crt");
  EXPECT_EQ(rig.key, folder_ + "/rig-7.key");
  for (const std::string name :
       {"ca.crt", "ca.key", "server.crt", "server.key", "rig-7.crt", "rig-7.key"}) {
    PARALLAX_EXPECT_OK(base::ReadPrivateFile(folder_ + "/" + name, 10'000)) << name;
  }
  EXPECT_EQ(Files(), 6);
  PARALLAX_EXPECT_OK(IdentityOfCertificate(base::ReadFile(rig.certificate).value()));
}

TEST_F(CertificateFolderTest, NothingIsWrittenOver) {
  PARALLAX_ASSERT_OK(InitAuthority(folder_, {}, kNow));
  const std::string key = base::ReadFile(folder_ + "/ca.key").value();
  EXPECT_THAT(InitAuthority(folder_, {}, kNow),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("ca.crt exists already")));
  std::filesystem::remove(folder_ + "/ca.crt");
  EXPECT_THAT(InitAuthority(folder_, {}, kNow),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("ca.key exists already")));
  EXPECT_EQ(base::ReadFile(folder_ + "/ca.key").value(), key);
  EXPECT_EQ(Files(), 1) << "of a pair that cannot be written whole, nothing stays";
}

TEST_F(CertificateFolderTest, APairIsRenewedWhereThatIsSaid) {
  PARALLAX_ASSERT_OK(InitAuthority(folder_, {}, kNow));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const KeyPairPaths rig,
                                IssueRigInto(folder_, {.rig = "7"}, kNow, OnExisting::kRefuse));
  const std::string before = base::ReadFile(rig.key).value();
  EXPECT_THAT(IssueRigInto(folder_, {.rig = "7"}, kNow, OnExisting::kRefuse),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(base::ReadFile(rig.key).value(), before);
  PARALLAX_ASSERT_OK(IssueRigInto(folder_, {.rig = "7"}, kNow, OnExisting::kReplace));
  EXPECT_NE(base::ReadPrivateFile(rig.key, 10'000).value(), before);
  EXPECT_EQ(Files(), 4);
}

TEST_F(CertificateFolderTest, WithoutAnAuthorityNothingIsIssued) {
  EXPECT_THAT(IssueRigInto(folder_, {.rig = "7"}, kNow, OnExisting::kRefuse),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("ca.crt")));
  EXPECT_EQ(Files(), 0);
}

TEST_F(CertificateFolderTest, AnAuthoritysKeyThatOthersMayReadIsRefused) {
  PARALLAX_ASSERT_OK(InitAuthority(folder_, {}, kNow));
  std::filesystem::permissions(folder_ + "/ca.key", std::filesystem::perms(0640));
  EXPECT_THAT(IssueRigInto(folder_, {.rig = "7"}, kNow, OnExisting::kRefuse),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ca.key = 0640")));
}

}  // namespace
}  // namespace parallax::server::security
