#include "client/lib/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/time/clock.h"
#include "core/base/file.h"
#include "server/security/certificate_folder.h"
#include "tests/support/status_matchers.h"

namespace parallax::client {
namespace {

using ::parallax::testing::StatusIs;
using server::security::KeyPairPaths;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr char kToken[] = "parallax_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
constexpr char kHere[] = "127.0.0.1:50051";
constexpr char kElsewhere[] = "lab-pc.example:50051";

class CredentialsTest : public ::testing::Test {
 public:
  ~CredentialsTest() override { fs::remove_all(folder_); }

 protected:
  CredentialsTest() : folder_(::testing::TempDir() + "credentials") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  std::string Write(const std::string& name, const std::string& text,
                    fs::perms mode = fs::perms(0600)) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    fs::permissions(path, mode);
    return path;
  }

  /// A certificate of that rig, and its key.
  KeyPairPaths Issue(const std::string& rig) {
    const absl::Time now = absl::Now();
    if (!fs::exists(folder_ + "/ca.crt")) {
      EXPECT_TRUE(server::security::InitAuthority(folder_, {}, now).ok());
    }
    return server::security::IssueRigInto(folder_, {.rig = rig}, now,
                                          server::security::OnExisting::kRefuse)
        .value();
  }

  std::string folder_;
};

TEST_F(CredentialsTest, NothingNamedIsPlainTextWithoutAToken) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Credentials credentials, ReadCredentials({}, kElsewhere));
  EXPECT_EQ(credentials.transport, Transport::kPlainText);
  EXPECT_EQ(credentials.token, "");
}

TEST_F(CredentialsTest, AnyFileOfTlsTurnsItOn) {
  const KeyPairPaths rig = Issue("7");
  const CredentialPaths paths = {.tls_ca = Write("ca", "CA"),
                                 .tls_cert = rig.certificate,
                                 .tls_key = rig.key,
                                 .token_file = Write("token", std::string(kToken) + "\n")};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Credentials credentials, ReadCredentials(paths, kElsewhere));
  EXPECT_EQ(credentials.transport, Transport::kTls);
  EXPECT_EQ(credentials.ca_pem, "CA");
  EXPECT_EQ(credentials.certificate_pem, base::ReadFile(rig.certificate).value());
  EXPECT_EQ(credentials.key_pem, base::ReadFile(rig.key).value());
  EXPECT_EQ(credentials.token, kToken);
}

TEST_F(CredentialsTest, ATokenGoesToAnotherMachineByTlsAlone) {
  CredentialPaths paths = {.token_file = Write("token", kToken)};
  for (const char* server :
       {kElsewhere, "10.0.0.7:1", "127.evil.example:1", "[fe80::1]:1", "localhost.example:1"}) {
    EXPECT_THAT(ReadCredentials(paths, server),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("by TLS")));
  }
  for (const char* server : {kHere, "localhost:1", "[::1]:1"}) {
    EXPECT_EQ(ReadCredentials(paths, server)->token, kToken);
  }
  paths.plain_text = PlainText::kAccepted;
  EXPECT_EQ(ReadCredentials(paths, kElsewhere)->token, kToken);
  paths.tls_ca = Write("ca", "CA");
  EXPECT_EQ(ReadCredentials(paths, kElsewhere)->transport, Transport::kPlainText);
}

TEST_F(CredentialsTest, SecretsThatOthersMayReadAreRefused) {
  EXPECT_THAT(ReadCredentials({.token_file = Write("token", kToken, fs::perms(0640))}, kHere),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("0640")));
  EXPECT_THAT(ReadCredentials({.tls_cert = Write("cert", "CERT"),
                               .tls_key = Write("key", "KEY", fs::perms(0604))},
                              kHere),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("0604")));
}

TEST_F(CredentialsTest, AKeyOfAnotherCertificateIsRefused) {
  const CredentialPaths paths = {.tls_cert = Issue("7").certificate, .tls_key = Issue("8").key};
  EXPECT_THAT(ReadCredentials(paths, kHere),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(paths.tls_cert)));
}

TEST_F(CredentialsTest, APairThatIsBeingRenewedIsWaitedFor) {
  const KeyPairPaths former = Issue("7");
  const KeyPairPaths next = Issue("8");
  fs::rename(next.key, former.key);
  std::thread renewal([&] {
    absl::SleepFor(absl::Milliseconds(70));
    fs::rename(next.certificate, former.certificate);
  });
  const auto read = ReadCredentials({.tls_cert = former.certificate, .tls_key = former.key}, kHere);
  renewal.join();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Credentials credentials, read);
  EXPECT_EQ(credentials.certificate_pem, base::ReadFile(former.certificate).value());
}

TEST_F(CredentialsTest, WhatIsNoTokenIsRefusedAndNotRepeated) {
  for (const char* text : {"", "\n", "two words", "a\nb", "caf\xc3\xa9"}) {
    EXPECT_THAT(ReadCredentials({.token_file = Write("token", text)}, kHere),
                StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("two words"))));
  }
}

TEST_F(CredentialsTest, CertificateAndKeyComeTogetherAndMustBeThere) {
  EXPECT_THAT(ReadCredentials({.tls_cert = Write("cert", "CERT")}, kHere),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tls-key")));
  EXPECT_THAT(ReadCredentials({.tls_key = Write("key", "KEY")}, kHere),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tls-cert")));
  EXPECT_THAT(ReadCredentials({.tls_ca = folder_ + "/none"}, kHere),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace parallax::client
