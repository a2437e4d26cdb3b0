// parallaxd as a process: start, refuse, drain, be killed and resume.
#include <SQLiteCpp/SQLiteCpp.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/random.h"
#include "core/store/checked_vfs.h"
#include "tests/server/daemon_fixture.h"
#include "tests/server/daemon_process.h"
#include "tests/server/http/http_peer.h"

namespace parallax::server {
namespace {

class ProcessTest : public ::testing::Test {
 protected:
  std::vector<std::string> Flags(const std::string& data, const std::string& listen) {
    return {"--data", data,          "--listen",    listen,
            "--http", "127.0.0.1:0", "--port-file", directory_.path() + "/port"};
  }
  std::string Data() { return directory_.path() + "/data"; }

  std::unique_ptr<v1::IngestService::Stub> Ingest(int port) {
    return v1::IngestService::NewStub(Channel(port));
  }
  std::shared_ptr<grpc::Channel> Channel(int port) {
    return grpc::CreateChannel(absl::StrFormat("127.0.0.1:%d", port),
                               grpc::InsecureChannelCredentials());
  }

  /// Makes rig and run and returns the rig's schema hash.
  std::string Prepare(v1::IngestService::Stub& stub) {
    grpc::ClientContext rig_context;
    v1::CreateRigRequest rig = BoardRequest("board");
    rig.set_request_id("once");
    v1::CreateRigResponse created;
    EXPECT_TRUE(stub.CreateRig(&rig_context, rig, &created).ok());
    grpc::ClientContext run_context;
    v1::OpenRunResponse opened;
    EXPECT_TRUE(stub.OpenRun(&run_context, RunRequest("board", "one"), &opened).ok());
    return created.rig().schema_hash();
  }

