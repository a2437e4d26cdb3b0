#include "server/security/authority.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <set>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/openssl.h"
#include "server/security/client_certificate.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kDay = absl::Hours(24);

/// What OpenSSL's own verifier is asked.
struct Question {
  std::string trusted_pem;
  int purpose = X509_PURPOSE_SSL_CLIENT;
  absl::Time now = kNow;
  std::string host;  // empty: not asked
  std::string address;
};

/// X509_V_OK, or why the verifier refuses the certificate.
int Verify(const std::string& pem, const Question& question) {
  using StorePtr = std::unique_ptr<X509_STORE, base::OpenSslFree<X509_STORE_free>>;
  using ContextPtr = std::unique_ptr<X509_STORE_CTX, base::OpenSslFree<X509_STORE_CTX_free>>;
  const base::X509Ptr leaf = base::ParseCertificate("leaf", pem).value();
  const base::X509Ptr trusted = base::ParseCertificate("trusted", question.trusted_pem).value();
  const StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), trusted.get());
  const ContextPtr context(X509_STORE_CTX_new());
  EXPECT_EQ(X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr), 1);
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(rules, question.purpose);
  X509_VERIFY_PARAM_set_time(rules, absl::ToTimeT(question.now));
  if (!question.host.empty()) X509_VERIFY_PARAM_set1_host(rules, question.host.c_str(), 0);
  if (!question.address.empty()) X509_VERIFY_PARAM_set1_ip_asc(rules, question.address.c_str());
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

class AuthorityTest : public ::testing::Test {
 protected:
  const KeyPair authority_ = MakeAuthority({}, kNow).value();
  const KeyPair rig_ = IssueRig(authority_, {.rig = "furnace-7"}, kNow).value();
  const KeyPair server_ =
      IssueServer(authority_, {.hosts = {"lab-pc.example", "10.0.0.7", "::1"}}, kNow).value();
  const std::string ca_ = authority_.certificate_pem;
};

TEST_F(AuthorityTest, ARigsCertificateIsItsClientsAlone) {
  EXPECT_EQ(Verify(rig_.certificate_pem, {.trusted_pem = ca_}), X509_V_OK);
  EXPECT_EQ(Verify(rig_.certificate_pem, {.trusted_pem = ca_, .purpose = X509_PURPOSE_SSL_SERVER}),
            X509_V_ERR_INVALID_PURPOSE);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Identity identity,
                                IdentityOfCertificate(rig_.certificate_pem));
  EXPECT_EQ(identity.name, "rigs/furnace-7");
}

