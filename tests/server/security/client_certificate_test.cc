#include "server/security/client_certificate.h"

#include <gtest/gtest.h>

#include "core/base/field_error.h"
#include "server/security/authority.h"
#include "tests/server/security/fixture.h"
#include "tests/server/security/raw_certificate.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

RawName Uri(std::string text) { return {.kind = GEN_URI, .text = std::move(text)}; }

/// The identity of a certificate with these names, which must have been refused, and the field.
void ExpectRefused(const std::vector<std::vector<RawName>>& names, std::string_view field,
                   std::string_view message) {
  const absl::StatusOr<Identity> identity = IdentityOfCertificate(RawCertificate(names));
  EXPECT_THAT(identity, StatusIs(kUnauthenticated, HasSubstr(std::string(message))));
  ASSERT_TRUE(base::FieldErrorOf(identity.status()).has_value());
  EXPECT_EQ(base::FieldErrorOf(identity.status())->field, field);
}

TEST(ClientCertificateTest, TheUriNamesTheRig) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Identity identity,
      IdentityOfCertificate(RawCertificate({{Uri("parallax://rig/furnace-7.b_2")}})));
  EXPECT_EQ(identity.role, Role::kRig);
  EXPECT_EQ(identity.name, "rigs/furnace-7.b_2");
  EXPECT_EQ(identity.rigs, std::vector<std::string>{"furnace-7.b_2"});
}

TEST(ClientCertificateTest, OtherKindsOfNamesSayNothing) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Identity identity,
      IdentityOfCertificate(RawCertificate({{{GEN_DNS, "parallax://rig/8"},
                                             Uri("parallax://rig/7"),
                                             {GEN_EMAIL, "parallax://rig/9"}}})));
  EXPECT_EQ(identity.name, "rigs/7");
}

TEST(ClientCertificateTest, ExactlyOneUriIsAsked) {
  ExpectRefused({}, "certificate.uri", "0 names");
  ExpectRefused({{}}, "certificate.uri", "0 names");
  ExpectRefused({{{GEN_DNS, "rig7"}}}, "certificate.uri", "0 names");
  ExpectRefused({{Uri("parallax://rig/7"), Uri("parallax://rig/8")}}, "certificate.uri", "2 names");
  ExpectRefused({{Uri("parallax://rig/7"), Uri("parallax://rig/7")}}, "certificate.uri", "2 names");
  ExpectRefused({{Uri("parallax://rig/7"), Uri("https://a.example")}}, "certificate.uri",
                "2 names");
}

TEST(ClientCertificateTest, AnExtensionThatStandsTwiceCountsAsNone) {
  ExpectRefused({{Uri("parallax://rig/7")}, {Uri("parallax://rig/8")}}, "certificate.uri",
                "0 names");
}

