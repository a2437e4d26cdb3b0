#include "server/security/permissions.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/base/field_error.h"
#include "parallax/v1/analysis.pb.h"
#include "parallax/v1/calibration.pb.h"
#include "parallax/v1/ingest.pb.h"
#include "parallax/v1/model.pb.h"
#include "parallax/v1/operations.pb.h"
#include "parallax/v1/query.pb.h"
#include "parallax/v1/twin.pb.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
constexpr std::string_view kStream = "/parallax.v1.IngestService/Stream";
constexpr std::string_view kListRigs = "/parallax.v1.QueryService/ListRigs";
constexpr std::string_view kPromote = "/parallax.v1.CalibrationService/Promote";
constexpr std::string_view kBackup = "/parallax.v1.OperationsService/Backup";
constexpr std::string_view kVerifyAudit = "/parallax.v1.OperationsService/VerifyAudit";
constexpr std::string_view kUpdateRig = "/parallax.v1.IngestService/UpdateRig";

Identity Somebody(Role role) { return {.role = role, .name = "tokens/1"}; }
Identity RigSeven() { return {.role = Role::kRig, .name = "rigs/7", .rigs = {"7"}}; }

/// Every method of the .proto files in the program, as gRPC names it.
std::set<std::string> CompiledMethods() {
  std::set<std::string> methods;
  for (const google::protobuf::FileDescriptor* file :
       {v1::AnalyzeRequest::descriptor()->file(), v1::PromoteRequest::descriptor()->file(),
        v1::OpenRunRequest::descriptor()->file(), v1::GetRigRequest::descriptor()->file(),
        v1::SimulateRequest::descriptor()->file(), v1::BackupRequest::descriptor()->file(),
        v1::TrainModelRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) {
        methods.insert("/" + service.full_name() + "/" + service.method(m)->name());
      }
    }
  }
  return methods;
}

TEST(PermissionsTest, EveryCompiledMethodHasARow) {
  const std::set<std::string> methods = CompiledMethods();
  EXPECT_GE(methods.size(), 30u);
  for (const std::string& method : methods) {
    EXPECT_NE(PermissionOf(method), nullptr) << method << " has no row: nobody may call it";
  }
}

TEST(PermissionsTest, EveryRowOfOursIsAMethod) {
  const std::set<std::string> methods = CompiledMethods();
  for (const Permission& row : Permissions()) {
    if (!row.method.starts_with("/parallax.")) continue;
    EXPECT_EQ(methods.count(std::string(row.method)), 1u) << row.method;
  }
}

TEST(PermissionsTest, WhatHasNoRowIsRefusedToEverybody) {
  for (const std::string method :
       {"", "/", "/parallax.v1.QueryService/", "/parallax.v1.QueryService/GetRigs",
        "parallax.v1.QueryService/GetRig", "/parallax.v1.QueryService/getrig",
        "/parallax.v1.QueryService/GetRig/", "/zzz", "/metrics/"}) {
    EXPECT_THAT(CheckMethod(Somebody(Role::kAdmin), method), StatusIs(kDenied)) << method;
  }
  const std::string with_null("/metrics\0", 9);
  EXPECT_THAT(CheckMethod(Somebody(Role::kAdmin), with_null), StatusIs(kDenied));
}

TEST(PermissionsTest, OnlyGrpcsOwnServicesAreForAnybody) {
  for (const Permission& row : Permissions()) {
    EXPECT_EQ(row.callers == Callers::kAnybody, row.method.starts_with("/grpc.")) << row.method;
  }
}

/// Whether a string field of a request names a rig or something of one.
bool NamesSomethingOfARig(const google::protobuf::FieldDescriptor& field) {
  static const std::set<std::string> names = {
      "name",  "rig",           "rig_id",         "run",           "from",
      "to",    "parameter_set", "calibrate_runs", "validate_runs", "base_parameter_set",
      "report"};
  return field.type() == google::protobuf::FieldDescriptor::TYPE_STRING &&
         names.count(field.name()) == 1;
}

