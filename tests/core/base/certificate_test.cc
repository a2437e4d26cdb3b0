#include "core/base/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/security/authority.h"

namespace parallax::base {
namespace {

namespace security = server::security;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kMade = absl::FromUnixSeconds(1'700'000'000);

class CertificateTest : public ::testing::Test {
 protected:
  static X509Ptr Parse(const security::KeyPair& pair) {
    return ParseCertificate("test", pair.certificate_pem).value();
  }
  int Verify(const ChainQuestion& question) const {
    std::vector<X509Ptr> trusted;
    trusted.push_back(Parse(authority_));
    return VerifyChain(*rig_, {}, *StoreOf(trusted), question);
  }

  const security::KeyPair authority_ = security::MakeAuthority({.name = "CA~"}, kMade).value();
  const X509Ptr rig_ = Parse(security::IssueRig(authority_, {.rig = "7"}, kMade).value());
  const X509Ptr server_ =
      Parse(security::IssueServer(authority_, {.hosts = {"lab-pc", "10.0.0.7", "fe80::1"}}, kMade)
                .value());
};

TEST_F(CertificateTest, SaysWhoseItIs) {
  EXPECT_EQ(SubjectOf(*server_), "CN=parallaxd");
  EXPECT_EQ(IssuerOf(*server_), "CN=CA~");
  EXPECT_THAT(HostsOf(*server_), ElementsAre("lab-pc", "10.0.0.7", "fe80::1"));
  EXPECT_THAT(UrisOf(*server_), IsEmpty());
  EXPECT_THAT(UrisOf(*rig_), ElementsAre("parallax://rig/7"));
  EXPECT_THAT(HostsOf(*rig_), IsEmpty());
}

TEST_F(CertificateTest, SaysForHowLong) {
  const Validity validity = ValidityOf(*rig_).value();
  EXPECT_EQ(validity.begin, kMade - security::kBackdated);
  EXPECT_EQ(validity.end, kMade + absl::Hours(24 * 365));
}

TEST_F(CertificateTest, DatesCountWhereATimeIsGiven) {
  const absl::Time later = kMade + absl::Hours(24 * 366);
  EXPECT_EQ(Verify({.now = kMade}), X509_V_OK);
  EXPECT_EQ(Verify({.now = later}), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(Verify({}), X509_V_OK);  // the machine's clock is years past its end
  EXPECT_EQ(Verify({.purpose = X509_PURPOSE_SSL_SERVER}), X509_V_ERR_INVALID_PURPOSE);
}

}  // namespace
}  // namespace parallax::base