TEST_F(AuthorityTest, TheServersIsForItsHostsAlone) {
  const auto ask = [&](std::string host, std::string address) {
    return Verify(server_.certificate_pem, {.trusted_pem = ca_,
                                            .purpose = X509_PURPOSE_SSL_SERVER,
                                            .host = std::move(host),
                                            .address = std::move(address)});
  };
  EXPECT_EQ(ask("lab-pc.example", ""), X509_V_OK);
  EXPECT_EQ(ask("", "10.0.0.7"), X509_V_OK);
  EXPECT_EQ(ask("", "::1"), X509_V_OK);
  EXPECT_EQ(ask("a.lab-pc.example", ""), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(ask("parallaxd", ""), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(ask("", "10.0.0.8"), X509_V_ERR_IP_ADDRESS_MISMATCH);
  EXPECT_EQ(Verify(server_.certificate_pem, {.trusted_pem = ca_}), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_THAT(IdentityOfCertificate(server_.certificate_pem),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("0 names")));
}

TEST_F(AuthorityTest, AForeignAuthorityIsNotBelievedThoughItHasTheSameName) {
  const KeyPair foreign = MakeAuthority({}, kNow).value();
  const KeyPair rig = IssueRig(foreign, {.rig = "furnace-7"}, kNow).value();
  EXPECT_EQ(Verify(rig.certificate_pem, {.trusted_pem = foreign.certificate_pem}), X509_V_OK);
  EXPECT_EQ(Verify(rig.certificate_pem, {.trusted_pem = ca_}),
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(AuthorityTest, CertificatesBeginAndEndWithTheClock) {
  const KeyPair rig = IssueRig(authority_, {.rig = "7", .lifetime = kDay}, kNow).value();
  const auto at = [&](absl::Time now) {
    return Verify(rig.certificate_pem, {.trusted_pem = ca_, .now = now});
  };
  EXPECT_EQ(at(kNow - kBackdated), X509_V_OK);
  EXPECT_EQ(at(kNow - kBackdated - absl::Seconds(1)), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(at(kNow + kDay - absl::Seconds(1)), X509_V_OK);
  EXPECT_EQ(at(kNow + kDay + absl::Seconds(1)), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(AuthorityTest, DatesBeyond2049AreWrittenAsOthers) {
  const absl::Time late = absl::FromCivil(absl::CivilSecond(2049, 12, 1), absl::UTCTimeZone());
  const KeyPair ca = MakeAuthority({}, late).value();
  const KeyPair rig = IssueRig(ca, {.rig = "7"}, late).value();
  EXPECT_EQ(
      Verify(rig.certificate_pem, {.trusted_pem = ca.certificate_pem, .now = late + 300 * kDay}),
      X509_V_OK);
  EXPECT_EQ(
      Verify(rig.certificate_pem, {.trusted_pem = ca.certificate_pem, .now = late + 366 * kDay}),
      X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(AuthorityTest, NoLeafOutlivesItsAuthority) {
  const KeyPair brief = MakeAuthority({.lifetime = kDay}, kNow).value();
  PARALLAX_EXPECT_OK(IssueRig(brief, {.rig = "7", .lifetime = kDay}, kNow));
  EXPECT_THAT(IssueRig(brief, {.rig = "7", .lifetime = kDay + absl::Seconds(1)}, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("<= 24h")));
  EXPECT_THAT(IssueRig(brief, {.rig = "7"}, kNow + 2 * kDay),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the authority has left")));
}

TEST_F(AuthorityTest, ALeafSignsNothing) {
  EXPECT_THAT(IssueRig(rig_, {.rig = "8"}, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("may sign others")));
}

TEST_F(AuthorityTest, KeyAndCertificateMustBelongTogether) {
  const KeyPair foreign = MakeAuthority({}, kNow).value();
  EXPECT_THAT(
      IssueRig({.certificate_pem = ca_, .key_pem = foreign.key_pem}, {.rig = "7"}, kNow),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a key of another certificate")));
  const std::string key = authority_.key_pem.substr(0, authority_.key_pem.size() / 2);
  EXPECT_THAT(IssueRig({.certificate_pem = ca_, .key_pem = key}, {.rig = "7"}, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("a private key in PEM"), Not(HasSubstr(key.substr(30))))));
}

TEST_F(AuthorityTest, KeysAreP256AndSerialsAreRandom) {
  std::set<std::string> serials;
  for (int i = 0; i < 20; ++i) {
    const KeyPair pair = IssueRig(authority_, {.rig = "7"}, kNow).value();
    const base::X509Ptr certificate = base::ParseCertificate("rig", pair.certificate_pem).value();
    const base::BignumPtr serial(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr));
    EXPECT_FALSE(BN_is_negative(serial.get()));
    EXPECT_LE(BN_num_bits(serial.get()), 159);
    EXPECT_GE(BN_num_bits(serial.get()), 100);
    char* const hex = BN_bn2hex(serial.get());
    serials.insert(hex);
    OPENSSL_free(hex);
    char group[32] = {};
    EXPECT_EQ(
        EVP_PKEY_get_group_name(X509_get0_pubkey(certificate.get()), group, sizeof group, nullptr),
        1);
    EXPECT_STREQ(group, "prime256v1");
  }
  EXPECT_EQ(serials.size(), 20u);
}

TEST_F(AuthorityTest, BadSpecsAreRefusedByField) {
  const auto field = [](const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    return base::FieldErrorOf(status).value_or(base::FieldError{}).field;
  };
  for (const std::string& name :
       {std::string(), std::string(65, 'a'), std::string("a\nb"), std::string("a\0b", 3)}) {
    EXPECT_EQ(field(MakeAuthority({.name = name}, kNow).status()), "name");
  }
  for (const absl::Duration lifetime :
       {absl::ZeroDuration(), -kDay, kMaxLifetime + kDay, absl::InfiniteDuration()}) {
    EXPECT_EQ(field(MakeAuthority({.lifetime = lifetime}, kNow).status()), "lifetime");
    EXPECT_EQ(field(IssueRig(authority_, {.rig = "7", .lifetime = lifetime}, kNow).status()),
              "lifetime");
  }
  for (const std::string& rig : {std::string(), std::string("a/b"), std::string("7,URI:x"),
                                 std::string("7\0", 2), std::string(64, 'a')}) {
    EXPECT_EQ(field(IssueRig(authority_, {.rig = rig}, kNow).status()), "rig");
  }
  for (const std::string& host :
       {std::string(), std::string("a..b"), std::string("-a"), std::string("a-"),
        std::string("*.example"), std::string("a b"), std::string("a,DNS:b"),
        std::string("10.0.0.256"), std::string("10.0.0.7\0", 9), std::string("a\0b", 3),
        std::string("http://a"), std::string("a:80"), std::string(64, 'a'), std::string("[::1]"),
        std::string("a.") + std::string(300, 'b')}) {
    EXPECT_EQ(field(IssueServer(authority_, {.hosts = {"ok", host}}, kNow).status()), "hosts[1]");
  }
  EXPECT_EQ(field(IssueServer(authority_, {}, kNow).status()), "hosts");
  EXPECT_EQ(
      field(IssueServer(authority_, {.hosts = std::vector<std::string>(65, "a")}, kNow).status()),
      "hosts");
}

}  // namespace
}  // namespace parallax::server::security
