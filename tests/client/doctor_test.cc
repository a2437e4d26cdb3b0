#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "client/cli/doctor_files.h"
#include "client/cli/doctor_tls.h"
#include "server/security/certificate_folder.h"

namespace parallax::client {
namespace {

namespace security = server::security;
using security::KeyPair;
using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kBegin = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr char kShownToken[] =
    "parallax_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

auto Is(CheckResult result, ExitCode code, const std::string& text, const std::string& next_step) {
  return AllOf(Field("result", &Finding::result, result), Field("code", &Finding::code, code),
               Field("text", &Finding::text, HasSubstr(text)),
               Field("next_step", &Finding::next_step, HasSubstr(next_step)));
}
auto Fails(ExitCode code, const std::string& text, const std::string& next_step) {
  return Is(CheckResult::kFailed, code, text, next_step);
}
auto IsGood(const std::string& text) {
  return AllOf(Is(CheckResult::kOk, kExitOk, text, ""), Field(&Finding::next_step, ""));
}

/// A server that has shown `certificate`, and goes on.
TlsSession SessionOf(const std::string& certificate) {
  return {.speaks_tls = true, .version = "TLSv1.3", .protocol = "h2", .chain_pem = certificate};
}

TEST(WireTest, FirstBytesTellWhatSpeaks) {
  EXPECT_EQ(WireOf(std::string_view("\0\0\x06\x04\0\0\0\0\0", 9)), Wire::kHttp2);
  EXPECT_EQ(WireOf("HTTP/1.1 400 Bad Request"), Wire::kHttp1);
  EXPECT_EQ(WireOf("\x15\x03\x01"), Wire::kTls);
  for (const char* other : {"", "SSH-2.0-OpenSSH_9.2", "220 mail"}) {
    EXPECT_EQ(WireOf(other), Wire::kSilent) << other;
  }
}

TEST(TransportTest, EachSideIsToldWhatTheOtherSpeaks) {
  const ClientTransport plain;
  const ClientTransport tls = {.transport = Transport::kTls};
  const ClientTransport said = {.plain_text = PlainText::kAccepted};
  const PortAnswer secure = {.wire = Wire::kTls, .tls = SessionOf("PEM")};
  EXPECT_THAT(JudgeTransport(tls, secure), IsGood("TLSv1.3"));
  EXPECT_THAT(JudgeTransport(plain, {.wire = Wire::kHttp2}), IsGood("plain text"));
  EXPECT_THAT(JudgeTransport(plain, secure), Fails(kExitUnavailable, "speaks TLS", "--tls-ca"));
  EXPECT_THAT(JudgeTransport(said, secure),
              Fails(kExitUnavailable, "speaks TLS", "leave out --plaintext"));
  EXPECT_THAT(JudgeTransport(tls, {.wire = Wire::kHttp2}),
              Fails(kExitUnavailable, "speaks plain text", "leave out --tls-ca"));
  for (const Wire wire : {Wire::kHttp1, Wire::kSilent}) {
    EXPECT_THAT(JudgeTransport(tls, {.wire = wire}), Fails(kExitUnavailable, "port", "--server"));
  }
  PortAnswer page = secure;
  page.tls.protocol = "";
  EXPECT_THAT(JudgeTransport(tls, page), Fails(kExitUnavailable, "no HTTP/2", "--server"));
  PortAnswer old = {.wire = Wire::kTls, .tls = {.refusal = "protocol version"}};
  EXPECT_THAT(JudgeTransport(tls, old), Fails(kExitUnavailable, "protocol version", "TLS 1.2"));
}

class ServerCertificateTest : public ::testing::Test {
 protected:
  Finding Judge(const std::string& host, absl::Time now) const {
    return JudgeServerCertificate(
        session_, {.host = host, .ca_pem = authority_.certificate_pem, .ca_path = "ca.crt"}, now);
  }