  TemporaryDirectory directory_;
};

TEST_F(ProcessTest, TellsItsPortOnceItIsReadyAndStopsWithoutAnError) {
  DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
  const int port = daemon.AwaitPort();
  ASSERT_GT(port, 0) << daemon.log();
  const absl::StatusOr<std::string> file = base::ReadFile(directory_.path() + "/port");
  ASSERT_TRUE(file.ok());
  const auto ports = nlohmann::json::parse(*file, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(ports.is_object()) << *file;
  EXPECT_EQ(ports.size(), 2u) << *file;
  EXPECT_EQ(ports.value("grpc", 0), port);
  EXPECT_EQ(http::HttpPeer(ports.value("http", 0)).Ask("GET", "/healthz").status, 200);
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0) << daemon.log();
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/port"));
}

TEST_F(ProcessTest, ASecondDaemonOnTheHttpPortRefuses) {
  DaemonProcess first(Flags(Data(), "127.0.0.1:0"));
  ASSERT_GT(first.AwaitPort(), 0) << first.log();
  const auto ports = nlohmann::json::parse(*base::ReadFile(directory_.path() + "/port"));
  const std::string http = absl::StrFormat("127.0.0.1:%d", ports.value("http", 0));
  DaemonProcess second({"--data", Data() + "2", "--listen", "127.0.0.1:0", "--http", http});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_NE(second.log().find(http), std::string::npos) << second.log();
  EXPECT_NE(second.log().find("--http"), std::string::npos) << second.log();
}

TEST_F(ProcessTest, AFolderWithoutADashboardIsRefused) {
  std::vector<std::string> flags = Flags(Data(), "127.0.0.1:0");
  flags.insert(flags.end(), {"--web", directory_.path()});
  DaemonProcess daemon(flags);
  EXPECT_EQ(daemon.Wait(), 1);
  EXPECT_NE(daemon.log().find("index.html"), std::string::npos) << daemon.log();
}

TEST_F(ProcessTest, ASecondDaemonOnTheDirectoryRefuses) {
  DaemonProcess first(Flags(Data(), "127.0.0.1:0"));
  ASSERT_GT(first.AwaitPort(), 0) << first.log();
  DaemonProcess second({"--data", Data(), "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_NE(second.log().find(Data()), std::string::npos) << second.log();
  EXPECT_NE(second.log().find("one daemon at a time"), std::string::npos) << second.log();
}

TEST_F(ProcessTest, ADatabaseOfANewerProgramIsRefusedForWhatItIs) {
  {
    DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
    ASSERT_GT(daemon.AwaitPort(), 0);
  }
  SQLite::Database(Data() + "/parallax.db", SQLite::OPEN_READWRITE, 10'000, store::CheckedVfs(""))
      .exec("UPDATE schema_version SET version = version + 1");
  DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
  EXPECT_EQ(daemon.Wait(), 1);
  EXPECT_NE(daemon.log().find("newer program"), std::string::npos) << daemon.log();
  EXPECT_EQ(daemon.log().find("one daemon at a time"), std::string::npos) << daemon.log();
}

TEST_F(ProcessTest, AStoreThatFailsInAnyCallEndsTheProcess) {
  DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
  const auto stub = Ingest(daemon.AwaitPort());
  Prepare(*stub);
  {
    // As damage to the file would: the daemon finds it when it next looks at the schema.
    SQLite::Database database(Data() + "/parallax.db", SQLite::OPEN_READWRITE, 10'000,
                              store::CheckedVfs(""));
    database.exec("PRAGMA writable_schema = ON");
    database.exec("UPDATE sqlite_schema SET sql = 'CREATE TABLE run(' WHERE name = 'run'");
    database.exec("PRAGMA schema_version = 99999");
  }
  grpc::ClientContext context;
  v1::CloseRunRequest close;
  close.set_name("rigs/board/runs/one");
  v1::CloseRunResponse closed;
  EXPECT_EQ(stub->CloseRun(&context, close, &closed).error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(daemon.Wait(), 1) << daemon.log();
  EXPECT_NE(daemon.log().find("store failed"), std::string::npos) << daemon.log();
  EXPECT_NE(daemon.log().find("restart to recover"), std::string::npos) << daemon.log();
}

TEST_F(ProcessTest, ASecondDaemonOnThePortRefuses) {
  DaemonProcess first(Flags(Data(), "127.0.0.1:0"));
  const int port = first.AwaitPort();
  ASSERT_GT(port, 0) << first.log();
  const std::string listen = absl::StrFormat("127.0.0.1:%d", port);
  DaemonProcess second({"--data", directory_.path() + "/other", "--listen", listen});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_NE(second.log().find("cannot listen on " + listen), std::string::npos) << second.log();
}

TEST_F(ProcessTest, AnAddressThatOthersReachIsRefused) {
  DaemonProcess daemon({"--data", Data(), "--listen", "0.0.0.0:0"});
  EXPECT_EQ(daemon.Wait(), 2);
  EXPECT_NE(daemon.log().find("--insecure"), std::string::npos) << daemon.log();
  EXPECT_FALSE(std::filesystem::exists(Data())) << "it refused before it made anything";
}

TEST_F(ProcessTest, EveryLogLineIsAnObjectAndThoseOfARunNameIt) {
  const std::string name = "rigs/board/runs/one";
  DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
  const auto stub = Ingest(daemon.AwaitPort());
  const std::string hash = Prepare(*stub);
  TestStream stream(*stub);
  stream.Open(HelloRequest(name, "p", 0, hash));
  stream.Send(BoardBatch(0, kRows));
  EXPECT_EQ(stream.AwaitAck(0).seq(), 0u);
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
  v1::CloseRunRequest close;
  close.set_name(name);
  grpc::ClientContext context;
  v1::CloseRunResponse closed;
  EXPECT_TRUE(stub->CloseRun(&context, close, &closed).ok());
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0) << daemon.log();
  std::map<std::string, nlohmann::json> told;
  std::istringstream lines(daemon.log());
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(json.is_object()) << line;
    for (const char* key : {"time", "level", "event"}) EXPECT_TRUE(json.contains(key)) << line;
    told[json.value("event", "")] = json;
  }
  for (const char* event : {"run opened", "stream opened", "stream ended", "run closed"}) {
    ASSERT_EQ(told.count(event), 1u) << event << " in " << daemon.log();
    EXPECT_EQ(told[event]["run"], name) << event;
  }
  EXPECT_EQ(told["stream ended"]["stored"], std::to_string(kSamples));
}

TEST_F(ProcessTest, SigtermAcksWhatWasAccepted) {
  DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
  const auto stub = Ingest(daemon.AwaitPort());
  const std::string hash = Prepare(*stub);
  TestStream stream(*stub);
  stream.Open(HelloRequest("rigs/board/runs/one", "p", 0, hash));
  for (uint64_t seq = 0; seq < 50; ++seq) stream.Send(BoardBatch(seq, kRows));
  const uint64_t acked = stream.AwaitAck(0).seq();
  daemon.Signal(SIGTERM);
  uint64_t last = acked;
  for (v1::StreamResponse response; stream.Read(&response);) last = response.ack().seq();
  EXPECT_TRUE(absl::IsUnavailable(stream.Finish()));
  EXPECT_EQ(daemon.Wait(), 0) << daemon.log();

  DaemonProcess again(Flags(Data(), "127.0.0.1:0"));
  const auto second = Ingest(again.AwaitPort());
  TestStream resumed(*second);
  EXPECT_EQ(resumed.Open(HelloRequest("rigs/board/runs/one", "p", 0, hash)).resume_from_seq(),
            last + 1)
      << "stored and acked are the same after a drain";
}

TEST_F(ProcessTest, KillNineLosesNothingThatWasAckedAndStoresNothingTwice) {
  base::Random random(1, 0);
  uint64_t acked = 0;
  std::string hash;
  for (int round = 0; round < 5; ++round) {
    DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
    const auto stub = Ingest(daemon.AwaitPort());
    hash = Prepare(*stub);
    TestStream stream(*stub);
    const v1::Welcome welcome = stream.Open(HelloRequest("rigs/board/runs/one", "p", 0, hash));
    ASSERT_GE(welcome.resume_from_seq(), acked) << "an acked batch is gone";
    const uint64_t start = welcome.resume_from_seq();
    const uint64_t kill_at = start + random.Below(40);
    std::thread producer([&] {
      for (uint64_t seq = start; seq < start + 60; ++seq) stream.Send(BoardBatch(seq, kRows));
    });
    acked = stream.AwaitAck(kill_at).seq() + 1;
    daemon.Signal(SIGKILL);
    producer.join();
    EXPECT_EQ(daemon.Wait(), -SIGKILL);
  }
  DaemonProcess daemon(Flags(Data(), "127.0.0.1:0"));
  const int port = daemon.AwaitPort();
  const auto stub = Ingest(port);
  TestStream stream(*stub);
  const uint64_t next =
      stream.Open(HelloRequest("rigs/board/runs/one", "p", 0, hash)).resume_from_seq();
  EXPECT_GE(next, acked);
  const auto query = v1::QueryService::NewStub(Channel(port));
  v1::GetRunRequest request;
  request.set_name("rigs/board/runs/one");
  grpc::ClientContext context;
  v1::GetRunResponse run;
  ASSERT_TRUE(query->GetRun(&context, request, &run).ok());
  EXPECT_EQ(run.run().ledger().stored(), next * kSamples) << "each seq exactly once";
}

}  // namespace
}  // namespace parallax::server
