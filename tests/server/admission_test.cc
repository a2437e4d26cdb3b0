#include "server/admission.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <vector>

#include "server/named_rigs.h"
#include "server/security/permissions.h"
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

namespace pb = google::protobuf;

TEST(NamedRigsTest, NamesAreThoseOfTheFieldsInTheirOrder) {
  v1::AnalyzeRequest request;
  request.set_rig("rigs/7");
  request.add_calibrate_runs("rigs/7/runs/a");
  request.add_calibrate_runs("");
  request.add_calibrate_runs("rigs/8/runs/b");
  EXPECT_EQ(NamesIn(request, "rig,calibrate_runs,base_parameter_set"),
            (std::vector<std::string>{"rigs/7", "rigs/7/runs/a", "rigs/8/runs/b"}));
  EXPECT_TRUE(NamesIn(request, "").empty());
  v1::UpdateRigRequest update;
  EXPECT_TRUE(NamesIn(update, "rig.name").empty());
  update.mutable_rig()->set_name("rigs/9");
  EXPECT_EQ(NamesIn(update, "rig.name"), std::vector<std::string>{"rigs/9"});
}

TEST(NamedRigsTest, TheRigIsTheIdAndNothingElse) {
  EXPECT_EQ(RigIn("rigs/7/runs/a"), "7");
  EXPECT_EQ(RigIn("rigs/7"), "7");
  EXPECT_EQ(RigIn("7"), "7");
  EXPECT_EQ(RigIn("rigs/"), "");
  EXPECT_EQ(RigIn("Rigs/7"), "Rigs/7");
}

/// A daemon that takes tokens, on plain text and loopback.
class AdmissionTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    options_.security.token_file = directory_.path() + "/tokens";
    bound_ = Token({.label = "x", .role = security::Role::kAdmin, .rigs = {"other"}});
    Restart();
  }
  std::string Token(const security::TokenSpec& spec) {
    return "Bearer " + security::AddToken(options_.security.token_file, spec, clock_.Now(),
                                          security::SystemEntropy)
                           ->text;
  }

  /// The code of a call of any method of ours with one message.
  grpc::StatusCode CodeOf(const std::string& method, const std::string& message,
                          const std::string& authorization) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareCall(&context, method, &queue);
    grpc::Slice slice(message);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer answer;
    grpc::Status status;
    void* tag = nullptr;
    bool ok = false;
    call->StartCall(nullptr);
    queue.Next(&tag, &ok);
    call->WriteLast(request, grpc::WriteOptions(), nullptr);
    queue.Next(&tag, &ok);
    do {
      call->Read(&answer, nullptr);
      queue.Next(&tag, &ok);
    } while (ok);
    call->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    return status.error_code();
  }

  std::string bound_;  ///< an admin's of rig "other" alone
};

/// The type of a method's request.
const pb::Descriptor& RequestOf(std::string_view path) {
  std::string method(path.substr(1));
  method[method.rfind('/')] = '.';
  return *pb::DescriptorPool::generated_pool()->FindMethodByName(method)->input_type();
}

/// A request whose field `path` ("rig", "hello.run") says `name`.
void Name(pb::Message& message, const std::string& path, const std::string& name) {
  const size_t dot = path.find('.');
  const pb::FieldDescriptor* const field =
      message.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  const pb::Reflection& reflection = *message.GetReflection();
  if (dot != std::string::npos) {
    Name(*reflection.MutableMessage(&message, field), path.substr(dot + 1), name);
  } else if (field->is_repeated()) {
    reflection.AddString(&message, field, name);
  } else {
    reflection.SetString(&message, field, name);
  }
}

TEST_F(AdmissionTest, NoMethodOfOursIsAnsweredToWhoShowsNothing) {
  int methods = 0;
  for (const security::Permission& row : security::Permissions()) {
    if (!row.method.starts_with("/parallax.")) continue;
    EXPECT_EQ(CodeOf(std::string(row.method), "", ""), grpc::StatusCode::UNAUTHENTICATED)
        << row.method;
    ++methods;
  }
  EXPECT_GE(methods, 28);
}

TEST_F(AdmissionTest, NoFieldOfAnyRequestReachesAnotherRig) {
  int fields = 0;
  for (const security::Permission& row : security::Permissions()) {
    std::string_view left = row.fields;
    while (!left.empty()) {
      const std::string field(left.substr(0, left.find(',')));
      left.remove_prefix(std::min(left.size(), field.size() + 1));
      for (const char* name : {"rigs/board/runs/one", "rigs/board", "board", "rigs/", "x"}) {
        const std::unique_ptr<pb::Message> request(
            pb::MessageFactory::generated_factory()->GetPrototype(&RequestOf(row.method))->New());
        const bool stream = field == "hello.run";
        if (stream) {
          v1::StreamRequest hello;
          hello.mutable_hello()->set_run(name);
          hello.mutable_hello()->set_producer_id("p");
          const grpc::StatusCode code =
              CodeOf(std::string(row.method), hello.SerializeAsString(), bound_);
          // What is no name of a run is told as that.
          EXPECT_EQ(code, std::string_view(name).ends_with("/runs/one")
                              ? grpc::StatusCode::PERMISSION_DENIED
                              : grpc::StatusCode::INVALID_ARGUMENT);
          continue;
        }
        Name(*request, field, name);
        EXPECT_EQ(CodeOf(std::string(row.method), request->SerializeAsString(), bound_),
                  grpc::StatusCode::PERMISSION_DENIED)
            << row.method << " " << field << " = " << name;
      }
      ++fields;
    }
  }
  EXPECT_GE(fields, 25);
}

TEST_F(AdmissionTest, WhoMayDoesAndIsNamedByItsToken) {
  const std::string admin = Token({.label = "y", .role = security::Role::kAdmin});
  v1::GetRunRequest request;
  request.set_name("rigs/board/runs/one");
  grpc::ClientContext context;
  context.AddMetadata("authorization", admin);
  v1::GetRunResponse response;
  EXPECT_TRUE(query_->GetRun(&context, request, &response).ok());
  EXPECT_EQ(CodeOf("/parallax.v1.QueryService/ListRigs", "", admin), grpc::StatusCode::OK);
  EXPECT_EQ(CodeOf("/parallax.v1.QueryService/ListRigs", "", bound_),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AdmissionTest, MoreMetadataThanAnyCallNeedsIsRefused) {
  grpc::ClientContext context;
  context.AddMetadata("authorization", Token({.label = "z"}));
  context.AddMetadata("x-padding", std::string(10'000, 'x'));
  v1::ListRigsResponse response;
  EXPECT_EQ(query_->ListRigs(&context, {}, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace parallax::server