TEST(ClientCertificateTest, OnlyARigsUriNamesARig) {
  for (const std::string& uri : std::vector<std::string>{"",
                                                         "parallax://rig/",
                                                         "parallax://rig",
                                                         "parallax:rig/7",
                                                         "PARALLAX://rig/7",
                                                         "parallax://RIG/7",
                                                         "spiffe://rig/7",
                                                         "parallax://rigs/7",
                                                         "parallax://rig:1/7",
                                                         "parallax://a@rig/7",
                                                         "parallax://rig/7/8",
                                                         "parallax://rig/7/",
                                                         "parallax://rig//7",
                                                         "parallax://rig/7?a",
                                                         "parallax://rig/7#a",
                                                         "parallax://rig/%37",
                                                         " parallax://rig/7",
                                                         "parallax://rig/7 ",
                                                         "parallax://rig/7\n",
                                                         "parallax://rig/\xc3\xa9",
                                                         "7",
                                                         "parallax://rig/" + std::string(64, 'a'),
                                                         std::string(40'000, 'a')}) {
    ExpectRefused({{Uri(uri)}}, "certificate.uri", "must be parallax://rig/{rig}");
  }
}

TEST(ClientCertificateTest, ANullByteEndsNoName) {
  ExpectRefused({{Uri(std::string("parallax://rig/7\0", 17))}}, "certificate.uri", "rig/7?");
  ExpectRefused({{Uri(std::string("parallax://rig/7\0.evil", 22))}}, "certificate.uri",
                "rig/7?.evil");
  ExpectRefused({{Uri(std::string("\0parallax://rig/7", 17))}}, "certificate.uri", "?parallax");
}

TEST(ClientCertificateTest, OneCertificateInPemIsAsked) {
  const std::string good = RawCertificate({{Uri("parallax://rig/7")}});
  PARALLAX_ASSERT_OK(IdentityOfCertificate(good));
  EXPECT_THAT(IdentityOfCertificate(good + good), StatusIs(kUnauthenticated, HasSubstr("several")));
  EXPECT_THAT(IdentityOfCertificate(std::string(base::kMaxPemBytes, '\n') + good),
              StatusIs(kUnauthenticated, HasSubstr("bytes")));
  for (const std::string& pem :
       {std::string(), std::string("parallax://rig/7"), std::string(1000, '\0'),
        good.substr(0, good.size() / 2), good.substr(30),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    EXPECT_THAT(IdentityOfCertificate(pem), StatusIs(kUnauthenticated, HasSubstr("none")));
  }
}

TEST(ClientCertificateTest, DamagedBytesAreRefusedOrNameOneRig) {
  const std::string good = RawCertificate({{Uri("parallax://rig/7")}});
  for (size_t i = 0; i < good.size(); ++i) {
    std::string damaged = good;
    damaged[i] ^= 0x15;
    const absl::StatusOr<Identity> identity = IdentityOfCertificate(damaged);
    // Who signed is TLS's matter, so a change elsewhere goes unseen; one in the URI is another
    // rig's.
    if (identity.ok()) {
      EXPECT_EQ(identity->rigs.size(), 1u) << i;
    } else {
      EXPECT_THAT(identity, StatusIs(kUnauthenticated)) << i;
    }
  }
}

class VerifyClientCertificateTest : public ::testing::Test {
 protected:
  static absl::Status Verify(const KeyPair& pair, const KeyPair& authority, absl::Time now = kNow) {
    return VerifyClientCertificate(pair.certificate_pem, pair.certificate_pem,
                                   authority.certificate_pem, now);
  }

  const KeyPair authority_ = MakeAuthority({}, kNow).value();
  const KeyPair rig_ = IssueRig(authority_, {.rig = "7"}, kNow).value();
};

TEST_F(VerifyClientCertificateTest, WhoSendsNothingBesideItIsJudgedByItAlone) {
  PARALLAX_EXPECT_OK(
      VerifyClientCertificate(rig_.certificate_pem, "", authority_.certificate_pem, kNow));
  const KeyPair foreign = MakeAuthority({.name = "another"}, kNow).value();
  EXPECT_THAT(VerifyClientCertificate(rig_.certificate_pem, "", foreign.certificate_pem, kNow),
              StatusIs(kUnauthenticated, HasSubstr("unable to get local issuer certificate")));
}

TEST_F(VerifyClientCertificateTest, TheAuthoritysOwnIsGoodForItsTime) {
  PARALLAX_EXPECT_OK(Verify(rig_, authority_));
  PARALLAX_EXPECT_OK(Verify(rig_, authority_, kNow + absl::Hours(24 * 364)));
  EXPECT_THAT(Verify(rig_, authority_, kNow + absl::Hours(24 * 366)),
              StatusIs(kUnauthenticated, HasSubstr("expired")));
  EXPECT_THAT(Verify(rig_, authority_, kNow - absl::Hours(1)),
              StatusIs(kUnauthenticated, HasSubstr("not yet valid")));
}

TEST_F(VerifyClientCertificateTest, OneOfAnotherAuthorityOrUseIsRefused) {
  const KeyPair other = MakeAuthority({}, kNow).value();
  EXPECT_THAT(Verify(IssueRig(other, {.rig = "7"}, kNow).value(), authority_),
              StatusIs(kUnauthenticated));
  EXPECT_THAT(Verify(IssueServer(authority_, {.hosts = {"a"}}, kNow).value(), authority_),
              StatusIs(kUnauthenticated, HasSubstr("purpose")));
  EXPECT_THAT(VerifyClientCertificate(RawCertificate({{Uri("parallax://rig/7")}}),
                                      RawCertificate({}), authority_.certificate_pem, kNow),
              StatusIs(kUnauthenticated));
}

TEST_F(VerifyClientCertificateTest, AnAuthorityAmongThoseIsEnough) {
  const KeyPair other = MakeAuthority({}, kNow).value();
  PARALLAX_EXPECT_OK(VerifyClientCertificate(rig_.certificate_pem, rig_.certificate_pem,
                                             other.certificate_pem + authority_.certificate_pem,
                                             kNow));
}

TEST(RigUriTest, IsReadBack) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string rig, ParseRigUri(RigUri("a.b-C_9")));
  EXPECT_EQ(rig, "a.b-C_9");
}

}  // namespace
}  // namespace parallax::server::security
