#include "server/security/guard.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "server/security/certificate_folder.h"
#include "tests/server/security/fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kReadCall[] = "/parallax.v1.QueryService/GetRig";
constexpr char kPromoteCall[] = "/parallax.v1.CalibrationService/Promote";
constexpr auto kForbidden = absl::StatusCode::kPermissionDenied;

class GuardTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    ASSERT_TRUE(InitAuthority(folder_, {}, kNow).ok());
    ASSERT_TRUE(IssueServerInto(folder_, {.hosts = {"localhost"}}, kNow, OnExisting::kRefuse).ok());
    rig_ = Pem(IssueRigInto(folder_, {.rig = "7"}, kNow, OnExisting::kRefuse)->certificate);
    viewer_ = Token(Role::kViewer);
  }
  static std::string Pem(const std::string& path) { return base::ReadFile(path).value(); }
  std::string Token(Role role) {
    return "Bearer " +
           AddToken(folder_ + "/tokens", {.label = "x", .role = role}, kNow, SystemEntropy)->text;
  }
  SecurityOptions Options() const {
    return {.tls = {.certificate = folder_ + "/server.crt",
                    .key = folder_ + "/server.key",
                    .client_ca = folder_ + "/ca.crt"},
            .token_file = folder_ + "/tokens",
            .audit_log = folder_ + "/audit.log"};
  }
  std::unique_ptr<Guard> Open(const SecurityOptions& options) {
    return Guard::Open(options, clock_, [](std::string_view, const absl::Status&) {}).value();
  }
  Call CallBy(std::vector<std::string> authorization, const std::string& certificate = "",
              const std::string& method = kReadCall) {
    return {.method = method,
            .address = "ipv4:10.0.0.7",
            .authorization = std::move(authorization),
            .certificate_pem = certificate,
            .chain_pem = certificate};
  }
  std::string Log() { return base::ReadFile(folder_ + "/audit.log").value(); }

  ::parallax::testing::FakeClock clock_{kNow};
  std::string rig_;
  std::string viewer_;
};

TEST_F(GuardTest, WithoutProofAskedForEverybodyIsAnAdmin) {
  const std::unique_ptr<Guard> guard = Open({});
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Identity identity,
                                guard->Admit(CallBy({}, "", kPromoteCall)));
  EXPECT_EQ(identity.name, "ipv4:10.0.0.7");
  EXPECT_EQ(identity.role, Role::kAdmin);
  PARALLAX_EXPECT_OK(guard->Admit(CallBy({}, "", "/no.such.Service/Method")));
}

TEST_F(GuardTest, ATokenOrACertificateSaysWhoCalls) {
  const std::unique_ptr<Guard> guard = Open(Options());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Identity viewer, guard->Admit(CallBy({viewer_})));
  EXPECT_EQ(viewer.role, Role::kViewer);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Identity rig, guard->Admit(CallBy({}, rig_)));
  EXPECT_EQ(rig.name, "rigs/7");
  EXPECT_EQ(rig.rigs, std::vector<std::string>{"7"});
}

TEST_F(GuardTest, NoProofTwoProofsAndABadOneAreRefused) {
  const std::unique_ptr<Guard> guard = Open(Options());
  EXPECT_THAT(guard->Admit(CallBy({})), StatusIs(kUnauthenticated));
  EXPECT_THAT(guard->Admit(CallBy({viewer_, viewer_})), StatusIs(kUnauthenticated));
  EXPECT_THAT(guard->Admit(CallBy({viewer_}, rig_)), StatusIs(kUnauthenticated));
  EXPECT_THAT(guard->Admit(CallBy({viewer_}, Pem(folder_ + "/server.crt"))),
              StatusIs(kUnauthenticated, HasSubstr("purpose")))
      << "a good token makes a bad certificate no better";
  clock_.Advance(absl::Hours(24 * 400));
  EXPECT_THAT(guard->Admit(CallBy({}, rig_)), StatusIs(kUnauthenticated, HasSubstr("expired")));
}

TEST_F(GuardTest, WithoutTokensOnlyRigsGetIn) {
  SecurityOptions options = Options();
  options.token_file.clear();
  const std::unique_ptr<Guard> guard = Open(options);
  EXPECT_THAT(guard->Admit(CallBy({viewer_})),
              StatusIs(kUnauthenticated, HasSubstr("takes no tokens")));
  PARALLAX_EXPECT_OK(guard->Admit(CallBy({}, rig_)));
}

TEST_F(GuardTest, MethodsAreThoseOfTheTable) {
  const std::unique_ptr<Guard> guard = Open(Options());
  EXPECT_THAT(guard->Admit(CallBy({viewer_}, "", kPromoteCall)), StatusIs(kForbidden));
  EXPECT_THAT(guard->Admit(CallBy({Token(Role::kAdmin)}, "", "/no.such.Service/Method")),
              StatusIs(kForbidden));
  PARALLAX_EXPECT_OK(guard->Admit(CallBy({}, "", "/grpc.health.v1.Health/Check")));
}

TEST_F(GuardTest, RefusalsAndActsAreInTheLog) {
  std::unique_ptr<Guard> guard = Open(Options());
  (void)guard->Admit(CallBy({}));
  (void)guard->Admit(CallBy({viewer_}, "", kPromoteCall));
  guard->Done(kPromoteCall, {.role = Role::kOperator, .name = "tokens/1", .rigs = {}},
              "rigs/7/parameterSets/3", absl::AbortedError("of another state"));
  EXPECT_THAT(Log(), HasSubstr("\"code\":\"ABORTED\",\"count\":1,\"decision\":\"ALLOWED\""));
  EXPECT_EQ(guard->audit_counts().denied.at("unauthenticated"), 1u);
  EXPECT_EQ(guard->audit_counts().denied.at("permission denied"), 1u);
  guard.reset();
  EXPECT_THAT(Log(), HasSubstr("\"identity\":\"ipv4:10.0.0.7\""));
  EXPECT_THAT(Log(), HasSubstr("\"code\":\"PERMISSION_DENIED\""));
  EXPECT_EQ(Log().find(viewer_.substr(30)), std::string::npos) << "no secret";
}

TEST_F(GuardTest, OptionsThatNeedOthersSaySo) {
  EXPECT_THAT(Validate(SecurityOptions{.tls = {.certificate = "a", .key = "", .client_ca = ""}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tls.key")));
  EXPECT_THAT(Validate(SecurityOptions{.tls = {.certificate = "", .key = "", .client_ca = "a"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tls.client_ca")));
  SecurityOptions options = Options();
  options.tls.client_ca.clear();
  options.client_certificates = ClientCertificates::kRequired;
  EXPECT_THAT(Validate(options), StatusIs(absl::StatusCode::kInvalidArgument));
  PARALLAX_EXPECT_OK(Validate(Options()));
  PARALLAX_EXPECT_OK(Validate(SecurityOptions{}));
}

}  // namespace
}  // namespace parallax::server::security