TEST(PermissionsTest, TheRowOfARigsMethodListsEveryFieldThatNamesOne) {
  for (const Permission& row : Permissions()) {
    EXPECT_EQ(row.fields.empty(), row.reach != Reach::kNamedRig) << row.method;
    if (row.reach != Reach::kNamedRig) continue;
    std::string method(row.method.substr(1));
    method[method.rfind('/')] = '.';
    const google::protobuf::Descriptor& request =
        *google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(method)->input_type();
    const std::string listed = "," + std::string(row.fields) + ",";
    for (int i = 0; i < request.field_count(); ++i) {
      if (!NamesSomethingOfARig(*request.field(i))) continue;
      EXPECT_NE(listed.find("," + request.field(i)->name() + ","), std::string::npos)
          << row.method << " " << request.field(i)->name();
    }
  }
}

TEST(PermissionsTest, AnAdminMayCallWhateverHasARow) {
  for (const Permission& row : Permissions()) {
    PARALLAX_EXPECT_OK(CheckMethod(Somebody(Role::kAdmin), row.method));
  }
}

TEST(PermissionsTest, AHigherRoleMayWhatALowerMay) {
  const std::vector<Role> ladder = {Role::kViewer, Role::kOperator, Role::kAdmin};
  for (const Permission& row : Permissions()) {
    for (size_t i = 1; i < ladder.size(); ++i) {
      if (!CheckMethod(Somebody(ladder[i - 1]), row.method).ok()) continue;
      PARALLAX_EXPECT_OK(CheckMethod(Somebody(ladder[i]), row.method));
    }
  }
}

TEST(PermissionsTest, RolesMayWhatTheyAreFor) {
  struct Case {
    std::string_view method;
    bool rig, viewer, op;
  };
  for (const Case& c :
       {Case{kStream, true, false, true}, Case{kListRigs, false, true, true},
        Case{kPromote, false, false, true}, Case{kUpdateRig, false, false, false},
        Case{kBackup, false, false, false}, Case{kVerifyAudit, false, false, false}}) {
    EXPECT_EQ(CheckMethod(RigSeven(), c.method).ok(), c.rig) << c.method;
    EXPECT_EQ(CheckMethod(Somebody(Role::kViewer), c.method).ok(), c.viewer) << c.method;
    EXPECT_EQ(CheckMethod(Somebody(Role::kOperator), c.method).ok(), c.op) << c.method;
  }
}

TEST(PermissionsTest, AViewerChangesNothing) {
  const std::set<std::string> reading = {"Get", "Lis", "Dif", "Des", "Wat", "Sim"};
  for (const std::string& method : CompiledMethods()) {
    if (!CheckMethod(Somebody(Role::kViewer), method).ok()) continue;
    EXPECT_EQ(reading.count(method.substr(method.rfind('/') + 1, 3)), 1u) << method;
  }
}

TEST(PermissionsTest, WhoIsBoundToRigsReachesNoFurther) {
  Identity bound = Somebody(Role::kAdmin);
  bound.rigs = {"7", "9"};
  for (const Permission& row : Permissions()) {
    EXPECT_EQ(CheckMethod(bound, row.method).ok(), row.reach != Reach::kEveryRig) << row.method;
  }
}

TEST(PermissionsTest, ARefusalSaysWhoWhatAndWhoMay) {
  EXPECT_THAT(CheckMethod(Somebody(Role::kViewer), kPromote),
              StatusIs(kDenied,
                       "role of tokens/1 = \"viewer\", must be operator or admin to call "
                       "/parallax.v1.CalibrationService/Promote"));
}

TEST(CheckRigTest, ComparesWholeIds) {
  PARALLAX_EXPECT_OK(CheckRig(RigSeven(), "7"));
  PARALLAX_EXPECT_OK(CheckRig(Somebody(Role::kViewer), "7"));
  for (const std::string& rig : std::vector<std::string>{"", "77", "rigs/7", "7 ", {'7', '\0'}}) {
    EXPECT_THAT(CheckRig(RigSeven(), rig),
                StatusIs(kDenied, AllOf(HasSubstr("rig = "), HasSubstr("rigs/7 may touch: 7"))));
  }
}

TEST(RoleTest, NamesAreReadBack) {
  for (const Role role : {Role::kRig, Role::kViewer, Role::kOperator, Role::kAdmin}) {
    EXPECT_EQ(RoleNamed(NameOf(role)), role);
  }
  EXPECT_EQ(RoleNamed("Admin"), std::nullopt);
  EXPECT_EQ(RoleNamed(""), std::nullopt);
}

}  // namespace
}  // namespace parallax::server::security