  const KeyPair authority_ = security::MakeAuthority({}, kBegin).value();
  const TlsSession session_ =
      SessionOf(security::IssueServer(authority_, {.hosts = {"lab-pc.example", "10.0.0.7"}}, kBegin)
                    ->certificate_pem);
};

TEST_F(ServerCertificateTest, IsGoodForItsNamesAndItsTime) {
  for (const char* host : {"lab-pc.example", "LAB-PC.example", "10.0.0.7"}) {
    EXPECT_THAT(Judge(host, kBegin), IsGood("for lab-pc.example, 10.0.0.7, trusted by ca.crt"));
  }
  EXPECT_THAT(Judge("10.0.0.8", kBegin),
              Fails(kExitUnavailable, "is called 10.0.0.8", "--host 10.0.0.8 --renew"));
  EXPECT_THAT(Judge("lab-pc.example", kBegin + 334 * kDay), IsGood("valid until 2024-11-13"));
  EXPECT_THAT(Judge("lab-pc.example", kBegin + 336 * kDay),
              Is(CheckResult::kWarning, kExitOk, "in 29 days", "--renew"));
  EXPECT_THAT(Judge("lab-pc.example", kBegin + 366 * kDay),
              Fails(kExitUnavailable, "expired 2024-11-13", "--renew"));
  EXPECT_THAT(Judge("lab-pc.example", kBegin - kDay),
              Fails(kExitUnavailable, "not valid before 2023-11-14", "clock"));
}

TEST_F(ServerCertificateTest, AnotherAuthorityIsNamedWhateverTheDates) {
  const KeyPair other = security::MakeAuthority({.name = "another"}, kBegin).value();
  for (const absl::Duration age : {absl::ZeroDuration(), 400 * kDay}) {
    EXPECT_THAT(
        JudgeServerCertificate(
            session_, {.host = "10.0.0.7", .ca_pem = other.certificate_pem, .ca_path = "other.crt"},
            kBegin + age),
        Fails(kExitUnavailable, "\"CN=parallax lab CA\", which is not trusted by other.crt",
              "--tls-ca"));
  }
}

TEST_F(ServerCertificateTest, AsForGrpcItsOwnCertificateVouchesForIt) {
  EXPECT_THAT(
      JudgeServerCertificate(
          session_, {.host = "10.0.0.7", .ca_pem = session_.chain_pem, .ca_path = "server.crt"},
          kBegin),
      IsGood("trusted by server.crt"));
}

TEST_F(ServerCertificateTest, ARigsCertificateIsNoServers) {
  const std::string rig = security::IssueRig(authority_, {.rig = "7"}, kBegin)->certificate_pem;
  EXPECT_THAT(JudgeServerCertificate(
                  SessionOf(rig),
                  {.host = "7", .ca_pem = authority_.certificate_pem, .ca_path = "ca.crt"}, kBegin),
              Fails(kExitUnavailable, "purpose", "--tls-ca"));
}

class DoctorFilesTest : public ::testing::Test {
 public:
  ~DoctorFilesTest() override { std::filesystem::remove_all(folder_); }

 protected:
  DoctorFilesTest() : folder_(::testing::TempDir() + "doctor_files") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(security::InitAuthority(folder_, {}, kBegin).ok());
  }

  CredentialPaths Issue(const std::string& rig) {
    const security::KeyPairPaths paths =
        security::IssueRigInto(folder_, {.rig = rig}, kBegin, security::OnExisting::kReplace)
            .value();
    return {.tls_cert = paths.certificate, .tls_key = paths.key};
  }
  std::string Write(const std::string& text, int mode) {
    const std::string path = folder_ + "/written";
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    return path;
  }

