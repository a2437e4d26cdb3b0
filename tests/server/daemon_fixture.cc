#include "tests/server/daemon_fixture.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "core/store/sqlite_store.h"

namespace parallax::server {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "parallax-server-XXXXXX";
  path_ = mkdtemp(pattern.data());
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void DaemonTest::SetUp() {
  options_.listen = "127.0.0.1:0";
  options_.http.server.listen = "127.0.0.1:0";
  options_.http.web = page_.path();
  std::ofstream(page_.path() + "/index.html") << kTestPage;
  Restart();
  const auto rig = Call(*ingest_, &v1::IngestService::Stub::CreateRig, BoardRequest("board"));
  ASSERT_TRUE(rig.ok()) << rig.status();
  schema_hash_ = rig->rig().schema_hash();
  const auto run = Call(*ingest_, &v1::IngestService::Stub::OpenRun, RunRequest("board", "one"));
  ASSERT_TRUE(run.ok()) << run.status();
}

void DaemonTest::Restart() {
  daemon_.reset();
  auto sqlite = store::OpenSqliteStore(
      {.directory = directory_.path(),
       .on_failed = [this](const absl::Status& status) { store_failures_.push_back(status); }},
      clock_);
  ASSERT_TRUE(sqlite.ok()) << sqlite.status();
  auto gated = std::make_unique<GatedStore>(*std::move(sqlite));
  store_ = gated.get();
  auto daemon = Daemon::Start(options_, std::move(gated), clock_);
  ASSERT_TRUE(daemon.ok()) << daemon.status();
  daemon_ = *std::move(daemon);
  channel_ = grpc::CreateChannel(absl::StrFormat("127.0.0.1:%d", daemon_->port()),
                                 grpc::InsecureChannelCredentials());
  ingest_ = v1::IngestService::NewStub(channel_);
  query_ = v1::QueryService::NewStub(channel_);
  analysis_ = v1::AnalysisService::NewStub(channel_);
  calibration_ = v1::CalibrationService::NewStub(channel_);
  model_ = v1::ModelService::NewStub(channel_);
  twin_ = v1::TwinService::NewStub(channel_);
  operations_ = v1::OperationsService::NewStub(channel_);
}

std::string DaemonTest::CallBytes(const std::string& method, const std::string& request) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::Slice slice(request);
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->StartCall(nullptr);
  if (!done()) return "";
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  if (!done()) return "";
  call->WritesDone(nullptr);
  if (!done()) return "";
  call->Read(&answer, nullptr);
  const bool answered = done();
  call->Finish(&status, nullptr);
  if (!done() || !answered || !status.ok()) return "";
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!answer.Dump(&slices).ok()) return "";
  for (const grpc::Slice& one : slices) {
    bytes.append(reinterpret_cast<const char*>(one.begin()), one.size());
  }
  return bytes;
}

v1::StreamRequest DaemonTest::Hello(const std::string& producer, uint64_t epoch) const {
  return HelloRequest("rigs/board/runs/one", producer, epoch, schema_hash_);
}

v1::Run DaemonTest::GetRun() {
  v1::GetRunRequest request;
  request.set_name("rigs/board/runs/one");
  const auto answer = Call(*query_, &v1::QueryService::Stub::GetRun, request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? answer->run() : v1::Run();
}

}  // namespace parallax::server