  const std::string folder_;
};

TEST_F(DoctorFilesTest, ACertificateSaysWhichRigItIsAndForHowLong) {
  const CredentialPaths rig = Issue("furnace-7");
  EXPECT_THAT(ExamineClientCertificate(rig, kBegin),
              IsGood("parallax://rig/furnace-7, signed by \"CN=parallax lab CA\", valid until "
                     "2024-11-13"));
  EXPECT_THAT(ExamineClientCertificate(rig, kBegin + 360 * kDay),
              Is(CheckResult::kWarning, kExitOk, "in 5 days", "--renew"));
  EXPECT_THAT(ExamineClientCertificate(rig, kBegin + 366 * kDay),
              Fails(kExitDenied, "expired 2024-11-13", "--renew"));
  EXPECT_THAT(ExamineClientCertificate(rig, kBegin - kDay),
              Fails(kExitDenied, "not valid before", "clock"));
}

TEST_F(DoctorFilesTest, ACertificateWithoutARigIsWarnedOf) {
  const security::KeyPairPaths server =
      security::IssueServerInto(folder_, {.hosts = {"a"}}, kBegin, security::OnExisting::kRefuse)
          .value();
  EXPECT_THAT(
      ExamineClientCertificate({.tls_cert = server.certificate, .tls_key = server.key}, kBegin),
      Is(CheckResult::kWarning, kExitOk, "0 URIs, must be exactly one", "--rig ID"));
}

TEST_F(DoctorFilesTest, FilesThatNoCommandTakesAreUsageErrors) {
  const CredentialPaths rig = Issue("7");
  const CredentialPaths other = Issue("8");
  EXPECT_THAT(
      ExamineClientCertificate({.tls_cert = rig.tls_cert, .tls_key = other.tls_key}, kBegin),
      Fails(kExitUsage, rig.tls_cert, "issued together"));
  EXPECT_THAT(ExamineClientCertificate({.tls_key = rig.tls_key}, kBegin),
              Fails(kExitUsage, "tls-cert", "give both"));
  EXPECT_THAT(
      ExamineClientCertificate({.tls_cert = folder_ + "/none", .tls_key = rig.tls_key}, kBegin),
      Fails(kExitUsage, "/none", ""));
  std::filesystem::permissions(rig.tls_key, std::filesystem::perms(0640));
  EXPECT_THAT(ExamineClientCertificate(rig, kBegin),
              Fails(kExitUsage, "= 0640, must be 0600", "chmod 600 " + rig.tls_key));
}

TEST_F(DoctorFilesTest, AuthoritiesAreReadAndHaveTheirTime) {
  const std::string ca = folder_ + "/ca.crt";
  EXPECT_THAT(ExamineAuthorities(ca, kBegin), IsGood("\"CN=parallax lab CA\", valid until 2033"));
  EXPECT_THAT(ExamineAuthorities(ca, kBegin + 4000 * kDay),
              Fails(kExitUnavailable, "expired 2033", "anew"));
  EXPECT_THAT(ExamineAuthorities(Write("garbage", 0644), kBegin),
              Fails(kExitUsage, "none", "ca.crt"));
  EXPECT_THAT(ExamineAuthorities(folder_ + "/none", kBegin), Fails(kExitUsage, "/none", ""));
}

TEST_F(DoctorFilesTest, ATokenIsCalledByWhatIsNoSecret) {
  EXPECT_THAT(
      ExamineToken(Write(kShownToken, 0600)),
      AllOf(IsGood("tokens/0123456789abcdef"), Field(&Finding::text, Not(HasSubstr("AAAA")))));
  EXPECT_THAT(ExamineToken(Write(kShownToken, 0604)), Fails(kExitUsage, "0604", "chmod 600"));
  EXPECT_THAT(ExamineToken(Write("two words", 0600)), Fails(kExitUsage, "one token", ""));
  for (const char* other : {"secret", "parallax_0123_AAAA", "parallax_0123456789abcdeX_A"}) {
    EXPECT_EQ(TokenName(other), "a token of another form") << other;
  }
}

TEST(HandshakeTest, TellsWhoWasAskedAndRefused) {
  TlsSession session = SessionOf("PEM");
  EXPECT_THAT(JudgeHandshake(session, {}), IsGood("asks for no client certificate"));
  EXPECT_THAT(JudgeHandshake(session, {.certificate = "a.crt"}),
              Is(CheckResult::kWarning, kExitOk, "does not look at a.crt", "--tls-client-ca"));
  session.asked_for_certificate = true;
  EXPECT_THAT(JudgeHandshake(session, {}), IsGood("goes on without"));
  session.refusal = "unknown ca";
  EXPECT_THAT(JudgeHandshake(session, {.certificate = "a.crt"}),
              Fails(kExitDenied, "refuses the certificate a.crt: unknown ca", "--rig ID"));
  EXPECT_THAT(JudgeHandshake(session, {}), Fails(kExitDenied, "none is shown", "--tls-cert"));
}

TEST(AccessTest, TellsAStrangerFromWhoMayNot) {
  const ShownProof token = {.token = "tokens/4f0c"};
  const absl::Status unproven = absl::UnauthenticatedError("revoked");
  EXPECT_THAT(JudgeAccess(absl::OkStatus(), token).value(), IsGood("lets in tokens/4f0c"));
  EXPECT_THAT(JudgeAccess(absl::OkStatus(), {}).value(), IsGood("asks nobody"));
  EXPECT_THAT(JudgeAccess(unproven, token).value(),
              Fails(kExitDenied, "does not accept tokens/4f0c: revoked", "parallaxd token list"));
  EXPECT_THAT(JudgeAccess(unproven, {}).value(), Fails(kExitDenied, "nothing is shown", "--token"));
  EXPECT_THAT(JudgeAccess(unproven, {.certificate = "a.crt", .token = "tokens/4f0c"}).value(),
              Fails(kExitDenied, "tokens/4f0c beside the certificate a.crt", "either"));
  EXPECT_THAT(JudgeAccess(absl::PermissionDeniedError("role viewer"), token).value(),
              Fails(kExitDenied, "knows tokens/4f0c, and refuses it: role viewer", "admin"));
  EXPECT_FALSE(JudgeAccess(absl::UnavailableError("gone"), token).has_value());
}

}  // namespace
}  // namespace parallax::client
